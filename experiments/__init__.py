"""Which runs to make and where their results lie; home of the command line."""

__version__ = "0.1.0"
