"""cityfunnel: an agent-based model of smart-city innovation ecosystems.

``log = sim.run("taipei_2016_2021", seed=1)`` gives the record of one run;
``sim.load("taipei_2016_2021").with_("pmo.staff", 30)`` a changed scenario.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sim.events import Event, EventLog
    from sim.model import Ecosystem, run
    from sim.scenario import Scenario, available, load

__all__ = ["Ecosystem", "Event", "EventLog", "Scenario", "available", "load", "run"]

_HOMES = {
    "Ecosystem": "sim.model",
    "Event": "sim.events",
    "EventLog": "sim.events",
    "Scenario": "sim.scenario",
    "available": "sim.scenario",
    "load": "sim.scenario",
    "run": "sim.model",
}


def __getattr__(name: str) -> Any:
    # found when asked for, so that reading a scenario does not wait for the model's libraries
    if name not in _HOMES:
        raise AttributeError(f"module 'sim' has no attribute {name!r}")
    import importlib

    return getattr(importlib.import_module(_HOMES[name]), name)
