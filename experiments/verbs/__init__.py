"""Verbs of the command line, one a file; what takes long to import is imported when a verb is called."""
