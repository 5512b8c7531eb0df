"""Event logs of many runs as three tables, and what the moves in them say about each case.

Simulated and observed histories have the same form, so every number of the project is computed
by the same functions from these tables.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property
from itertools import chain
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from numpy.typing import NDArray

from sim.errors import ModelError
from sim.events import CaseRecord, Event, EventLog
from sim.stages import Stage

if TYPE_CHECKING:
    import pandas as pd

Floats = NDArray[np.float64]
Rows = NDArray[np.intp]
Mask = NDArray[np.bool_]

#: the two columns that say to which run a row belongs
RUN = ["scenario", "seed"]

STAGES = [stage.value for stage in Stage]

#: channels of cases that follow another one, their parent: a rival that won the parent's tender and
#: begins at the contract, and an imitator in the market that the parent opened
FOLLOWERS = ("tender", "market")

_MILLISECONDS = 86_400_000


@dataclass(frozen=True)
class Tables:
    """Many runs side by side; the first columns of each table are ``scenario`` and ``seed``.

    Attributes:
        runs: one row a run: scenario, seed, start (date), days (length of what was seen).
        cases: one row a case: the fields of :class:`sim.events.CaseRecord`.
        events: one row an event, in order of time within a run: time (days from the start), date,
            and the other fields of :class:`sim.events.Event`.
    """

    runs: pd.DataFrame
    cases: pd.DataFrame
    events: pd.DataFrame

    @cached_property
    def run_of_case(self) -> Rows:
        """The row in ``runs`` of each case."""
        return _run_of(self.runs, self.cases)

    @cached_property
    def run_of_event(self) -> Rows:
        """The row in ``runs`` of each event."""
        return _run_of(self.runs, self.events)

    @cached_property
    def case_of_event(self) -> Rows:
        """The row in ``cases`` of each event, -1 where the event is about no case."""
        return _rows_of(self, self.run_of_event, self.events["case"])

    @cached_property
    def head(self) -> Rows:
        """The row in ``cases`` of the POC case to which each case belongs: a follower's is its parent's."""
        own = np.arange(len(self.cases))
        parent = _rows_of(self, self.run_of_case, self.cases["parent"])
        return np.where(is_(self.cases["channel"], *FOLLOWERS) & (parent >= 0), parent, own)

    @cached_property
    def channel(self) -> pd.Series[Any]:
        """The channel of each case's head: who follows counts in the channel of the POC that it followed."""
        return self.cases["channel"].iloc[self.head].reset_index(drop=True)

    @cached_property
    def reached(self) -> pd.DataFrame:
        """Time in days at which each case first entered each stage, NaN where it never did."""
        import pandas as pd

        moves, times = self._moves, np.full((len(self.cases), len(STAGES)), np.inf)
        column = pd.Index(STAGES).get_indexer(pd.Index(self.events["target"].iloc[moves]))
        when = self.events["time"].to_numpy()[moves]
        np.minimum.at(times, (self.case_of_event[moves], column), when)
        times[np.isinf(times)] = np.nan
        return pd.DataFrame(times, columns=pd.Index(STAGES))

    @cached_property
    def reached_by_any(self) -> pd.DataFrame:
        """As ``reached``, from the need's point of view: what a case's followers reached counts for it."""
        import pandas as pd

        times = self.reached.to_numpy(copy=True)
        following = np.flatnonzero(self.head != np.arange(len(self.cases)))
        np.fmin.at(times, self.head[following], times[following])
        return pd.DataFrame(times, columns=pd.Index(STAGES))

    @cached_property
    def last(self) -> pd.DataFrame:
        """The last move of each case: origin, target, reason (missing where there is none)."""
        move = np.full(len(self.cases), -1)
        move[self.case_of_event[self._moves]] = self._moves  # of several moves the last one stays
        return self.events[["origin", "target", "reason"]].reindex(move).reset_index(drop=True)

    @cached_property
    def _moves(self) -> Rows:
        """The rows of the moves in ``events``."""
        return np.flatnonzero(is_(self.events["kind"], "move") & (self.case_of_event >= 0))


