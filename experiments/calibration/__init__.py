"""Calibration: which numbers of the model bring out what was observed.

``task`` reads what is asked, ``cities`` makes runs and remembers them, ``smc`` is pyabc's algorithm
behind one function, ``loop`` joins them, ``diagnosis`` tries the whole on cities whose numbers are known,
and ``found`` writes what came of it.
"""
