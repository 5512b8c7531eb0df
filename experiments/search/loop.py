"""The search itself: pymoo asks for candidates, runs in all worlds answer.

NSGA-II (Deb and others 2002) goes by rank and crowding, NSGA-III (Deb and Jain 2014) by reference
directions, for more objectives than three. Both see means of runs, which are noisy. So those candidates
that no other one beats get more replications in every generation, up to a limit, and those that are
found have all reached it. Seeds are the same for every candidate, but one that was sampled longer has
met more of them: what the base gave at the same seeds tells how lucky those were, and is taken off.

Nothing of the algorithm is kept on the disk. Its draws follow from its seed and every run is remembered
(:mod:`experiments.memo`), so a search that was interrupted takes the same way again, without
the runs, and then goes on.
"""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from analysis.pareto import dominated, mean
from analysis.tables import Floats
from experiments import runner
from experiments.crew import Engine, Standing
from experiments.design import lhs
from experiments.memo import Memo, computed, kept
from experiments.search.task import Lever, Search, Settings, key
from sim.errors import InputError

if TYPE_CHECKING:
    from experiments.runner import Failure
    from sim.scenario import Scenario

#: the memory in the folder of a search, and what such a folder holds, in a word
MEMO, WHAT = "search.sqlite", "search"
#: everything in this process
_HERE = Engine()
#: is told how many runs are there of how many that there may be
Watch = Callable[[int, int], None]


@dataclass
class Candidate:
    """Settings that were tried, and what came of it.

    Attributes:
        settings: value by lever.
        born: the generation that made it; 0 is the base.
        scenario: the base under the settings.
        values: replications × worlds × objectives.
        failed: whether one of its runs failed; it is then no candidate any longer.
    """

    settings: Settings
    born: int
    scenario: Scenario
    values: Floats
    failed: bool = False

    @property
    def replications(self) -> int:
        """How often it was run in each world."""
        return len(self.values)


@dataclass
class Outcome:
    """What a search came to.

    Attributes:
        base: the base.
        tried: every candidate, in the order in which they were made.
        found: places in ``tried`` of those that no other one beats, best in the first objective first.
        beaten_by_none: how many there are; more than were found where these are a choice of them.
        made: runs that this call computed.
        failures: runs that failed.
        exhausted: whether no further candidate could be made.
    """

    base: Candidate
    tried: list[Candidate] = field(default_factory=list)
    found: list[int] = field(default_factory=list)
    beaten_by_none: int = 0
    made: int = 0
    failures: list[Failure] = field(default_factory=list)
    exhausted: bool = False

    @property
    def runs(self) -> int:
        """Runs that the outcome rests on."""
        return sum(each.values.shape[0] * each.values.shape[1] for each in (self.base, *self.tried))


def search(task: Search, folder: Path, engine: Engine = _HERE, watch: Watch = lambda *_: None) -> Outcome:
    """Look for policies that no other one beats.

    Args:
        task: what is looked for.
        folder: where runs are kept; what is there already is not made again.
        engine: what computes the runs.
        watch: is told how far the search has come after every chunk of runs.

    Raises:
        OutputError: the folder is in use or not ours, or the disk is full. What was computed is kept, and
            the same call goes on.
        InputError: pymoo is not installed, the runs in the folder were made by other code, or no
            candidate has a value of every objective.
    """
    _pymoo()
    with kept(folder, MEMO, WHAT, engine) as (memo, pool):
        return _Searching(task, memo, engine, pool, watch).outcome()


def _pymoo() -> None:
    try:
        import pymoo  # noqa: F401
    except ImportError:
        raise InputError("needs pymoo: pip install 'cityfunnel[insight]'", key="search") from None


# --- the search ----------------------------------------------------------------------------------


class _Run(NamedTuple):
    """A run that is wanted: its digest, its candidate, and the place in the candidate's values."""

    id: str
    candidate: Candidate
    replication: int
    world: int


