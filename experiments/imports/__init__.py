"""What a city observed, brought into the project's own form.

::

    a CSV of cases     -> sheet.py ─┐
    an OCDS package    -> ocds.py ──┴-> Sheet -> records.py -> history.py -> Tables, as of simulated runs
                                          problems, row by row: quality.py      -> targets.py, results.py

Nothing is dropped without being told: every row has a line in ``rows.csv``, every cell that was set aside
one in ``quality.csv``.
"""
