"""Days as people write them."""

from __future__ import annotations

import re
from datetime import date

#: order of the parts -> an example; a year of four digits in front is read in any of them
ORDERS = {"ymd": "2019-12-31", "dmy": "31.12.2019", "mdy": "12/31/2019", "roc": "108/12/31"}

#: no register of such cases is older
EARLIEST = date(1980, 1, 1)

_TIME = r"(?:[T\s]+\d{1,2}:\d{2}[\d:.,]*\s*(?:Z|[+-]\d{2}:?\d{2})?)?$"
_MARK = r"\s*[-/.]\s*"
_YEAR_FIRST = re.compile(rf"(\d{{4}}){_MARK}(\d{{1,2}}){_MARK}(\d{{1,2}}){_TIME}")
_IN_A_ROW = re.compile(rf"(\d{{4}})(\d{{2}})(\d{{2}}){_TIME}")
_YEAR_LAST = re.compile(rf"(\d{{1,2}}){_MARK}(\d{{1,2}}){_MARK}(\d{{4}}){_TIME}")
_ROC = re.compile(rf"(\d{{2,3}}){_MARK}(\d{{1,2}}){_MARK}(\d{{1,2}}){_TIME}")

#: the year before the first of the Republic of China's calendar
_BEFORE_ROC = 1911


def day(text: str, order: str = "ymd") -> date | None:
    """The day that ``text`` is, ``None`` where it is none; a time of day behind it is left out.

    Args:
        text: such as 2019-12-31, 2019/12/31, 20191231, 2019-12-31T10:00:00Z.
        order: a key of ``ORDERS``: how days are written whose year does not stand in front.
    """
    if found := _YEAR_FIRST.match(text) or _IN_A_ROW.match(text):
        parts = (int(found[1]), int(found[2]), int(found[3]))
    elif order == "roc" and (found := _ROC.match(text)):
        parts = (int(found[1]) + _BEFORE_ROC, int(found[2]), int(found[3]))
    elif order in ("dmy", "mdy") and (found := _YEAR_LAST.match(text)):
        first, second, year = int(found[1]), int(found[2]), int(found[3])
        parts = (year, second, first) if order == "dmy" else (year, first, second)
    else:
        return None
    try:
        return date(*parts)
    except ValueError:
        return None


def hint(text: str, order: str) -> str:
    """What may help where a day cannot be read: the order in which it can be."""
    able = [other for other in ORDERS if other != order and day(text, other)]
    return f"; it can be with --dates {' or '.join(able)}" if able else f"; write it as {ORDERS[order]}"