class _Searching:
    """One call: the task, what is remembered, and what has been tried."""

    def __init__(self, task: Search, memo: Memo, engine: Engine, pool: Standing | None, watch: Watch) -> None:
        from analysis.measures import MEASURES

        self._task, self._memo, self._engine, self._pool, self._watch = task, memo, engine, pool, watch
        self._columns = [list(MEASURES).index(name) for name in task.objectives]
        self._signs = np.where(list(task.objectives.values()), -1.0, 1.0)
        self._done = 0
        self._outcome = Outcome(self._candidate({}, 0))

    def outcome(self) -> Outcome:
        self._sample([(self._outcome.base, self._task.most)])
        if self._outcome.base.failed:
            failure = self._outcome.failures[0]
            raise InputError(f"the base itself fails: {failure.error}", key=self._task.base.name)
        self._generations()
        self._settle()
        return self._outcome

    def _generations(self) -> None:
        algorithm = Selection(self._task, self._costs)
        best: list[Candidate] = []
        for generation in range(1, self._task.generations + 1):
            asked = algorithm.ask()
            if not asked:
                self._outcome.exhausted = True
                return
            fresh = [self._candidate(settings, generation) for settings in asked]
            more, most = self._task.replications, self._task.most
            longer = [(each, min(most, each.replications + more)) for each in best]
            self._sample([*((each, more) for each in fresh), *longer])
            self._outcome.tried += fresh
            algorithm.tell(fresh)
            best = [self._outcome.tried[place] for place in self._elite()]

    def _settle(self) -> None:
        """Sample the best as long as all of them have every replication; others may come up meanwhile."""
        while True:
            elite = self._elite()
            best = [self._outcome.tried[place] for place in elite]
            short = [each for each in best if each.replications < self._task.most]
            if not short:
                self._outcome.found = elite
                return
            self._sample([(each, self._task.most) for each in short])

    def _candidate(self, settings: Settings, born: int) -> Candidate:
        shape = (0, len(self._task.worlds), len(self._task.objectives))
        return Candidate(settings, born, self._task.scenario(settings, "candidate"), np.empty(shape))

    # --- who is best ------------------------------------------------------------------------------

    def _costs(self, candidates: Sequence[Candidate]) -> Floats:
        """Candidates × objectives, smaller is better; infinite where a measure was never defined."""
        base = self._outcome.base.values
        whole = mean(base, axis=(0, 1))
        costs = np.full((len(candidates), len(self._signs)), np.inf)
        for row, each in zip(costs, candidates, strict=True):
            if not each.failed:
                luck = np.nan_to_num(mean(base[: each.replications], axis=(0, 1)) - whole)
                row[:] = (mean(each.values, axis=(0, 1)) - luck) * self._signs
        return np.where(np.isnan(costs), np.inf, costs)

    def _elite(self) -> list[int]:
        """Places of those that no other one beats, at most a population of them; the best one first."""
        costs = self._costs(self._outcome.tried)
        free = np.flatnonzero(~dominated(costs))
        if not len(free):
            raise InputError(self._nothing(costs), key="objectives")
        self._outcome.beaten_by_none = len(free)
        chosen = free if len(free) <= self._task.population else free[_spread(costs[free], self._task)]
        return [int(place) for place in sorted(chosen, key=lambda place: (*costs[place], place))]

    def _nothing(self, costs: Floats) -> str:
        if all(each.failed for each in self._outcome.tried):
            return f"every candidate failed; the first: {self._outcome.failures[0].error}"
        columns = zip(self._task.objectives, np.isinf(costs).T, strict=True)
        names = [name for name, undefined in columns if undefined.all()]
        return f"no candidate has a value of {' and '.join(names) or 'all of them'} in any run"

    # --- runs -------------------------------------------------------------------------------------

    def _sample(self, wanted: Iterable[tuple[Candidate, int]]) -> None:
        """Have candidates run so many times in every world."""
        todo = [run for each, number in wanted if not each.failed for run in self._missing(each, number)]
        known = self._memo.known(run.id for run in todo)
        for run in todo:
            if run.id in known:
                self._take(run, known[run.id])
        self._watch(self._done, self._task.least + self._task.resampling)
        self._make([run for run in todo if run.id not in known])

    def _missing(self, candidate: Candidate, number: int) -> list[_Run]:
        task, had = self._task, candidate.replications
        more = np.full((number - had, *candidate.values.shape[1:]), np.nan)
        candidate.values = np.concatenate([candidate.values, more])
        worlds = [key(world) for world in task.worlds]
        return [
            _Run(self._id(candidate, told, replication), candidate, replication, world)
            for replication in range(had, number)
            for world, told in enumerate(worlds)
        ]

    def _id(self, candidate: Candidate, world: str, replication: int) -> str:
        told = f"{self._task.digest} {key(candidate.settings)} {world} {self._task.seed + replication}"
        return hashlib.blake2b(told.encode(), digest_size=12).hexdigest()

    def _take(self, run: _Run, measures: Floats) -> None:
        run.candidate.values[run.replication, run.world] = measures[self._columns]
        self._done += 1

    def _make(self, todo: Sequence[_Run]) -> None:
        if not todo:
            return
        by_id = {run.id: run for run in todo}
        jobs = [self._job(run) for run in todo]
        for made, batch in computed(self._memo, jobs, self._engine, self._pool):
            for name, measures in made.items():
                self._take(by_id[name], measures)
            for failure in batch.failures:
                by_id[failure.scenario].candidate.failed = True
            self._outcome.failures += batch.failures
            self._outcome.made += batch.done
            self._watch(self._done, self._task.least + self._task.resampling)

    def _job(self, run: _Run) -> runner.Job:
        task = self._task
        return runner.Job(run.candidate.scenario, task.seed + run.replication, task.worlds[run.world], run.id)


