"""From event logs to tables, measures, statistics and figures.

::

    event logs -> tables -> measures, funnel, survival -> statistics -> figures
                         `-> series over time ------------------------'

Works on tables handed to it, simulated or observed; reading and writing files is done elsewhere.
"""
