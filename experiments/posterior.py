"""Scenarios under a posterior: which numbers a draw reaches, and which runs have a draw in common."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import groupby
from typing import TYPE_CHECKING

from experiments.words import period, plural
from sim.posterior import REPLICATES

if TYPE_CHECKING:
    import pandas as pd

    from sim.posterior import Posterior
    from sim.scenario import Scenario


def told(scenario: Scenario) -> Iterator[str]:
    """The posterior of a scenario, and what it does not reach; nothing where there is none."""
    if scenario.posterior is not None:
        yield f"Posterior: {named(scenario.posterior)}: {', '.join(scenario.posterior.paths)}"
        yield from unreached(scenario)


def named(posterior: Posterior) -> str:
    """A posterior in a few words."""
    draws, numbers = plural(len(posterior.rows), "draw"), plural(len(posterior.paths), "parameter")
    return f"{posterior.name}, {draws} of {numbers}"


def unreached(scenario: Scenario) -> Iterator[str]:
    """The parameters of a scenario's posterior that are set elsewhere, so that draws do not reach them."""
    if scenario.posterior is None:
        return
    name = scenario.name
    if mine := [path for path in scenario.posterior.paths if path in scenario.given]:
        yield f"{name} sets {', '.join(mine)} itself, so no draw reaches {_them(mine)}"
    free = [path for path in scenario.posterior.paths if path not in scenario.given]
    for city, own in scenario.cities.items():
        if theirs := [path for path in free if path in own]:
            yield f"{city} in {name} sets {', '.join(theirs)} itself, so no draw reaches {_them(theirs)}"
    yield from _later(scenario, free)


def _later(scenario: Scenario, free: list[str]) -> Iterator[str]:
    first = {path: change.at for change in reversed(scenario.timeline) for path in free if path in change.set}
    dated = sorted((at, path) for path, at in first.items())
    for at, group in groupby(dated, key=lambda pair: pair[0]):
        paths = [path for _, path in group]
        verb = "is drawn" if len(paths) == 1 else "are drawn"
        changes = f"when the timeline of {scenario.name} changes {_them(paths)}"
        yield f"{', '.join(paths)} {verb} until {at}, {changes}"


def _them(paths: list[str]) -> str:
    return "it" if len(paths) == 1 else "them"


# --- runs at draws ------------------------------------------------------------------------------


def under(worlds: Iterable[Scenario], name: str | None) -> list[Scenario]:
    """The scenarios under the posterior of that name, or as they are where there is none.

    Raises:
        ScenarioError: there is no such posterior, or its file is not valid.
    """
    from sim.posterior import posterior

    if name is None:
        return list(worlds)
    sample = posterior(name)
    return [world.under(sample) for world in worlds]


def units(worlds: Sequence[Scenario], seeds: Iterable[int]) -> pd.Series[int] | None:
    """The unit of each seed (the index): seeds with the same draws; ``None`` where nothing is drawn."""
    return units_of([world.posterior for world in worlds], seeds)


def units_of(samples: Sequence[Posterior | None], seeds: Iterable[int]) -> pd.Series[int] | None:
    """As :func:`units`, of the posteriors of scenarios."""
    import pandas as pd

    samples = [sample for sample in samples if sample is not None]
    if not samples:
        return None
    seeds, known = list(seeds), dict[tuple[int, ...], int]()
    places = (tuple(sample.place(seed) for sample in samples if sample) for seed in seeds)
    return pd.Series([known.setdefault(place, len(known)) for place in places], index=seeds)


def whole(worlds: Sequence[Scenario], seeds: range, note: Callable[[str], None]) -> range:
    """The seeds, with those that share a draw with the first or last of them where there are draws.

    Args:
        worlds: the scenarios that are run.
        seeds: that were asked for.
        note: is told of seeds that were added, and of draws that come again.
    """
    samples = {world.posterior.name: world.posterior for world in worlds if world.posterior}
    if not samples:
        return seeds
    first, last = (max(0, seed - 1) // REPLICATES for seed in (seeds[0], seeds[-1]))
    made = range(first * REPLICATES + 1, (last + 1) * REPLICATES + 1)
    if made != seeds:
        told = period(made.start, len(made))
        note(f"a draw belongs to {REPLICATES} successive seeds, so that all of them are run: {told}")
    for name, sample in samples.items():
        if len(made) > REPLICATES * len(sample.rows):
            draws = plural(len(sample.rows), "draw")
            note(f"{name} has {draws}: more than {REPLICATES} runs of each tell more of chance alone")
    return made


def shared(worlds: Sequence[Scenario]) -> Iterator[str]:
    """The posteriors of scenarios, each once, and what they do not reach."""
    yield from dict.fromkeys(line for world in worlds for line in told(world))


def differing(worlds: Sequence[Scenario]) -> Iterator[str]:
    """What makes a comparison unfair of scenarios that do not draw from the same sample."""
    base = worlds[0]
    for other in worlds[1:]:
        if other.posterior != base.posterior:
            names = [each.posterior.name if each.posterior else "no posterior" for each in (base, other)]
            told = f"{base.name} draws from {names[0]}, {other.name} from {names[1]}"
            yield f"{told}: that is in their difference, too"


def predictive(samples: int) -> str:
    """What the ranges of runs are that were made under a posterior."""
    return (
        f"Ranges of runs are posterior predictive: they hold what is not known of the parameters, and chance."
        f" Intervals of means are over {plural(samples, 'draw')}, since runs at one draw are not independent."
    )
