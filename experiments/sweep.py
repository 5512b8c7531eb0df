"""A study from its file to its tables, in a run store that outlives everything.

The store's folder::

    manifest.json     what was asked, by what code, how far it has come
    outcomes.parquet  one row a run: lever, point, seed, measures
    runs.parquet, cases.parquet, events.parquet   with ``keep="everything"``
    columns.csv       what each column means
    ledger.sqlite     every job: pending, done, or failed with its error and the command that repeats it
    parts/            what the tables are made from, and what was computed so far
    shards/           the same of each shard, until the whole takes it in

What a run gave is first brought to the disk as a part and then written into the ledger. A process
that ends between the two leaves a part that nobody knows; the next one takes it in. So a study
goes on by the same call, whatever stopped it, and nothing is lost or there twice.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import BrokenExecutor, Executor
from contextlib import closing
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from experiments import ledger as ledgers
from experiments import lock, parts, provenance, runner, store
from experiments.columns import described, policies
from experiments.ledger import WHOLE, Counts, Failed, Ledger, Shard
from experiments.study import Job, Study
from sim.errors import InputError, OutputError

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

    from experiments.ledger import Known
    from experiments.runner import Batch, Keep, Simulate, Workers
    from sim.parameters import Value

#: form of the store's own files
FORMAT = 1
#: most seconds, and most runs by what is kept, that wait to be written
SECONDS, RUNS = 2.0, {"outcomes": 2_000, "everything": 200}
#: times that parts are found damaged before that is told as an error
DAMAGES = 3

SHARDS = "shards"
#: what shows that a folder is the store of a study; while it is made there may be the lock alone
_OURS = {ledgers.NAME, parts.FOLDER, SHARDS}


@dataclass(frozen=True)
class Engine:
    """What computes the runs.

    Attributes:
        workers: how many runs are made at a time, or a function that tells it.
        pool: makes the executor; processes on this machine unless given.
        deaths: what a future of it raises when a worker died.
        chunk: runs in a chunk; by time unless given.
        simulate: makes one run; the model itself unless given.
    """

    workers: int | Workers = 1
    pool: Callable[[], Executor] | None = None
    deaths: tuple[type[BaseException], ...] = (BrokenExecutor,)
    chunk: int | None = None
    simulate: Simulate | None = None


@dataclass(frozen=True)
class Options:
    """How a study is made.

    Attributes:
        keep: ``everything``, or ``outcomes`` alone; as the store has it, else outcomes, unless given.
        shard: the part of the jobs that this process makes.
        retry: try again what failed before.
        accept: go on with a store that other code began.
        command: what repeats the study, for the manifest and for single jobs.
    """

    keep: Keep | None = None
    shard: Shard = WHOLE
    retry: bool = False
    accept: bool = False
    command: str = ""


@dataclass
class Report:
    """What became of a study, or of a shard of it.

    Attributes:
        folder: of the store.
        counts: its jobs by state.
        made: jobs that this call computed.
        tables: rows and digests of its tables; empty for a shard, and where no run succeeded.
        failed: the first jobs that failed.
        notes: what happened on the way that is worth a line.
    """

    folder: Path
    counts: Counts
    made: int = 0
    tables: dict[str, Any] = field(default_factory=dict)
    failed: list[Failed] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


Watch = Callable[[Counts], None]


def sweep(
    study: Study,
    folder: Path,
    engine: Engine = Engine(),
    options: Options = Options(),
    watch: Watch = lambda _: None,
) -> Report:
    """Make all runs of a study that its store does not hold yet, then its tables.

    Args:
        study: what is asked.
        folder: of the store: new, empty, or one that this study or a smaller one began.
        engine: what computes the runs.
        options: how it is done.
        watch: is told how far the study has come after every chunk.

    Raises:
        OutputError: the folder is in use or not ours, the disk is full or not to be written to. What
            was computed before is kept, and the same call goes on.
        StoreError: the store is damaged.
        InputError: the store belongs to another study, or to other code.
    """
    folder = folder.expanduser().resolve()
    _refuse_what_is_not_ours(folder)
    place = folder if options.shard.shards == 1 else folder / SHARDS / "{}-of-{}".format(*options.shard)
    with parts.writing(folder):
        place.mkdir(parents=True, exist_ok=True)
        with lock.locked(place), Ledger.open(place) as ledger:
            return _Sweep(study, place, ledger, engine, options, watch).made()


def _refuse_what_is_not_ours(folder: Path) -> None:
    if folder.exists() and not folder.is_dir():
        raise OutputError("is a file, not a folder; choose another --out", file=str(folder))
    with parts.writing(folder):
        names = {path.name for path in folder.iterdir()} if folder.is_dir() else set()
    if names - {lock.NAME} and not names & _OURS:
        what = "results of other runs" if store.MANIFEST in names else "no run store of a study"
        raise OutputError(f"is not empty and holds {what}; choose another --out", file=str(folder))


class _Sweep:
    """One call: the study, its open store, and what is to be done."""

    def __init__(
        self, study: Study, folder: Path, ledger: Ledger, engine: Engine, options: Options, watch: Watch
    ) -> None:
        self.study, self.folder, self.ledger = study, folder, ledger
        self.engine, self.options, self.watch = engine, options, watch
        self.shard, self.code = options.shard, provenance.code_of_outcomes()
        self.fingerprint = ""
        self.report = Report(folder, ledger.counts(options.shard))

    def made(self) -> Report:
        self._take_in_study()
        self._take_in_parts(self.folder, "")
        if self.shard.shards == 1:
            self._take_in_shards()
        if self.options.retry:
            self.ledger.retry()
        before = _manifest(self.folder)
        self._write_manifest(before.get("tables", {}))
        self._make_runs()
        if self.shard.shards == 1:
            self._make_tables(before)
        self._write_manifest(self.report.tables)
        self.report.counts = self.ledger.counts(self.shard)
        self.report.failed = self.ledger.failed(5)
        return self.report

    # --- what is there ---------------------------------------------------------------------------

    def _take_in_study(self) -> None:
        about = self.ledger.about()
        self._check_code(about)
        self.keep = self._kept(about)
        names, signature = [lever.name for lever in self.study.levers], hashlib.sha256()
        now = {
            "format": str(FORMAT),
            "study": json.dumps(self.study.specification()),
            "code": self.code,
            "version": provenance.versions()["cityfunnel"],
            "keep": self.keep,
        }
        lost, known = self.ledger.sync(_signed(self.study.jobs(), signature), names, self.shard, now)
        if lost:
            raise InputError(_unlike(about, self.study, lost, known), file=str(self.folder))
        self.fingerprint = provenance.digest([signature.hexdigest(), self.code])

    def _check_code(self, about: Mapping[str, str]) -> None:
        if about and about.get("format") != str(FORMAT):
            problem = f"is a run store of format {about.get('format')}; this version reads format {FORMAT}"
            raise store.StoreError(problem, file=str(self.folder))
        if about and about["code"] != self.code:
            before, now = about["version"], provenance.versions()["cityfunnel"]
            versions = "" if before == now else f" (cityfunnel {before}, this is {now})"
            if not self.options.accept:
                problem = (
                    f"was made by other code of the model or its measures{versions}: choose another --out,"
                    " or go on with runs of both by --accept-code"
                )
                raise InputError(problem, file=str(self.folder))
            self.report.notes.append(f"some of the runs were made by other code{versions}")

    def _kept(self, about: Mapping[str, str]) -> Keep:
        before, wanted = about.get("keep"), self.options.keep
        if before and wanted and before != wanted:
            problem = f"was begun with --keep {before}; go on with that, or choose another --out"
            raise InputError(problem, file=str(self.folder))
        return "everything" if "everything" in (before, wanted) else "outcomes"

    def _take_in_parts(self, folder: Path, prefix: str) -> None:
        """Parts that are not in the ledger: their process ended before it could say so."""
        known = {place for place, _ in self.ledger.parts().values()}
        for name in parts.found(folder):
            if f"{prefix}{name}" not in known:
                self._take_in_part(folder / name, f"{prefix}{name}")

    def _take_in_part(self, path: Path, name: str) -> None:
        try:
            part = parts.look(path)
        except parts.DamagedError as error:
            self.report.notes.append(f"{error}; its runs are made again")
            return
        if part.code != self.code and not self.options.accept:
            self.report.notes.append(f"{path}: was made by other code and is left out")
        elif set(part.tables) >= set(self._tables()):
            self.ledger.record((name, part.sha256), part.jobs)

    def _take_in_shards(self) -> None:
        for shard in sorted((self.folder / SHARDS).glob("*-of-*")):
            if (shard / ledgers.NAME).exists():
                with lock.locked(shard), Ledger.open(shard) as ledger:
                    self._take_in_parts(shard, f"{SHARDS}/{shard.name}/")
                    self.ledger.record(None, (), ledger.failures())

    # --- runs ------------------------------------------------------------------------------------

    def _make_runs(self) -> None:
        counts = self.ledger.counts(self.shard)
        self.watch(counts)
        if not counts.pending:
            return
        recorder = _Recorder(self)
        jobs = _with_settings(self.study, self.ledger.pending(self.shard))
        todo = (self._run(job, settings) for job, settings in jobs)
        how = self.engine
        batches = runner.batches(
            todo,
            total=counts.pending,
            workers=how.workers,
            chunk=how.chunk,
            keep=self.keep,
            simulate=how.simulate,
            pool=how.pool,
            deaths=how.deaths,
        )
        try:
            with closing(batches):  # type: ignore[type-var]
                for batch in batches:
                    recorder.add(batch)
                    counts = _after(counts, batch)
                    self.watch(counts)
        except OutputError:
            raise
        except BaseException:
            recorder.flush()
            self.watch(self.ledger.counts(self.shard))
            raise
        recorder.flush()

    def _run(self, job: Job, settings: Mapping[str, Value]) -> runner.Job:
        return runner.Job(self.study.levers[job.lever], job.seed, settings, job.id)

    # --- tables ----------------------------------------------------------------------------------

    def _tables(self) -> tuple[str, ...]:
        return tuple(parts.GROUP) if self.keep == "everything" else ("outcomes",)

    def _make_tables(self, before: Mapping[str, Any]) -> None:
        if not self.report.made and before.get("fingerprint") == self.fingerprint and self._intact(before):
            self.report.tables = before["tables"]
            return
        for _ in range(DAMAGES):
            try:
                found = {name: self._make_table(name) for name in self._tables()}
            except parts.DamagedError as error:
                again = self.ledger.forget(error.number)
                self.report.notes.append(f"{error}; {again} runs were made again")
                self._make_runs()
            else:
                self.report.tables = {name: told for name, told in found.items() if told}
                self._write_columns()
                return
        raise store.StoreError("parts are damaged again and again; is the disk sound?", file=str(self.folder))

    def _intact(self, manifest: Mapping[str, Any]) -> bool:
        counts = self.ledger.counts()
        complete = manifest["runs"] == {"done": counts.done, "failed": counts.failed, "pending": 0}
        if not complete or (counts.done and set(manifest["tables"]) != set(self._tables())):
            return False
        files = {self.folder / f"{name}.parquet": told for name, told in manifest["tables"].items()}
        return all(file.is_file() and store.digest(file) == told["sha256"] for file, told in files.items())

    def _make_table(self, name: str) -> dict[str, Any] | None:
        known = _with_settings(self.study, self.ledger.known())
        rows = (_Row(job, settings) for job, settings in known)
        return parts.joined(self.folder, name, self.ledger.parts(), rows, self._head)

    def _head(self, name: str, rows: Sequence[_Row]) -> pa.Table:
        import pyarrow as pa

        jobs = [row.known for row in rows]
        own = {
            key: [getattr(job, key) for job in jobs] for key in ("scenario", "seed", "point", "replication")
        }
        if name != "outcomes":
            return pa.table({key: own[key] for key in ("scenario", "seed", "point")})
        levers = [job.lever for job in jobs]
        forces = {
            f"policy.{policy}": [of[lever] for lever in levers]
            for policy, of in policies(self.study.levers).items()
        }
        points = {path: [self._value(row, path) for row in rows] for path in self.study.paths}
        order = ("point", "replication", "seed")
        return pa.table({"scenario": own["scenario"], **forces, **points, **{key: own[key] for key in order}})

    def _value(self, row: _Row, path: str) -> Value:
        return row.settings.get(path, self.study.levers[row.known.lever].parameters.at(path))

    # --- what it says of itself -------------------------------------------------------------------

    def _write_manifest(self, tables: Mapping[str, Any]) -> None:
        counts = self.ledger.counts(self.shard)
        content = {
            "command": self.options.command,
            "created": _manifest(self.folder).get("created", provenance.today()),
            "changed": provenance.today(),
            "fingerprint": self.fingerprint,
            "code": self.code,
            "commit": provenance.commit(),
            "versions": provenance.versions(),
            "keep": self.keep,
            "shard": None if self.shard.shards == 1 else list(self.shard),
            "runs": {"done": counts.done, "failed": counts.failed, "pending": counts.pending},
            "study": self.study.specification(),
            "tables": dict(tables),
        }
        parts.put(self.folder / store.MANIFEST, store.manifest(content))

    def _write_columns(self) -> None:
        parts.put(self.folder / "columns.csv", described(self.study, self._tables()).encode())


@dataclass(frozen=True, slots=True)
class _Row:
    """A job that is done, with the settings of its point."""

    known: Known
    settings: Mapping[str, Value]


class _Recorder:
    """Collects batches until they are worth a part; then writes the part, then the ledger."""

    def __init__(self, sweep: _Sweep) -> None:
        self._sweep, self._last = sweep, time.monotonic()
        self._waiting: list[Batch] = []

    def add(self, batch: Batch) -> None:
        if batch.code not in ("", self._sweep.code):
            raise InputError(
                "the code of the model changed on the way, or a worker has another one than this process"
            )
        self._waiting.append(batch)
        runs = sum(waiting.done for waiting in self._waiting)
        if runs >= RUNS[self._sweep.keep] or time.monotonic() - self._last >= SECONDS:
            self.flush()

    def flush(self) -> None:
        batches, self._waiting = self._waiting, []
        if batches:
            self._write(runner.joined(batches))
        self._last = time.monotonic()

    def _write(self, whole: Batch) -> None:
        sweep, part, jobs = self._sweep, None, list[str]()
        if whole.outcomes is not None:
            part, jobs = parts.write(sweep.folder, _frames(whole), sweep.code)
        command = sweep.options.command or f"cityfunnel sweep {sweep.study.name}"
        failed = (
            (failure.scenario, failure.error, failure.trace, f"{command} --job {failure.scenario}")
            for failure in whole.failures
        )
        sweep.ledger.record(part, jobs, failed)
        sweep.report.made += whole.done


def _frames(whole: Batch) -> dict[str, pd.DataFrame]:
    """The tables of a part: runs go by the ids of their jobs."""
    frames = {"outcomes": whole.outcomes}
    if whole.tables is not None:
        frames |= {"runs": whole.tables.runs, "cases": whole.tables.cases, "events": whole.tables.events}
    return {
        name: frame.rename(columns={"scenario": parts.JOB}).drop(columns="seed")
        for name, frame in frames.items()
        if frame is not None
    }


def _signed(jobs: Iterable[Job], signature: Any) -> Iterator[Job]:
    for job in jobs:
        signature.update(job.id.encode())
        yield job


def _with_settings(study: Study, jobs: Iterable[Any]) -> Iterator[tuple[Any, Mapping[str, Value]]]:
    """Jobs in the study's order, each with the settings of its point."""
    lever, number, points = -1, 0, study.at()
    settings: Mapping[str, Value] = {}
    for job in jobs:
        if job.lever != lever:
            lever, number, points = job.lever, 0, study.settings(job.lever)
        while number < job.point:
            settings, number = next(points), number + 1
        yield job, settings