def tables(logs: Iterable[EventLog]) -> Tables:
    """The tables of some runs, in the order given; no log is needed any more when the next one is asked for.

    Raises:
        ModelError: two logs have the same scenario and seed, so their rows could not be told apart.
    """
    import pandas as pd

    heads, case_rows, event_rows = list[EventLog](), _Rows(CaseRecord), _Rows(Event)
    for log in logs:
        heads.append(replace(log, events=[], cases=[]))
        case_rows.add(log.cases)
        event_rows.add(log.events)
    runs = pd.DataFrame(
        {
            "scenario": pd.Categorical([head.scenario for head in heads]),
            "seed": np.array([head.seed for head in heads], dtype=np.int64),
            "start": np.array([head.start for head in heads], dtype="datetime64[ms]"),
            "days": np.array([head.days for head in heads], dtype=float),
        }
    )
    events = event_rows.frame(runs)
    run = np.repeat(np.arange(len(heads)), event_rows.lengths)
    events.insert(3, "date", dates(runs["start"].to_numpy()[run], events["time"].to_numpy()))
    return _checked(Tables(runs, case_rows.frame(runs), events))


def concat(parts: Sequence[Tables]) -> Tables:
    """The runs of several tables in one.

    Raises:
        ModelError: a run is in more than one part.
    """
    names = ("runs", "cases", "events")
    return _checked(Tables(*(_stacked([getattr(part, name) for part in parts]) for name in names)))


def until(tables: Tables, when: float | date) -> Tables:
    """The same runs as seen on an earlier day: a number of days from the start, or a date.

    What happened later, and cases not yet submitted, are left out. A case's own fields stay as
    they are known at the end.
    """
    runs = tables.runs.assign(days=_cut(tables.runs, when))
    days = runs["days"].to_numpy()
    events = tables.events[tables.events["time"].to_numpy() <= days[tables.run_of_event]]
    known = tables.reached.min(axis=1).to_numpy() <= days[tables.run_of_case]
    return Tables(runs, tables.cases[known].reset_index(drop=True), events.reset_index(drop=True))


def of_channel(tables: Tables, channel: str) -> Tables:
    """The same runs with the cases of one channel alone (and the rivals and imitators that followed)."""
    kept = is_(tables.channel, channel)
    about = tables.case_of_event
    events = tables.events[(about >= 0) & kept[about]]
    return Tables(tables.runs, tables.cases[kept].reset_index(drop=True), events.reset_index(drop=True))


def of_scenario(tables: Tables, scenario: str) -> Tables:
    """The runs of one scenario alone."""
    parts = (part[is_(part["scenario"], scenario)] for part in (tables.runs, tables.cases, tables.events))
    return Tables(*(part.reset_index(drop=True) for part in parts))


def dates(start: NDArray[Any], time: Floats) -> NDArray[np.datetime64]:
    """Instants (datetime64[ms]) that lie ``time`` days after ``start``."""
    instants = start.astype("datetime64[ms]") + (time * _MILLISECONDS).astype("timedelta64[ms]")
    return np.asarray(instants)


def is_(column: pd.Series[Any], *words: str) -> Mask:
    """Where a column of words holds one of ``words``; False where it is missing."""
    codes, known = coded(column)
    chosen = np.zeros(len(codes), dtype=bool)
    for word in words:
        if word in known:
            chosen |= codes == known.get_loc(word)
    return chosen


def coded(column: pd.Series[Any]) -> tuple[NDArray[Any], pd.Index[Any]]:
    """The words of a column as numbers, -1 where missing, and the words that these stand for."""
    words = cast("pd.Categorical", column.astype("category").array)
    return words.codes, words.categories


