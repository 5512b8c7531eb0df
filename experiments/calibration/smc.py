"""Approximate Bayesian computation by sequential Monte Carlo (ABC-SMC), with pyabc's algorithm.

pyabc (Schälte, Klinger, Alamoudi and Hasenauer 2022, Journal of Open Source Software 7) follows Toni and
Stumpf (2010, Bioinformatics 26): a generation of particles is drawn from the last one by a Gaussian kernel
and kept where its distance is at most epsilon, which falls from generation to generation.

Parameters are *shares*: the part of the prior that lies below a value. So the prior is uniform on the unit
cube whatever the distributions are.

What is random in a particle follows from the seed, the generation and the particle's number in it, and the
first so many accepted ones in the order of these numbers make up a generation. So the same comes out
however many particles are computed at a time, and whatever had been computed before. pyabc draws from
numpy's global generator; its state is put back.
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from analysis.distances import total
from analysis.tables import Floats
from sim.errors import InputError
from sim.luck import address

if TYPE_CHECKING:
    from pyabc import ABCSMC

#: most and least particles that are asked for at a time
MOST, LEAST = 400, 16
#: the part of particles taken for accepted before any is known
GUESS = 0.5


class Proposal(NamedTuple):
    """A particle that is to be tried.

    Attributes:
        generation: its generation, from 0.
        number: in the generation, from 0.
        shares: one for each parameter, between 0 and 1.
    """

    generation: int
    number: int
    shares: tuple[float, ...]


#: gives proposals × targets: how far what a run shows lies from each target, in standard errors
Ask = Callable[[Sequence[Proposal]], Floats]


class Progress(NamedTuple):
    """How far a generation has come; a generation of -1 looks for the first epsilon."""

    generation: int
    epsilon: float
    accepted: int
    wanted: int
    tried: int


Watch = Callable[[Progress], None]


@dataclass(frozen=True)
class Budget:
    """How long the search goes on.

    Attributes:
        particles: of a generation.
        generations: at most.
        epsilon: at which it ends.
        acceptance: the least part of particles that may be accepted.
        quantile: of the distances of a generation that is the next one's epsilon.
        seed: of all draws.
    """

    particles: int
    generations: int
    epsilon: float = 0.0
    acceptance: float = 0.01
    quantile: float = 0.5
    seed: int = 1


@dataclass(frozen=True)
class Generation:
    """A generation of particles.

    Attributes:
        epsilon: none of them is farther away.
        tried: particles that were tried for it.
        numbers: of the accepted ones.
        shares: accepted × parameters.
        weights: of the accepted ones; their sum is 1.
        distances: of the accepted ones.
    """

    epsilon: float
    tried: int
    numbers: tuple[int, ...]
    shares: Floats
    weights: Floats
    distances: Floats

    @property
    def acceptance(self) -> float:
        """The part that was accepted."""
        return len(self.numbers) / self.tried


def smc(names: Sequence[str], ask: Ask, budget: Budget, watch: Watch = lambda _: None) -> list[Generation]:
    """The generations; the last one is the nearest.

    Args:
        names: of the parameters.
        ask: tries particles.
        budget: how long it goes on.
        watch: is told how far a generation has come after every call of ``ask``.

    Raises:
        InputError: pyabc is not installed.
    """
    _pyabc()
    maker = _Maker(names, ask, budget, watch)
    with _quiet(), _own_draws():
        return list(_generations(_algorithm(maker, budget), maker, budget))


def _pyabc() -> None:
    try:
        with _quiet():
            import pyabc  # noqa: F401
    except ImportError:
        raise InputError("needs pyabc: pip install 'cityfunnel[calibrate]'", key="calibrate") from None


def _generations(algorithm: ABCSMC, maker: _Maker, budget: Budget) -> Iterator[Generation]:
    try:
        first = _begun(algorithm, budget)
        for t in range(first, first + budget.generations):
            told = algorithm.run_generation(t)
            if not told["successful"]:
                return
            yield maker.generation(float(algorithm.eps(t)))
            if algorithm.check_terminate(t, told["acceptance_rate"]):
                return
    finally:
        algorithm.history.done()
        algorithm.history._engine.dispose()  # or the database in memory is left to the garbage collector


def _begun(algorithm: ABCSMC, budget: Budget) -> int:
    """The number of the first generation, once pyabc has looked for the first epsilon."""
    begun: int = algorithm.initialize_components_before_run(
        minimum_epsilon=budget.epsilon,
        max_nr_populations=budget.generations,
        min_acceptance_rate=budget.acceptance,
        max_total_nr_simulations=np.inf,
        max_walltime=None,
        min_eps_diff=0.0,
    )
    return begun


def _algorithm(maker: _Maker, budget: Budget) -> ABCSMC:
    import pyabc

    city, sampler = _parts(maker)
    algorithm = pyabc.ABCSMC(
        models=city,
        parameter_priors=pyabc.Distribution({name: pyabc.RV("uniform", 0, 1) for name in maker.names}),
        distance_function=lambda found, _: found["distance"],
        population_size=budget.particles,
        eps=pyabc.QuantileEpsilon(alpha=budget.quantile),
        sampler=sampler,
    )
    algorithm.new("sqlite://", {"distance": 0.0})
    return algorithm


def _parts(maker: _Maker) -> tuple[Any, Any]:
    """Pyabc's model and its sampler, which leave everything to the maker."""
    import pyabc
    from pyabc.sampler import Sampler

    class City(pyabc.Model):  # type: ignore[misc]  # pyabc publishes no types
        def sample(self, pars: Any) -> dict[str, float]:
            return maker.sample(pars)

    class Numbered(Sampler):  # type: ignore[misc]
        def sample_until_n_accepted(
            self,
            n: int,
            simulate_one: Callable[[], Any],
            t: int,
            *,
            max_eval: float = np.inf,
            all_accepted: bool = False,
            ana_vars: Any = None,
        ) -> Any:
            sample, certain = self._create_empty_sample(), all_accepted or t < 0
            epsilon = np.inf if certain else float(ana_vars.eps(t))
            now = Progress(t, epsilon, 0, n, 0)
            for particle in maker.particles(simulate_one, now, max_eval, 1.0 if certain else None):
                sample.append(particle)
            self.nr_evaluations_ = maker.tried
            sample.ok = len(maker.accepted) == n
            return sample

    return City("city"), Numbered()