def _after(counts: Counts, batch: Batch) -> Counts:
    failed = len(batch.failures)
    return Counts(counts.pending - batch.done, counts.done + batch.done - failed, counts.failed + failed)


def _manifest(folder: Path) -> dict[str, Any]:
    try:
        found = json.loads((folder / store.MANIFEST).read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _unlike(about: Mapping[str, str], study: Study, lost: int, known: int) -> str:
    """Why a study is no extension of the one in a store."""
    before, now = json.loads(about["study"]), json.loads(json.dumps(study.specification()))
    keys = [key for key in now if key not in ("name", "question", "outcomes") and before.get(key) != now[key]]
    changed = f" (different: {', '.join(keys)})" if keys else ""
    lhs = "lhs" in (before["design"]["kind"], now["design"]["kind"])
    more = "twice as many points" if lhs else "more points"
    return (
        f"holds another study{changed}: {lost:,} of its {known:,} runs are not in this one. A study is"
        f" extended by more replications, {more} or another lever; choose another --out for this one"
    )


# --- one run, and all of them in short -------------------------------------------------------------


def job(study: Study, id: str) -> runner.Job:  # noqa: A002  # the word that the ledger has
    """The run of a study that has this id.

    Raises:
        InputError: it has none.
    """
    for found, settings in _with_settings(study, study.jobs()):
        if found.id == id:
            return runner.Job(study.levers[found.lever], found.seed, settings)
    raise InputError(f"'{study.name}' has no run '{id}'; has the file changed since?", key="--job")


def alone(job: runner.Job) -> Batch:
    """One run, made in this process."""
    return runner.joined(runner.batches([job], keep="outcomes"))


def summary(folder: Path, study: Study) -> pd.DataFrame:
    """The outcomes of a study's levers over all its runs.

    Returns:
        One row an outcome and lever: measure, scenario, then as :func:`analysis.statistics.described`.
    """
    import pandas as pd

    from analysis.statistics import described

    columns = []
    for name in study.outcomes:  # one after the other, so that a large study does not fill the memory
        table = pd.read_parquet(folder / "outcomes.parquet", columns=["scenario", name])
        columns.append(described(table.rename(columns={name: "value"}), ["scenario"]).assign(measure=name))
    return pd.concat(columns, ignore_index=True)


# --- before it begins -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a study will take.

    Attributes:
        known: runs that the store has already.
        seconds: that one run takes on this machine.
        bytes: that one run takes on the disk.
    """

    known: int
    seconds: float
    bytes: float


#: runs that are timed for an estimate, and bytes of a number in a table and of a job in the ledger
SAMPLE, NUMBER, ENTRY = 6, 8, 300


def estimate(study: Study, folder: Path, keep: Keep, simulate: Simulate | None = None) -> Estimate:
    """Time a few runs of a study; nothing is written."""
    known = 0
    if (folder / ledgers.NAME).is_file():
        with Ledger.open(folder) as ledger:
            counts = ledger.counts()
            known = counts.done + counts.failed
    jobs = list(sample(study, SAMPLE))
    list(runner.batches(jobs[:1], simulate=simulate))  # the first one takes longer
    batch = runner.joined(runner.batches(jobs, chunk=SAMPLE, keep=keep, simulate=simulate))
    each = _row(study) if batch.tables is None else _bytes(study, batch) / len(jobs)
    return Estimate(known, batch.seconds / len(jobs), each)


def sample(study: Study, number: int) -> Iterator[runner.Job]:
    """Some runs from all over a study."""
    for index in range(number):
        point = index * (study.points - 1) // max(number - 1, 1)
        lever = index % len(study.levers)
        settings = next(islice(study.settings(lever), point, None))
        yield runner.Job(study.levers[lever], study.seed, settings, f"sample {index}")


def _row(study: Study) -> float:
    from analysis.measures import MEASURES

    return 2 * NUMBER * (len(MEASURES) + len(study.paths) + 4) + ENTRY


def _bytes(study: Study, batch: Batch) -> float:
    import pyarrow as pa
    import pyarrow.parquet as pq

    assert batch.tables is not None
    size = 0
    for frame in (batch.tables.cases, batch.tables.events):
        sink = pa.BufferOutputStream()
        pq.write_table(store.stable(frame), sink, compression=store.COMPRESSION)
        size += sink.getvalue().size
    return 2 * size + batch.done * _row(study)