class _Rows:
    """Records of many runs, one below the other."""

    def __init__(self, record: Any) -> None:
        self._record, self._cells = record, list[Any]()
        self.lengths = list[int]()

    def add(self, records: Sequence[tuple[Any, ...]]) -> None:
        """Take in the cells alone: so many tuples would be a burden to the garbage collector."""
        self._cells.extend(chain.from_iterable(records))
        self.lengths.append(len(records))

    def frame(self, runs: pd.DataFrame) -> pd.DataFrame:
        import pandas as pd

        fields = self._record.__annotations__
        columns = {name: runs[name].repeat(self.lengths).reset_index(drop=True) for name in RUN}
        for place, (name, hint) in enumerate(fields.items()):
            cells = self._cells[place :: len(fields)]
            columns[name] = _column(cells, str(getattr(hint, "__forward_arg__", hint)))
        return pd.DataFrame(columns)


def _column(cells: list[Any], hint: str) -> Any:
    """Words become categories, so that each is kept once; whole numbers may be missing."""
    import pandas as pd
    import pyarrow as pa

    if hint.startswith("float"):
        return pa.array(cells, pa.float64()).to_numpy(zero_copy_only=False)
    if hint.startswith("int"):
        return pa.array(cells, pa.int32()).to_pandas(types_mapper={pa.int32(): pd.Int32Dtype()}.get)
    codes, words = pd.factorize(np.fromiter(cells, object, len(cells)))
    kind = pd.CategoricalDtype(pd.Index(words, dtype="str"))
    return pd.Categorical.from_codes(codes, dtype=kind, validate=False)


def _stacked(frames: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """One below the other; columns of words stay categories although each part has its own."""
    import pandas as pd
    from pandas.api.types import union_categoricals

    words = [name for name, kind in frames[0].dtypes.items() if isinstance(kind, pd.CategoricalDtype)]
    stacked = pd.concat([frame.drop(columns=words) for frame in frames], ignore_index=True)
    for name in words:
        stacked[name] = union_categoricals([frame[name].astype("category") for frame in frames])
    return stacked[list(frames[0].columns)]


def _checked(tables: Tables) -> Tables:
    twice = tables.runs[tables.runs.duplicated(RUN)]
    if len(twice):
        scenario, seed = twice.iloc[0][RUN]
        raise ModelError(f"scenario {scenario} with seed {seed} was given twice")
    return tables


def _cut(runs: pd.DataFrame, when: float | date) -> Floats:
    days = runs["days"].to_numpy(dtype=float)
    if isinstance(when, date):
        start = runs["start"].to_numpy().astype("datetime64[D]")
        return np.asarray(np.clip((np.datetime64(when, "D") - start).astype(float), 0.0, days))
    return np.asarray(np.minimum(days, when))


def _run_of(runs: pd.DataFrame, table: pd.DataFrame) -> Rows:
    """The rows of a run lie together, so only the first row of each block is looked up."""
    scenario, seed = table["scenario"].astype("category").cat.codes.to_numpy(), table["seed"].to_numpy()
    new = np.ones(len(table), dtype=bool)
    new[1:] = (scenario[1:] != scenario[:-1]) | (seed[1:] != seed[:-1])
    places = {run: place for place, run in enumerate(_labels(runs))}
    heads = np.array([places.get(run, -1) for run in _labels(table.loc[new, RUN])], dtype=np.intp)
    return cast(Rows, heads[np.cumsum(new) - 1])


def _labels(runs: pd.DataFrame) -> Iterator[tuple[str, int]]:
    return zip(runs["scenario"].astype(str), runs["seed"].tolist(), strict=True)


def _rows_of(tables: Tables, run: Rows, case: pd.Series[Any]) -> Rows:
    """The row in ``cases`` of case numbers, -1 where missing."""
    import pandas as pd

    known = tables.cases["case"].to_numpy(dtype=np.int64)
    width = int(known.max(initial=0)) + 1
    number = case.to_numpy(dtype=np.int64, na_value=width)
    index = pd.Index(tables.run_of_case * width + known)
    address = np.where((number < 0) | (number >= width), -1, run * width + number)
    return cast(Rows, index.get_indexer(pd.Index(address)))