def _spread(costs: Floats, task: Search) -> list[int]:
    """Which of these rows, none of which beats another, lie best apart (crowding distance)."""
    from pymoo.core.population import Population
    from pymoo.operators.survival.rank_and_crowding import RankAndCrowding

    rows = Population.new(F=costs / _scale(costs), place=np.arange(len(costs)))
    draws = np.random.default_rng(task.seed)
    kept = RankAndCrowding().do(_problem(task), rows, n_survive=task.population, random_state=draws)
    return [int(row.get("place")) for row in kept]


# --- pymoo ---------------------------------------------------------------------------------------


class Selection:
    """pymoo's algorithm behind two words: ``ask`` for candidates, ``tell`` what they cost.

    Args:
        task: what is looked for.
        costs: gives candidates × objectives, smaller is better, of what is known now.
    """

    def __init__(self, task: Search, costs: Callable[[Sequence[Candidate]], Floats]) -> None:
        self._task, self._judge = task, costs
        self._seen: set[str] = set()
        self._alive: list[Candidate] = []
        self._scale: Floats | None = None
        self._algorithm = _algorithm(task, self._key, self._seen)
        self._asked: Any = None

    def ask(self) -> list[Settings]:
        """Candidates that have not been asked before; none when there are no more."""
        with _quiet():
            self._asked = self._algorithm.ask()
        found = [] if self._asked is None else [self._settings(each.X) for each in self._asked]
        self._seen.update(map(key, found))
        return found

    def tell(self, fresh: Sequence[Candidate]) -> None:
        """Select among the old ones and those that were asked, each by all that is known of it now."""
        old = [] if self._algorithm.pop is None else list(self._algorithm.pop)
        both = [*self._alive, *fresh]
        costs = self._judge(both)
        self._scale = _scale(costs) if self._scale is None else self._scale
        for each, row in zip([*old, *self._asked], _finite(costs) / self._scale, strict=True):
            each.F = row
        for each, candidate in zip(self._asked, fresh, strict=True):
            each.set("candidate", candidate)
        with _quiet():
            self._algorithm.tell(infills=self._asked)
        self._alive = [each.get("candidate") for each in self._algorithm.pop]

    def _settings(self, genes: dict[str, float]) -> Settings:
        return {lever.name: lever.value(genes[lever.name]) for lever in self._task.levers}

    def _key(self, individual: Any) -> str:
        return key(self._settings(individual.X))


