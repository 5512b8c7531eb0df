"""The command line: ``cityfunnel``.

Libraries that take long to import are imported by the verbs that need them.
"""

from __future__ import annotations

import errno
import shlex
import signal
import sys
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer
from typer.core import TyperGroup

from sim.errors import InputError, ParameterError, nearest

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console

    from experiments.compare import Comparison
    from experiments.runner import Batch, Failure, Job, Keep
    from experiments.store import Target
    from sim.parameters import Value
    from sim.scenario import Scenario

WRONG, FAILED, INTERRUPTED, TERMINATED = 2, 1, 130, 143

#: seeds are kept as 64-bit integers
LAST_SEED = 2**63 - 1


class _Verbs(TyperGroup):
    """The verbs; whatever the user or the machine got wrong is told in one line."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except InputError as error:
            _leave(str(error), WRONG)
        except KeyboardInterrupt:
            _leave("interrupted", INTERRUPTED)
        except OSError as error:
            if error.errno == errno.EPIPE:
                raise
            problem = error.strerror or str(error)
            _leave(f"{error.filename}: {problem}" if error.filename else problem, WRONG)


def _leave(message: str, code: int) -> NoReturn:
    sys.stderr.write(f"cityfunnel: {' '.join(message.split())}\n")
    raise typer.Exit(code)


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
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(TERMINATED))
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


# --- what several verbs take --------------------------------------------------------------------

ScenarioName = Annotated[
    str, typer.Argument(metavar="SCENARIO", help="A scenario's name, or a file.", show_default=False)
]
Runs = Annotated[int, typer.Option("--runs", "-n", min=1, max=1_000_000, help="Number of runs.")]
Seed = Annotated[int, typer.Option("--seed", min=0, help="Seed of the first run; the next ones follow.")]
Settings = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="PATH=VALUE",
        help="Set a number, as in pmo.staff=30; may be repeated.",
        show_default=False,
    ),
]
Jobs = Annotated[
    int | None,
    typer.Option(
        "--jobs",
        "-j",
        min=1,
        max=1024,
        help="Runs at a time; as many as there are cores by default.",
        show_default=False,
    ),
]
Out = Annotated[
    Path | None,
    typer.Option("--out", "-o", metavar="DIR", help="Folder for the results.", show_default=False),
]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace the results that are in the folder.")]


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
    from experiments import results, show
    from sim.scenario import load

    scenario, console = load(file), show.console()
    results.targets(scenario)
    _title(console, scenario)
    console.print(f"Policies: {', '.join(scenario.policies) or 'none'}", markup=False)
    if scenario.elections:
        console.print(f"Elections: {', '.join(map(str, scenario.elections))}")
    if scenario.differences():
        console.print(show.heading("\nNumbers that differ from the defaults"), show.differences(scenario))
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
    jobs: Jobs = None,
    out: Out = None,
    no_figures: Annotated[bool, typer.Option("--no-figures", help="Draw no charts.")] = False,
    overwrite: Overwrite = False,
) -> None:
    """Run a scenario; print its funnel and measures, and write tables and charts."""
    from experiments import results, show, store

    world = _scenario(scenario, settings)
    seeds, observed = _seeds(seed, runs), results.targets(world)
    target = _target(out, world.name, overwrite).checked()
    console = show.console()
    _title(console, world, seeds)
    batch = _made([(world, each) for each in seeds], jobs)
    found = results.of(batch, observed, world)
    about = results.about([world], seeds, batch.failures, _command())
    with console.status("Writing tables and drawing charts ..."):
        path = store.write(target, partial(results.fill, found=found, about=about, figures=not no_figures))
    console.print(show.funnel(found.funnel))
    if len(found.beside):
        console.print(show.beside(found.beside))
    console.print(show.measures(found.measures))
    console.print(f"Results: {_near(path)}", markup=False, soft_wrap=True)
    _tell_failures(batch.failures, runs)


@app.command(epilog="Example: cityfunnel story taipei_2016_2021 --seed 1 29")
def story(
    scenario: ScenarioName,
    case: Annotated[
        int | None,
        typer.Argument(
            metavar="[CASE]", help="Number of the case; without it a few are listed.", show_default=False
        ),
    ] = None,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Seed of the run.")] = 1,
    settings: Settings = None,
) -> None:
    """Tell the life of one proposal in dated sentences."""
    import sim
    from experiments import show
    from experiments.story import choice, tell

    world, console = _scenario(scenario, settings), show.console()
    log = sim.run(world, _seeds(seed, 1)[0])
    if case is None:
        console.print(
            show.heading(f"{world.name}, seed {seed}: {len(log.cases)} cases, one for each kind of end")
        )
        console.print(show.sketches(choice(log)))
        console.print(
            f"Choose one: cityfunnel story {scenario} --seed {seed} CASE", markup=False, soft_wrap=True
        )
        return
    told = tell(log, case)
    console.print(show.heading(f"Case {case} ({world.name}, seed {seed}): {told.title}\n"))
    for part in show.story(told):
        console.print(part)


@app.command(epilog="Example: cityfunnel compare taipei_stage1 taipei_stage2_problem_led -n 80")
def compare(
    base: Annotated[
        str, typer.Argument(metavar="BASE", help="The scenario to compare with.", show_default=False)
    ],
    others: Annotated[
        list[str], typer.Argument(metavar="OTHER...", help="The scenarios to compare.", show_default=False)
    ],
    runs: Annotated[
        int, typer.Option("--runs", "-n", min=2, max=1_000_000, help="Number of runs of each.")
    ] = 100,
    seed: Seed = 1,
    settings: Settings = None,
    jobs: Jobs = None,
    out: Out = None,
    overwrite: Overwrite = False,
) -> None:
    """Compare scenarios at the same seeds: differences in pairs, with 95% intervals."""
    from experiments import compare as pairs
    from experiments import results, show, store

    worlds = [_scenario(name, settings) for name in (base, *others)]
    names = _distinct([world.name for world in worlds])
    seeds = _seeds(seed, runs)
    target = None if out is None else _target(out, names[0], overwrite).checked()
    console, warn = show.console(), show.console(stderr=True)
    for warning in pairs.warnings(worlds):
        warn.print(f"cityfunnel: note: {warning}", markup=False, soft_wrap=True)
    batch = _made([(world, each) for world in worlds for each in seeds], jobs, keep="outcomes")
    found = _compared(batch, names)
    for comparison in found:
        console.print(show.comparison(comparison))
        clear = [pairs.sentence(comparison, each) for each in comparison.differences if pairs.clear(each)]
        for line in show.bullets([*clear, *filter(None, [pairs.unclear(comparison)])]):
            console.print(line)
    if target is not None:
        about = results.about(worlds, seeds, batch.failures, _command())
        path = store.write(target, partial(results.fill_comparison, batch=batch, found=found, about=about))
        console.print(f"Results: {_near(path)}", markup=False, soft_wrap=True)
    _tell_failures(batch.failures, len(worlds) * runs)


# --- parts of verbs -----------------------------------------------------------------------------


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
                _note(
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


def _seeds(first: int, number: int) -> range:
    if first + number - 1 > LAST_SEED:
        raise InputError(f"seeds end at {LAST_SEED}", key="--seed")
    return range(first, first + number)


def _distinct(names: list[str]) -> list[str]:
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise InputError(
            f"'{twice}' is given twice; scenarios to compare need names of their own", key="OTHER"
        )
    return names


def _target(out: Path | None, name: str, overwrite: bool) -> Target:
    from experiments.store import Target

    if out is not None:
        return Target(out, overwrite=overwrite)
    place = Path("results") / name
    return Target(place, overwrite=overwrite, numbered=not overwrite)


def _made(jobs: list[tuple[Scenario, int]], workers: int | None, keep: Keep = "everything") -> Batch:
    """Run with a progress bar; when no run succeeds that is the end."""
    from experiments import runner

    todo = [runner.Job(scenario, seed) for scenario, seed in jobs]
    batch = _watched(todo, workers or min(runner.cores(), len(todo)), keep)
    if batch.outcomes is None:
        _leave(f"none of {len(todo)} runs succeeded; the first: {_told(batch.failures[0])}", FAILED)
    return batch


def _watched(jobs: list[Job], workers: int, keep: Keep) -> Batch:
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    from experiments import runner, show

    console = show.console(stderr=True)
    speed = TextColumn("{task.fields[rate]}")
    columns = (
        TextColumn("Running"),
        BarColumn(),
        MofNCompleteColumn(),
        speed,
        TimeRemainingColumn(),
        TextColumn("left"),
    )
    hidden = not (console.is_terminal and sys.stdout.isatty())
    with Progress(*columns, console=console, disable=hidden, transient=True) as progress:
        bar, parts = progress.add_task("", total=len(jobs), rate=""), []
        for part in runner.batches(jobs, workers=workers, keep=keep):
            parts.append(part)
            progress.update(bar, advance=part.done)
            progress.update(bar, rate=f"{progress.tasks[0].speed or 0:.0f} runs/s")
    return runner.joined(parts)


def _compared(batch: Batch, names: Sequence[str]) -> Sequence[Comparison]:
    from experiments.compare import compare

    assert batch.outcomes is not None
    try:
        return compare(batch.outcomes, names)
    except ValueError:
        _leave(f"no seed succeeded in all scenarios; the first: {_told(batch.failures[0])}", FAILED)


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


def _tell_failures(failures: Sequence[Failure], runs: int) -> None:
    if not failures:
        return
    shown = "".join(f"\n  {_told(failure)}" for failure in failures[:5])
    more = f"\n  and {len(failures) - 5} more" if len(failures) > 5 else ""
    sys.stderr.write(f"cityfunnel: {len(failures)} of {runs} runs failed and are left out:{shown}{more}\n")
    raise typer.Exit(FAILED)


def _told(failure: Failure) -> str:
    return f"{failure.scenario}, seed {failure.seed}: {failure.error}"


def _note(text: str) -> None:
    sys.stderr.write(f"cityfunnel: note: {text}\n")


def _near(path: Path) -> str:
    """A path as short as it can be told from here."""
    here = Path.cwd()
    return f"{path.relative_to(here) if path.is_relative_to(here) else path}/"


def _command() -> str:
    return f"cityfunnel {shlex.join(sys.argv[1:])}"
