"""Names of channels, kinds of vendors and measures, as a report says them."""

from __future__ import annotations

from analysis import style
from analysis.measures import DURATIONS, MEASURES

KINDS = {"startup": "start-ups", "sme": "small and medium-sized firms", "large": "large firms"}

#: colours of the kinds
KIND_COLOURS = {"startup": style.BLUE, "sme": style.ORANGE, "large": style.GREEN}


def group(by: str, name: str) -> str:
    """The name of a group (see :mod:`analysis.groups`)."""
    return {"channel": style.CHANNEL_NAMES, "vendor_kind": KINDS}.get(by, {}).get(name, name)


def meaning(measure: str) -> str:
    """What a measure counts."""
    return MEASURES[measure].meaning if measure in MEASURES else DURATIONS[measure].meaning