def _scale(costs: Floats) -> Floats:
    """Per objective how far apart the finite costs lie; 1 where they do not."""
    known = np.where(np.isfinite(costs), costs, np.nan)
    if np.isnan(known).all(axis=0).any():
        return np.ones(costs.shape[1])
    span = np.nanmax(known, axis=0) - np.nanmin(known, axis=0)
    return np.where(span > 0, span, 1.0)


def _finite(costs: Floats) -> Floats:
    """What is infinite becomes worse than everything else, but not so much that it hides differences."""
    known = np.where(np.isfinite(costs), costs, -np.inf).max(axis=0)
    worst = np.where(np.isfinite(known), known, 0.0)
    return np.where(np.isfinite(costs), costs, worst + _scale(costs))


def _problem(task: Search) -> Any:
    from pymoo.core.problem import Problem

    genes = {lever.name: _variable(lever) for lever in task.levers}
    return Problem(vars=genes, n_obj=len(task.objectives))


def _variable(lever: Lever) -> Any:
    from pymoo.core import variable

    if lever.values:
        return variable.Choice(options=list(range(len(lever.values))))
    if lever.ends:
        return variable.Integer(bounds=lever.ends)
    return variable.Real(bounds=(0.0, 1.0))


def _algorithm(task: Search, name: Callable[[Any], str], seen: set[str]) -> Any:
    from pymoo.algorithms.moo.nsga2 import NSGA2, binary_tournament
    from pymoo.algorithms.moo.nsga3 import NSGA3, comp_by_cv_then_random
    from pymoo.core.mixed import MixedVariableMating
    from pymoo.core.population import Population
    from pymoo.operators.selection.tournament import TournamentSelection

    fresh = _fresh(name, seen)
    compare = binary_tournament if task.method == "nsga2" else comp_by_cv_then_random
    mating = MixedVariableMating(selection=TournamentSelection(func_comp=compare), eliminate_duplicates=fresh)
    first = Population.new(X=np.array(_first(task), dtype=object))
    common = {
        "pop_size": task.population,
        "sampling": first,
        "mating": mating,
        "eliminate_duplicates": fresh,
        "seed": task.seed,
    }
    kind = NSGA2(**common) if task.method == "nsga2" else NSGA3(_directions(task), **common)
    return kind.setup(_problem(task), termination=("n_gen", task.generations + 1))


def _first(task: Search) -> list[dict[str, float | int]]:
    """The genes of the first generation: a Latin hypercube over the levers."""
    cube = lhs(task.population, len(task.levers), task.seed)
    return [
        {lever.name: lever.gene(float(u)) for lever, u in zip(task.levers, row, strict=True)} for row in cube
    ]


def _directions(task: Search) -> Any:
    """As many reference directions (Das and Dennis 1998) as the population has room for."""
    from pymoo.util.ref_dirs import get_reference_directions

    number, found = len(task.objectives), None
    for partitions in range(1, task.population + 1):
        made = get_reference_directions("das-dennis", number, n_partitions=partitions)
        if found is not None and len(made) > task.population:
            return found
        found = made
    return found


def _fresh(name: Callable[[Any], str], seen: set[str]) -> Any:
    """Drops candidates that were tried before, or that are there already."""
    from pymoo.core.duplicate import DuplicateElimination

    class Fresh(DuplicateElimination):  # type: ignore[misc]  # pymoo publishes no types
        def do(self, pop: Any, *others: Any, **_: Any) -> Any:
            known = seen | {name(each) for other in others for each in other}
            new = list[int]()
            for place, each in enumerate(pop):
                if name(each) not in known:
                    new.append(place)
                    known.add(name(each))
            return pop[new]

    return Fresh()


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep the filters of warnings, which pymoo changes of warnings for the whole process, as they are."""
    with warnings.catch_warnings():
        yield
