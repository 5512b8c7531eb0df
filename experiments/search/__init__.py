"""Many-objective search over levers: which policies no other one beats, and how robust they are.

:mod:`experiments.search.task` reads what is asked, :mod:`experiments.search.loop` asks pymoo for
candidates and tells it what they gave, :mod:`experiments.memo` keeps every run on the disk,
and :mod:`experiments.search.found` turns what was found into tables, charts and scenario files.
"""
