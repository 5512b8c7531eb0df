"""The command line: ``cityfunnel``.

Libraries that take long to import are imported by the verbs that need them.
"""

from __future__ import annotations

import errno
import shlex
import signal
import sys
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from experiments.options import (
    Jobs,
    NoFigures,
    Out,
    Overwrite,
    PosteriorName,
    Runs,
    ScenarioName,
    Seed,
    Settings,
)
from experiments.runner import Keep, WorkersError, cores
from experiments.verbs import (
    calibrate,
    common,
    discover,
    export,
    funnel,
    import_,
    report,
    search,
    sensitivity,
    validate,
    verify,
    workshop,
)
from sim.errors import InputError, ParameterError, nearest

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rich.console import Console

    from experiments.compare import Comparison, Evidence
    from experiments.ledger import Counts, Shard
    from experiments.runner import Failure
    from experiments.study import Study
    from experiments.sweep import Engine, Options, Report
    from sim.parameters import Value
    from sim.scenario import Scenario

WRONG = 2


class _Verbs(TyperGroup):
    """The verbs; whatever the user or the machine got wrong is told in one line."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except InputError as error:
            common.leave(str(error), WRONG)
        except WorkersError as error:
            common.leave(str(error), common.FAILED)
        except KeyboardInterrupt:
            common.leave("interrupted", common.INTERRUPTED)
        except OSError as error:
            if error.errno == errno.EPIPE:
                raise
            problem = error.strerror or str(error)
            common.leave(f"{error.filename}: {problem}" if error.filename else problem, WRONG)


app = typer.Typer(
    cls=_Verbs,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Simulate a city's innovation funnel: from a vendor's idea to a city service.",
    epilog="Begin with: cityfunnel run taipei_stage1 -n 20",
)


def main() -> None:
    """Run the command line."""
    for stream in (sys.stdout, sys.stderr):
        with suppress(AttributeError):
            stream.reconfigure(errors="replace")  # type: ignore[union-attr]
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(common.TERMINATED))
    app(prog_name="cityfunnel")


def _version(wanted: bool) -> None:
    if wanted:
        from experiments import __version__

        typer.echo(f"cityfunnel {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None: ...


# --- verbs --------------------------------------------------------------------------------------


@app.command(epilog="Example: cityfunnel scenarios")
def scenarios() -> None:
    """List the scenarios with the questions they answer."""
    from experiments import show
    from sim.scenario import available, load

    console = show.console()
    console.print(show.scenarios((name, load(name).question) for name in available()))


@app.command(epilog="Example: cityfunnel check my_city.yaml")
def check(
    file: Annotated[
        str, typer.Argument(metavar="FILE", help="A scenario file, or a name.", show_default=False)
    ],
) -> None:
    """Validate a scenario file and show what it changes."""
    from experiments import posterior, results, show
    from sim.scenario import load

    scenario, console = load(file), show.console()
    results.targets(scenario)
    _title(console, scenario)
    console.print(f"Policies: {', '.join(scenario.policies) or 'none'}", markup=False)
    if scenario.elections:
        console.print(f"Elections: {', '.join(map(str, scenario.elections))}")
    if scenario.differences():
        console.print(show.heading("\nNumbers that differ from the defaults"), show.differences(scenario))
    for line in posterior.told(scenario):
        console.print(line, markup=False)
    for city, settings in scenario.cities.items():
        told = ", ".join(f"{path} = {value}" for path, value in settings.items()) or "as above"
        console.print(f"{city}: {told}", markup=False)
    if scenario.timeline:
        console.print(show.heading("\nTimeline"), show.timeline(scenario))
    console.print(f"{scenario.name} is valid.", markup=False)


@app.command(epilog="Example: cityfunnel parameters --group pmo")
def parameters(
    group: Annotated[
        str | None,
        typer.Option(
            "--group", metavar="NAME", help="One group of numbers only, such as pmo.", show_default=False
        ),
    ] = None,
    markdown: Annotated[bool, typer.Option("--markdown", help="As a page in Markdown.")] = False,
) -> None:
    """Show every number of the model: default, range, unit, evidence, source."""
    from experiments import show
    from sim.parameters import rows

    groups = list(dict.fromkeys(row.path.split(".")[0] for row in rows()))
    if group is not None and group not in groups:
        hint = nearest(group, groups) or f"; the groups are {', '.join(groups)}"
        raise ParameterError(f"unknown group '{group}'{hint}", key="--group")
    chosen = [row for row in rows() if group in (None, row.path.split(".")[0])]
    if markdown:
        typer.echo("\n".join(show.markdown(chosen)))
        return
    console = show.console()
    for table in show.parameters(chosen):
        console.print(table)


@app.command(
    epilog="Example: cityfunnel run taipei_stage1 -n 200 --set pmo.staff=30 --out results/bigger_office"
)
def run(
    scenario: ScenarioName,
    runs: Runs = 100,
    seed: Seed = 1,
    settings: Settings = None,
    posterior: PosteriorName = None,
    jobs: Jobs = None,
    out: Out = None,
    no_figures: NoFigures = False,
    overwrite: Overwrite = False,
) -> None:
    """Run a scenario; print its funnel and measures, and write tables and charts."""
    from experiments import posterior as posteriors
    from experiments import results, show, store

    (world,) = posteriors.under([_scenario(scenario, settings)], posterior)
    seeds, observed = common.seeds(seed, runs), results.targets(world)
    target = common.target(out, world.name, overwrite).checked()
    console = show.console()
    _title(console, world, seeds)
    for line in posteriors.told(world):
        console.print(line, markup=False)
    batch = common.made([(world, each) for each in seeds], jobs)
    found = results.of(batch, observed, world)
    about = results.about([world], seeds, batch.failures, common.command())
    with console.status("Writing tables and drawing charts ..."):
        path = store.write(target, partial(results.fill, found=found, about=about, figures=not no_figures))
    console.print(show.funnel(found.funnel))
    if len(found.beside):
        console.print(show.beside(found.beside))
    console.print(show.measures(found.measures))
    if found.units is not None:
        console.print(posteriors.predictive(found.units.nunique()), markup=False)
    console.print(f"Results: {common.near(path)}", markup=False, soft_wrap=True)
    common.tell_failures(batch.failures, runs)


@app.command(epilog="Example: cityfunnel story taipei_stage1 --against taipei_no_pmo_no_poc --seed 1 29")
def story(
    scenario: ScenarioName,
    case: Annotated[
        int | None,
        typer.Argument(
            metavar="[CASE]", help="Number of the case; without it a few are listed.", show_default=False
        ),
    ] = None,
    against: Annotated[
        str | None,
        typer.Option(metavar="SCENARIO", help="Tell the same life in this world too.", show_default=False),
    ] = None,
    need: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Tell the life of a need of the city.", show_default=False),
    ] = None,
    vendor: Annotated[
        str | None, typer.Option(metavar="NAME", help="Tell the life of a vendor.", show_default=False)
    ] = None,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Seed of the run.")] = 1,
    settings: Settings = None,
    posterior: PosteriorName = None,
) -> None:
    """Tell the life of a proposal, need or vendor in dated sentences, in one world or in two."""
    if sum(asked is not None for asked in (case, need, vendor)) > 1:
        raise InputError("give one of CASE, --need and --vendor", key="CASE")
    from experiments.posterior import under

    worlds = [_scenario(name, settings) for name in (scenario, against) if name is not None]
    worlds = under(worlds, posterior)
    _distinct([world.name for world in worlds], key="--against")
    there = [] if against is None else ["--against", against]
    there += [] if posterior is None else ["--posterior", posterior]
    choose = f"Choose one: cityfunnel story {shlex.join([scenario, *there])} --seed {seed} CASE"
    tell = _tell_one if against is None else _tell_both
    tell(worlds, common.seeds(seed, 1)[0], case, need, vendor, choose)


@app.command(
    epilog="Example: cityfunnel compare taipei_stage1 taipei_no_pmo_no_poc -n 80 --out results/office"
)
def compare(
    base: Annotated[
        str, typer.Argument(metavar="BASE", help="The scenario to compare with.", show_default=False)
    ],
    others: Annotated[
        list[str], typer.Argument(metavar="OTHER...", help="The scenarios to compare.", show_default=False)
    ],
    runs: Annotated[
        int | None,
        typer.Option("--runs", "-n", min=2, max=1_000_000, help="Number of runs of each.  [default: 100]"),
    ] = None,
    seed: Seed = 1,
    settings: Settings = None,
    posterior: PosteriorName = None,
    until: Annotated[
        float | None,
        typer.Option(
            "--until",
            metavar="HALF_WIDTH",
            help="Add runs until the difference in MEASURE is known to ± this.",
            show_default=False,
        ),
    ] = None,
    measure: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="The measure that --until is about.", show_default=False),
    ] = None,
    most: Annotated[
        int, typer.Option("--max-runs", min=2, max=1_000_000, help="Most runs of each with --until.")
    ] = 2000,
    jobs: Jobs = None,
    out: Out = None,
    no_figures: NoFigures = False,
    overwrite: Overwrite = False,
) -> None:
    """Compare scenarios at the same seeds: differences in pairs, with 95% intervals."""
    from experiments import compare as pairs
    from experiments import posterior as posteriors
    from experiments import results, show, store

    worlds = posteriors.under([_scenario(name, settings) for name in (base, *others)], posterior)
    names, wanted = _distinct([world.name for world in worlds]), _wanted(runs, until, measure)
    seeds = posteriors.whole(worlds, common.seeds(seed, most if wanted else runs or 100), common.note)
    target = None if out is None else common.target(out, names[0], overwrite).checked()
    console = show.console()
    for warning in pairs.warnings(worlds):
        common.note(warning)
    for line in posteriors.shared(worlds):
        console.print(line, markup=False)
    pool = _Pool(worlds, seeds, jobs)
    found = _settled(console, pool, *wanted) if wanted else _compared(pool, pool.evidence(0, len(seeds)))
    _tell_comparisons(console, found)
    if target is not None:
        about = results.about(worlds, seeds[: pool.done], pool.failures, common.command())
        fill = partial(
            results.fill_comparison,
            evidence=pool.gathered.evidence(),
            found=found,
            about=about,
            figures=not no_figures,
        )
        with console.status("Writing tables and drawing charts ..."):
            path = store.write(target, fill)
        console.print(f"Results: {common.near(path)}", markup=False, soft_wrap=True)
    common.tell_failures(pool.failures, len(worlds) * pool.done)


@app.command(epilog="Example: cityfunnel sweep intake_and_staff --dry-run")
def sweep(
    study: Annotated[
        str, typer.Argument(metavar="STUDY", help="A study file, or a name.", show_default=False)
    ],
    out: Out = None,
    settings: Settings = None,
    posterior: PosteriorName = None,
    jobs: Jobs = None,
    keep: Annotated[
        Keep | None,
        typer.Option(
            "--keep",
            help="Outcomes alone (the default), or every case and event as well.",
            show_default=False,
        ),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say how many runs, and how long they will take.")
    ] = False,
    retry: Annotated[bool, typer.Option("--retry", help="Try runs again that failed before.")] = False,
    accept: Annotated[
        bool, typer.Option("--accept-code", help="Go on with results that other code of the model began.")
    ] = False,
    shard: Annotated[
        str | None,
        typer.Option(
            "--shard",
            metavar="K/N",
            help="Make the K-th of N parts; 'array' takes both from a Slurm job array.",
            show_default=False,
        ),
    ] = None,
    scheduler: Annotated[
        str | None,
        typer.Option("--scheduler", metavar="ADDRESS", help="Run on a Dask cluster.", show_default=False),
    ] = None,
    job: Annotated[
        str | None,
        typer.Option(
            "--job", metavar="ID", help="Make one run again and show it; write nothing.", show_default=False
        ),
    ] = None,
) -> None:
    """Run a study: levers over uncertainties. The same command resumes it, and extends it."""
    from experiments import ledger, show
    from experiments.study import load_study
    from experiments.sweep import Options

    asked = load_study(study, dict(_setting(text) for text in settings or ()), posterior)
    folder, part = out or Path("results") / asked.name, ledger.shard(shard)
    console = show.console()
    for line in show.study(asked):
        console.print(line)
    for note in asked.notes:
        common.note(note)
    if job is not None:
        _repeat(console, asked, job)
    elif dry_run:
        _foresee(console, asked, folder, keep, jobs or cores())
    else:
        options = Options(keep, part, retry, accept, _repeating(study, settings, posterior))
        _tell_sweep(console, asked, _swept(asked, folder, options, jobs, scheduler), part)


@app.command(epilog="Example: cityfunnel findings -n 60 --out results/findings")
def findings(
    runs: Annotated[
        int, typer.Option("--runs", "-n", min=2, max=1_000_000, help="Number of runs of each scenario.")
    ] = 60,
    seed: Seed = 1,
    jobs: Jobs = None,
    out: Annotated[
        Path, typer.Option("--out", "-o", metavar="DIR", help="Folder of the page and its charts.")
    ] = Path("docs"),
    only: Annotated[
        str | None,
        typer.Option("--only", metavar="NAME", help="One question alone, such as pmo.", show_default=False),
    ] = None,
) -> None:
    """Answer questions of cities by runs in pairs: a page with numbers, and a chart for each."""
    from experiments import findings as asked
    from experiments import show

    chosen, seeds = asked.questions(only), common.seeds(seed, runs)
    worlds = asked.worlds(chosen)
    found, failures = common.gathered(worlds, seeds, jobs)
    console = show.console()
    for question in chosen:
        console.print(show.heading(question.title))
        for line in asked.sentences(question, found):
            console.print(f"- {line}", markup=False)
    with console.status("Drawing charts ..."):
        path = asked.write(out, chosen, found, seeds)
    console.print(f"Page: {path}", markup=False, soft_wrap=True)
    common.tell_failures(failures, len(worlds) * runs)


# --- verbs in files of their own ----------------------------------------------------------------

app.command(epilog=calibrate.EPILOG)(calibrate.calibrate)
app.command(epilog=export.EPILOG)(export.export)
app.command(epilog=funnel.EPILOG)(funnel.funnel)
app.command("import", epilog=import_.EPILOG)(import_.import_)
app.command(epilog=report.EPILOG)(report.report)
app.command(epilog=search.EPILOG)(search.search)
app.command(epilog=sensitivity.EPILOG)(sensitivity.sensitivity)
app.command(epilog=discover.EPILOG)(discover.discover)
app.command(epilog=validate.EPILOG)(validate.validate)
app.command(epilog=verify.EPILOG)(verify.verify)
app.command(epilog=workshop.EPILOG)(workshop.workshop)


# --- parts of verbs -----------------------------------------------------------------------------


def _tell_one(
    worlds: Sequence[Scenario], seed: int, case: int | None, need: str | None, vendor: str | None, choose: str
) -> None:
    import sim
    from experiments import lives, show
    from experiments.story import choice, lines, tell

    console, world = show.console(), worlds[0]
    log, where = sim.run(world, seed), f"({world.name}, seed {seed})"
    if vendor is not None:
        steps = lives.vendor(log, vendor)
        console.print(show.heading(f"{vendor} {where}\n"), show.lines(lines(log, steps)))
        console.print("\n".join(("", *lives.balance(log, vendor))), markup=False)
    elif need is not None:
        steps = lives.need(log, need)
        console.print(show.heading(f"{need} {where}\n"), show.lines(lines(log, steps)))
    elif case is not None:
        told = tell(log, case)
        console.print(show.heading(f"Case {case} {where}: {told.title}\n"), *show.story(told), sep="\n")
    else:
        number = f"{len(log.cases)} cases, one for each kind of end"
        console.print(show.heading(f"{world.name}, seed {seed}: {number}"))
        console.print(show.sketches(choice(log)))
        console.print(choose, markup=False, soft_wrap=True)


def _tell_both(
    worlds: Sequence[Scenario], seed: int, case: int | None, need: str | None, vendor: str | None, choose: str
) -> None:
    import sim
    from experiments import counterfactual, show
    from experiments.compare import warnings

    for warning in warnings(worlds):
        common.note(warning)
    one, other = (sim.run(world, seed) for world in worlds)
    console, names = show.console(), (worlds[0].name, worlds[1].name)
    where = f"({names[0]} and {names[1]}, seed {seed})"
    if vendor is not None or need is not None:
        parted = counterfactual.need if vendor is None else counterfactual.vendor
        parts = show.parting(parted(one, other, vendor or need or ""), names)
        console.print(show.heading(f"{vendor or need} {where}\n"))
    elif case is not None:
        pair = counterfactual.case(one, other, case)
        parts = show.pair(pair, names)
        there = "" if pair.number in (None, case) else f", there {pair.number}"
        console.print(show.heading(f"Case {case}{there} {where}: {pair.one.title}\n"))
    else:
        parts = iter([*show.fates(counterfactual.fates(one, other), names), show.plain(choose)])
        console.print(show.heading(f"Whose fates differ most {where}"))
    for part in parts:
        console.print(part)


def _scenario(name: str, settings: Sequence[str] | None) -> Scenario:
    from sim.scenario import load

    scenario = load(name)
    for text in settings or ():
        path, value = _setting(text)
        try:
            scenario = scenario.with_(path, value)
        except ParameterError as error:
            raise ParameterError(error.problem, key=f"--set {text}") from None
        for change in scenario.timeline:
            if path in change.set:
                common.note(
                    f"--set {text} holds until {change.at}, when the timeline of {scenario.name} changes it"
                )
    return scenario


def _setting(text: str) -> tuple[str, Value]:
    path, equals, value = text.partition("=")
    if not (path.strip() and equals and value.strip()):
        raise ParameterError("must be PATH=VALUE, such as pmo.staff=30", key=f"--set {text}")
    return path.strip(), _scalar(value, text)


def _scalar(value: str, text: str) -> Value:
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    try:
        found = YAML(typ="safe", pure=True).load(value)
    except (YAMLError, ValueError):
        found = None
    if not isinstance(found, bool | int | float | str):
        raise ParameterError(f"'{value}' is no number, word, true or false", key=f"--set {text}")
    return found


def _distinct(names: list[str], key: str = "OTHER") -> list[str]:
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise InputError(f"'{twice}' is given twice; scenarios to compare need names of their own", key=key)
    return names


class _Pool:
    """Runs of some scenarios at the same seeds, to which more can be added."""

    def __init__(self, worlds: Sequence[Scenario], seeds: range, jobs: int | None) -> None:
        from experiments.compare import Gathered
        from experiments.posterior import units

        self.names = [world.name for world in worlds]
        self.gathered = Gathered()
        self.failures: tuple[Failure, ...] = ()
        self.done = 0
        self._worlds, self.seeds, self._jobs = worlds, seeds, jobs
        self.units = units(worlds, seeds)

    def evidence(self, first: int, last: int) -> Evidence:
        """All runs so far, once those at the seeds from one place to another are added."""
        todo = [(world, seed) for seed in self.seeds[first:last] for world in self._worlds]
        self.failures += common.made(todo, self._jobs, take=self.gathered.take).failures
        self.done = last
        return self.gathered.evidence()


def _wanted(runs: int | None, until: float | None, measure: str | None) -> tuple[str, float] | None:
    """The measure that is to be known, and how well."""
    from experiments.compare import checked

    if until is None:
        if measure is not None:
            raise InputError("goes with --until, which says how well it is to be known", key="--measure")
        return None
    if runs is not None:
        raise InputError("cannot go with --until; give the most runs with --max-runs", key="--runs")
    return checked(measure, until), until


def _compared(pool: _Pool, evidence: Evidence) -> list[Comparison]:
    from experiments.compare import compare

    try:
        return compare(evidence, pool.names, units=pool.units)
    except ValueError:
        common.leave(
            f"no seed succeeded in all scenarios; the first: {common.told(pool.failures[0])}", common.FAILED
        )


def _settled(console: Console, pool: _Pool, measure: str, half: float) -> list[Comparison]:
    """Add pairs until the measure is known well enough, telling of each look."""
    from experiments.compare import DRAW, PAIR, lasting, looked, settled, until

    unit = PAIR if pool.units is None else DRAW
    for look in until(pool.evidence, pool.names, measure, half, len(pool.seeds), pool.units):
        console.print(looked(look, half, unit), markup=False)
    found = settled(_compared(pool, pool.gathered.evidence()), look)
    for comparison in found:
        console.print(lasting(comparison, comparison.of(measure)), markup=False)
    return found


def _tell_comparisons(console: Console, found: Sequence[Comparison]) -> None:
    from experiments import compare as pairs
    from experiments import show

    for comparison in found:
        console.print(show.comparison(comparison))
        clear = [pairs.sentence(comparison, each) for each in comparison.differences if each.clear]
        for line in show.bullets([*clear, *pairs.unclear(comparison), *pairs.gain(comparison)]):
            console.print(line)
        if any(effect.parameters >= 0 for effect in comparison.effects):
            console.print(show.over_posterior(comparison))
            for line in show.bullets(list(pairs.over(comparison))):
                console.print(line)
        elif comparison.effects:
            console.print("What is parameters and what is chance takes two draws or more to tell.")
    console.print()
    for note in pairs.notes(found):
        console.print(note, markup=False)


def _title(console: Console, scenario: Scenario, seeds: range | None = None) -> None:
    from experiments import show
    from experiments.words import period

    runs = (
        ""
        if seeds is None
        else f" · {len(seeds)} run{'s' if len(seeds) > 1 else ''} ({period(seeds[0], len(seeds))})"
    )
    console.print(show.heading(f"{scenario.name} · {scenario.start} to {scenario.end}{runs}"))
    console.print(scenario.question, markup=False)


# --- sweeps -------------------------------------------------------------------------------------


def _repeating(study: str, settings: Sequence[str] | None, posterior: str | None) -> str:
    """The command that goes on with a sweep, but for where its results lie."""
    words = [word for text in settings or () for word in ("--set", text)]
    words += [] if posterior is None else ["--posterior", posterior]
    return f"cityfunnel sweep {shlex.join([study, *words])}"


def _repeat(console: Console, study: Study, job: str) -> None:
    """One run of a study again, in this process."""
    from experiments import show
    from experiments import sweep as sweeps

    one = sweeps.job(study, job)
    batch = sweeps.alone(one)
    console.print(show.point(one))
    if batch.outcomes is None:
        sys.stderr.write(batch.failures[0].trace)
        common.leave(f"the run failed: {batch.failures[0].error}", common.FAILED)
    for name in study.outcomes:
        console.print(f"{name}: {batch.outcomes[name].iloc[0]:g}", markup=False)


def _foresee(console: Console, study: Study, folder: Path, keep: Keep | None, workers: int) -> None:
    from experiments import show
    from experiments import sweep as sweeps

    found = sweeps.estimate(study, folder, keep or "outcomes")
    for line in show.estimate(study, found, workers):
        console.print(line, markup=False)


def _swept(study: Study, folder: Path, options: Options, jobs: int | None, scheduler: str | None) -> Report:
    from experiments import progress
    from experiments import sweep as sweeps

    seen: list[Counts] = []

    def kept() -> str:
        return "".join(f"; {each.done + each.failed:,} of {each.all:,} runs are kept" for each in seen)

    with common.interruptible(kept), _engine(study, jobs, scheduler) as engine, progress.bar() as show:

        def watch(counts: Counts) -> None:
            seen[:] = [counts]
            show(counts.done + counts.failed, counts.all)

        return sweeps.sweep(study, folder, engine, options, watch)


@contextmanager
def _engine(study: Study, jobs: int | None, scheduler: str | None) -> Iterator[Engine]:
    from experiments import executors, runner
    from experiments.sweep import Engine

    if scheduler is not None:
        with executors.dask(scheduler) as engine:
            yield engine
        return
    workers = jobs or min(cores(), study.size)
    if workers == 1:
        runner.load()
    yield Engine(workers)


def _tell_parts(console: Console, study: Study, folder: Path) -> None:
    """What part of what runs over a posterior show is parameters, and what part chance."""
    from experiments import draws, show

    if study.posterior is None:
        return
    if study.replications < 2 or study.points < 2:
        console.print("What is parameters and what is chance takes 2 points and 2 replications to tell.")
        return
    console.print(show.parts(draws.parts(folder, study)))
    for comparison in draws.comparisons(folder, study):
        console.print(show.over_posterior(comparison))


def _tell_sweep(console: Console, study: Study, report: Report, shard: Shard) -> None:
    from experiments import show
    from experiments import sweep as sweeps

    for note in report.notes:
        common.note(note)
    if report.tables:
        console.print(show.outcomes(sweeps.summary(report.folder, study)))
        _tell_parts(console, study, report.folder)
        console.print(f"Results: {common.near(report.folder)}", markup=False, soft_wrap=True)
    if shard.shards > 1:
        joins = "when all are, the same command without --shard joins them"
        console.print(f"Shard {shard.number} of {shard.shards} is made; {joins}.", markup=False)
    if report.counts.failed:
        shown = "".join(
            f"\n  {each.scenario}, seed {each.seed}: {each.error}\n    {each.command}"
            for each in report.failed
        )
        rest = report.counts.failed - len(report.failed)
        more = f"\n  and {rest:,} more (see ledger.sqlite)" if rest else ""
        said = f"{report.counts.failed:,} of {report.counts.all:,} runs failed and are left out"
        sys.stderr.write(f"cityfunnel: {said}:{shown}{more}\n  --retry tries them again\n")
        raise typer.Exit(common.FAILED)