class _ProposedError(Exception):
    """Not an error: how a proposal leaves pyabc before it is computed."""

    def __init__(self, shares: tuple[float, ...]) -> None:
        super().__init__()
        self.shares = shares


class _Maker:
    """Makes a generation by asking for many particles at a time.

    pyabc proposes, computes and judges a particle in one call. That is called twice with the same draws:
    the first time it ends where the particle would be computed, the second time that is known.
    """

    def __init__(self, names: Sequence[str], ask: Ask, budget: Budget, watch: Watch) -> None:
        self.names, self._ask, self._budget, self._watch = names, ask, budget, watch
        self._known: float | None = None
        self._rate = GUESS
        self.accepted: list[tuple[int, Any]] = []
        self.tried = 0

    def sample(self, pars: Any) -> dict[str, float]:
        """What pyabc takes for the outcome of a run."""
        if self._known is None:
            raise _ProposedError(tuple(float(pars[name]) for name in self.names))
        return {"distance": self._known}

    def particles(
        self, simulate_one: Callable[[], Any], now: Progress, most: float, rate: float | None
    ) -> Iterator[Any]:
        """Particles in order until enough are accepted."""
        self.accepted, self.tried = [], 0
        self._watch(now)
        while len(self.accepted) < now.wanted and self.tried < most:
            block = self._block(now.wanted - len(self.accepted), rate or self._rate)
            yield from self._tried(simulate_one, max(now.generation, 0), block, now.wanted)
            self._watch(now._replace(accepted=len(self.accepted), tried=self.tried))
        self._rate = max(len(self.accepted), 1) / self.tried

    def _block(self, wanted: int, rate: float) -> int:
        return int(min(MOST, max(LEAST, np.ceil(wanted / rate))))

    def _tried(
        self, simulate_one: Callable[[], Any], generation: int, block: int, wanted: int
    ) -> Iterator[Any]:
        numbers = range(self.tried, self.tried + block)
        proposals = [self._proposal(simulate_one, generation, number) for number in numbers]
        for each, distance in zip(proposals, total(self._ask(proposals)), strict=True):
            if len(self.accepted) == wanted:
                return
            particle = self._particle(simulate_one, each, float(distance))
            self.tried += 1
            if particle.accepted:
                self.accepted.append((each.number, particle))
            yield particle

    def _proposal(self, simulate_one: Callable[[], Any], generation: int, number: int) -> Proposal:
        self._known = None
        _seed(self._budget.seed, generation, number)
        try:
            simulate_one()
        except _ProposedError as proposed:
            return Proposal(generation, number, proposed.shares)
        raise AssertionError("a particle is proposed before it is computed")

    def _particle(self, simulate_one: Callable[[], Any], proposal: Proposal, distance: float) -> Any:
        self._known = distance
        _seed(self._budget.seed, proposal.generation, proposal.number)
        return simulate_one()

    def generation(self, epsilon: float) -> Generation:
        """What was made last."""
        particles = [particle for _, particle in self.accepted]
        weights = np.array([each.weight for each in particles])
        return Generation(
            epsilon=epsilon,
            tried=self.tried,
            numbers=tuple(number for number, _ in self.accepted),
            shares=np.array([[each.parameter[name] for name in self.names] for each in particles]),
            weights=weights / weights.sum(),
            distances=np.array([each.distance for each in particles]),
        )


def _seed(seed: int, generation: int, number: int) -> None:
    drawn = address(address(seed, generation), number)
    np.random.seed([drawn >> 32, drawn & 0xFFFFFFFF])  # noqa: NPY002  # it is the one that pyabc draws from


@contextmanager
def _own_draws() -> Iterator[None]:
    """Give numpy's global generator back as it was, whenever something else may draw from it."""
    state = np.random.get_state()  # noqa: NPY002
    try:
        yield
    finally:
        np.random.set_state(state)  # noqa: NPY002


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep what pyabc says by the way to itself."""
    logs = [logging.getLogger(name) for name in ("ABC", "ABC.History")]
    levels = [log.level for log in logs]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for log in logs:
            log.setLevel(logging.ERROR)
        try:
            yield
        finally:
            for log, level in zip(logs, levels, strict=True):
                log.setLevel(level)
