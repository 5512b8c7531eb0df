"""Scenario files that come with the project, read through :func:`sim.scenario.load`."""
