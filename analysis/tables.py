"""Event logs of many runs as three tables, and what the moves in them say about each case.

Simulated and observed histories have the same form, so every number of the project is computed
by the same functions from these tables.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
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
        column = pd.Index(STAGES).get_indexer(pd.Index(moves["target"]))
        np.minimum.at(times, (self.case_of_event[moves.index], column), moves["time"].to_numpy())
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
        moves = self._moves
        last = moves[["origin", "target", "reason"]].set_axis(self.case_of_event[moves.index])
        return last[~last.index.duplicated(keep="last")].reindex(np.arange(len(self.cases)))

    @property
    def _moves(self) -> pd.DataFrame:
        known = is_(self.events["kind"], "move") & (self.case_of_event >= 0)
        return self.events[known]


def tables(logs: Iterable[EventLog]) -> Tables:
    """The tables of some runs, in the order given.

    Raises:
        ModelError: two logs have the same scenario and seed, so their rows could not be told apart.
    """
    import pandas as pd

    logs = list(logs)
    runs = pd.DataFrame(
        {
            "scenario": pd.Categorical([log.scenario for log in logs]),
            "seed": np.array([log.seed for log in logs], dtype=np.int64),
            "start": np.array([log.start for log in logs], dtype="datetime64[ms]"),
            "days": np.array([log.days for log in logs], dtype=float),
        }
    )
    events = _long(runs, [log.events for log in logs], Event)
    run = np.repeat(np.arange(len(logs)), [len(log.events) for log in logs])
    events.insert(3, "date", dates(runs["start"].to_numpy()[run], events["time"].to_numpy()))
    return _checked(Tables(runs, _long(runs, [log.cases for log in logs], CaseRecord), events))


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
    found = column == words[0] if len(words) == 1 else column.isin(words)
    return cast(Mask, found.to_numpy(dtype=bool, na_value=False))


def _long(runs: pd.DataFrame, records: Sequence[Sequence[tuple[Any, ...]]], record: Any) -> pd.DataFrame:
    import pandas as pd

    lengths = [len(rows) for rows in records]
    cells = chain.from_iterable(chain.from_iterable(records))
    flat = np.fromiter(cells, object, sum(lengths) * len(record._fields)).reshape(-1, len(record._fields))
    columns = {name: runs[name].repeat(lengths).reset_index(drop=True) for name in RUN}
    for place, (name, hint) in enumerate(record.__annotations__.items()):
        columns[name] = _column(flat[:, place], str(getattr(hint, "__forward_arg__", hint)))
    return pd.DataFrame(columns)


def _column(cells: NDArray[np.object_], hint: str) -> Any:
    """Words become categories, so that each is kept once; whole numbers may be missing."""
    import pandas as pd
    import pyarrow as pa

    if hint.startswith("float"):
        return cells.astype(float)
    if hint.startswith("int"):
        return pa.array(cells, pa.int32()).to_pandas(types_mapper={pa.int32(): pd.Int32Dtype()}.get)
    return pa.array(cells, pa.string()).dictionary_encode().to_pandas()


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
    import pandas as pd

    if len(runs) == 1:
        return np.zeros(len(table), dtype=np.intp)
    scenario, seed = table["scenario"].astype("category").cat.codes.to_numpy(), table["seed"].to_numpy()
    new = np.ones(len(table), dtype=bool)
    new[1:] = (scenario[1:] != scenario[:-1]) | (seed[1:] != seed[:-1])
    heads = table.loc[new, RUN].astype({"scenario": str})
    index = pd.MultiIndex.from_frame(runs[RUN].astype({"scenario": str}))
    return cast(Rows, index.get_indexer(pd.MultiIndex.from_frame(heads))[np.cumsum(new) - 1])


def _rows_of(tables: Tables, run: Rows, case: pd.Series[Any]) -> Rows:
    """The row in ``cases`` of case numbers, -1 where missing."""
    import pandas as pd

    known = tables.cases["case"].to_numpy(dtype=np.int64)
    width = int(known.max(initial=0)) + 1
    number = case.to_numpy(dtype=np.int64, na_value=width)
    index = pd.Index(tables.run_of_case * width + known)
    address = np.where((number < 0) | (number >= width), -1, run * width + number)
    return cast(Rows, index.get_indexer(pd.Index(address)))
