"""The description of the model says what the code does.

``python -m tests.test_odd`` writes the current values into its tables; that takes a minute.
"""

from __future__ import annotations

import importlib
import inspect
import math
import pkgutil
import random
import re
import statistics
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

import sim
from analysis.tables import tables
from analysis.targets import seen
from sim.events import Kind
from sim.intake import CHANNELS
from sim.observed import observed
from sim.parameters import PATHS, Group, Parameters, Row
from sim.pilot import Criteria
from sim.policies import POLICIES
from sim.posterior import available as posteriors
from sim.posterior import posterior
from sim.procurement import RULES
from sim.scenario import available
from sim.stages import TRANSITIONS, Reason, Stage

DOCS = Path(__file__).resolve().parent.parent / "docs"
ODD = DOCS / "odd.md"
TEXT = ODD.read_text(encoding="utf-8")
SPANS = frozenset(re.findall(r"`([^`\n]+)`", re.sub(r"```.*?```", "", TEXT, flags=re.DOTALL)))

#: a value that the running text quotes
QUOTED = re.compile(r"`([a-z_.]+)` = (-?[\d.]*\d)")

KINDS = ("startup", "sme", "large")
GROUPS = frozenset(Parameters.model_fields)

#: code spans that are neither numbers nor functions
WORDS = frozenset(
    {*Stage, *Reason, *Kind, *CHANNELS, "tender", *POLICIES, *RULES, *GROUPS, *available(), *posteriors()}
    | {"function(arguments) = expression", "group.name", "sim.…", "z", "^"}
    | {"start", "goal", "limit", "finance"}  # arguments and a field that a sentence speaks of
    | {"tests/test_odd.py", "python -m tests.test_odd", "scenarios/observed/taipei.yaml"}
)


# --- values that are written into the page -------------------------------------------------------


def shown(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:g}" if isinstance(value, int | float) else str(value)


def number_row(row: Row) -> str:
    return f"| `{row.path}` | {shown(row.default)} | {row.unit} | {row.evidence} | {row.source} |"


def kinds_row(name: str) -> str:
    rows = [PATHS[f"vendors.{kind}.{name}"] for kind in KINDS]
    values = " | ".join(shown(row.default) for row in rows)
    return f"| `vendors.*.{name}` | {values} | {rows[0].unit} | {rows[0].evidence} | {rows[0].source} |"


def with_values(text: str) -> str:
    """The page with the current values of the numbers in its tables."""
    text = re.sub(r"^\| `vendors\.\*\.(\w+)` \|.*$", lambda found: kinds_row(found[1]), text, flags=re.M)
    number = re.compile(r"^\| `([a-z_]+(?:\.[a-z_]+)+)` \|.*$", flags=re.M)
    text = number.sub(lambda found: number_row(PATHS[found[1]]) if found[1] in PATHS else found[0], text)
    text = QUOTED.sub(lambda found: f"`{found[1]}` = {shown(PATHS[found[1]].default)}", text)
    heads = ["| number | default | unit | evidence | sources |", "|---|---|---|---|---|"]
    for name in ("calibrated", "tuned"):
        mine = [number_row(row) for row in PATHS.values() if row.evidence == name]
        text = block(text, name, [*heads, *mine])
    return text


def block(text: str, name: str, lines: list[str]) -> str:
    start, end = f"<!-- {name} -->", "<!-- end -->"
    return re.sub(f"{start}.*?{end}", "\n".join([start, "", *lines, "", end]), text, flags=re.DOTALL)


# --- targets of the calibration ------------------------------------------------------------------


class Target(NamedTuple):
    """A figure that the calibrated numbers are to bring about, and how the page tells it."""

    meaning: str
    id: str
    form: str

    @property
    def wanted(self) -> tuple[float, float]:
        return next(figure for figure in observed("taipei") if figure.id == self.id).told


SCENARIO = "taipei_2016_2021"
TARGETS = (
    Target("bottom-up proposals by March 2019, mean", "S01", ".1f"),
    Target("share of them that reach a POC by the end of 2019, mean", "S02", ".3f"),
    Target("top-down projects by the end of 2020, mean", "S07", ".1f"),
    Target("share of first rounds that fail, mean", "P01", ".3f"),
)


def reached() -> dict[str, float]:
    """The value of each target over the seeds 1 to 100."""
    runs = tables([sim.run(SCENARIO, seed) for seed in range(1, 101)])
    found = seen(runs, observed("taipei"))
    return {target.meaning: float(found[target.id].mean()) for target in TARGETS}


def targets_table(values: dict[str, float]) -> list[str]:
    def row(target: Target) -> str:
        low, high = (f"{end:.3g}" for end in target.wanted)
        return (
            f"| {target.meaning} | {target.id} | {low} to {high} | {values[target.meaning]:{target.form}} |"
        )

    heads = ["| target | figure | wanted | seeds 1 to 100 |", "|---|---|---|---|"]
    return [*heads, *map(row, TARGETS)]


@pytest.mark.slow
def test_the_centre_of_the_posterior_reaches_the_targets_that_the_page_shows() -> None:
    """A tenth beyond the ends of a figure is as near as a median of each number by itself may be."""
    values = reached()
    assert block(TEXT, "targets", targets_table(values)) == TEXT
    near = [(0.9 * target.wanted[0], values[target.meaning], 1.1 * target.wanted[1]) for target in TARGETS]
    assert [each for each in near if not each[0] <= each[1] <= each[2]] == []


def test_calibrated_numbers_are_the_medians_of_the_sample() -> None:
    sample = posterior("taipei_m1")
    assert {path for path, row in PATHS.items() if row.evidence == "calibrated"} == set(sample.paths)
    for path in sample.paths:
        middle = statistics.median(float(row[path]) for row in sample.rows)
        assert float(f"{middle:.2g}") == pytest.approx(PATHS[path].default, rel=0.06), path


# --- numbers and words ---------------------------------------------------------------------------


def test_tables_show_the_current_values() -> None:
    assert with_values(TEXT) == TEXT, "python -m tests.test_odd writes them"


def _expanded(span: str) -> set[str]:
    return {span.replace("*", kind) for kind in KINDS} if span.startswith("vendors.*.") else {span}


def test_every_number_is_mentioned() -> None:
    assert set(PATHS) - set().union(*map(_expanded, SPANS)) == set()


def test_every_number_that_a_submodel_uses_stands_in_one_table() -> None:
    rows = re.findall(r"^\| `((?:[a-z_]+|\*)(?:\.(?:[a-z_]+|\*))+)` \| ", TEXT.split("## 8.")[0], flags=re.M)
    found = [path for row in rows for path in _expanded(row)]
    assert sorted(found) == sorted(PATHS)


def test_the_kinds_of_vendors_share_unit_evidence_and_sources() -> None:
    groups = {
        name: {PATHS[f"vendors.{kind}.{name}"]._replace(path="", default=0) for kind in KINDS}
        for name in type(Parameters().vendors.sme).model_fields
    }
    assert {name: len(rows) for name, rows in groups.items() if len(rows) > 1} == {}


def test_values_quoted_in_the_text_are_the_defaults() -> None:
    quoted = QUOTED.findall(TEXT)
    assert quoted
    assert [(path, value) for path, value in quoted if float(value) != PATHS[path].default] == []


def _is_known(span: str) -> bool:
    if span.startswith("sim."):
        return True  # looked at below
    return span in WORDS or all(path in PATHS for path in _expanded(span))


def test_no_code_span_is_unknown() -> None:
    assert [span for span in sorted(SPANS) if not _is_known(span)] == []


def test_every_function_and_class_that_is_named_exists() -> None:
    for span in SPANS:
        if span.startswith("sim.") and span != "sim.…":
            assert pkgutil.resolve_name(span) is not None


def test_every_source_is_in_the_evidence_table() -> None:
    evidence = (DOCS / "evidence.md").read_text(encoding="utf-8")
    listed = set(re.findall(r"^\| ([A-Z]\d+) \|", evidence, flags=re.M))
    assert set(re.findall(r"\b[STCPVXRKG]\d{1,2}\b", TEXT)) - listed == set()


# --- vocabulary of the funnel --------------------------------------------------------------------


def rows_under(head: str) -> list[list[str]]:
    """The cells of the table whose first line is ``head``."""
    lines = TEXT.splitlines()
    first = lines.index(head) + 2
    table = lines[first : next(at for at in range(first, len(lines)) if not lines[at].startswith("|"))]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in table]


def names(cell: str) -> list[str]:
    return re.findall(r"`(\w+)`", cell)


def test_transitions_are_those_of_the_code() -> None:
    rows = rows_under("| stage | meaning | next stages |")
    written = {first: set(names(last)) for first, _, last in rows}
    origins = {"(start)" if stage is None else f"`{stage}`": onward for stage, onward in TRANSITIONS.items()}
    assert written == {origin: set(onward) for origin, onward in origins.items()}
    assert [row[0] for row in rows] == ["(start)", *(f"`{stage}`" for stage in Stage)]


@pytest.mark.parametrize(
    ("head", "registry"),
    [
        ("| reason | given when |", Reason),
        ("| kind | written when | amount |", Kind),
        ("| policy | what it changes |", POLICIES),
        ("| rule | winner |", RULES),
        ("| scenario | what it sets |", available()),
    ],
)
def test_tables_of_names_are_complete(head: str, registry: Any) -> None:
    assert sorted(names(row[0])[0] for row in rows_under(head)) == sorted(registry)


def test_every_channel_is_described() -> None:
    section = TEXT.split("### 7.5")[1].split("### 7.6")[0]
    assert {*CHANNELS, "tender"} <= set(names(section))


# --- equations -----------------------------------------------------------------------------------


class Equation(NamedTuple):
    """One line ``function(arguments) = expression``."""

    function: str
    arguments: tuple[str, ...]
    expression: str


def equations() -> Iterator[Equation]:
    for part in re.findall(r"^ *```equation\n(.*?)^ *```", TEXT, flags=re.DOTALL | re.M):
        for line in re.sub(r"\n {4,}(?!sim\.)", " ", part).strip().splitlines():
            match = re.fullmatch(r"\s*(sim[\w.]+)\((.*?)\) = (.*)", line)
            assert match, line
            yield Equation(match[1], tuple(match[2].split(", ")), match[3].replace("^", "**"))


EQUATIONS = tuple(equations())

#: what an expression may use besides its arguments: mathematics, and equations further up
SYMBOLS: dict[str, Any] = {name: getattr(math, name) for name in ("exp", "sqrt")} | {
    equation.function.rpartition(".")[2]: pkgutil.resolve_name(equation.function) for equation in EQUATIONS
}

#: arguments that may be below 0
SIGNED = {"cash", "earned", "z", "shock", "neutral"}


def drawn(name: str, kind: str, luck: random.Random) -> Any:
    """A value for an argument, by its annotation."""
    if kind in ("Departments", "Poc"):
        return _group(kind.lower(), luck)
    if kind == "Criteria":
        return Criteria(*(luck.uniform(0.01, 1) for _ in Criteria._fields))
    makers: dict[str, Callable[[], Any]] = {
        "float": lambda: luck.uniform(-2 if name in SIGNED else 0.01, 1.5),
        "int": lambda: luck.randrange(6),
        "bool": lambda: luck.random() < 0.5,
        "list[float]": lambda: [luck.uniform(0.01, 1) for _ in range(luck.randint(1, 5))],
    }
    return makers[kind]()


def _group(name: str, luck: random.Random) -> Group:
    tree = Parameters()
    for path, row in PATHS.items():
        if path.startswith(f"{name}.") and isinstance(row.default, float):
            tree = tree.with_(path, luck.uniform(row.low or 0.0, row.high or 0.0))
    group: Group = getattr(tree, name)
    return group


@pytest.mark.parametrize("equation", EQUATIONS, ids=lambda equation: equation.function)
def test_an_equation_gives_what_its_function_gives(equation: Equation) -> None:
    function = pkgutil.resolve_name(equation.function)
    signature = inspect.signature(function).parameters
    assert equation.arguments == tuple(signature)
    expression, luck = compile(equation.expression, ODD.name, "eval"), random.Random(2016)
    results = set()
    for _ in range(200):
        values = {name: drawn(name, argument.annotation, luck) for name, argument in signature.items()}
        # the expression stands in this repository's own documentation
        written, result = eval(expression, {"__builtins__": {}}, _scope() | values), function(**values)
        assert written == (result if isinstance(result, str) else pytest.approx(result, rel=1e-12, abs=1e-12))
        results.add(result)
    assert len(results) > 1


def _scope() -> dict[str, Any]:
    plain = (abs, len, max, min, round, sum, zip)
    return {function.__name__: function for function in plain} | SYMBOLS


def decisions() -> Iterator[str]:
    """The public functions of the modules that hold the mechanisms."""
    for module in pkgutil.walk_packages(sim.__path__, "sim."):
        name = module.name
        if re.match(
            r"sim\.(agents|intake|procurement|circle|clearance|deployment|launch|market|pilot)\b", name
        ):
            for function in vars(importlib.import_module(name)).values():
                if inspect.isfunction(function) and function.__module__ == name:
                    yield f"{name}.{function.__name__}"


def test_every_decision_of_the_code_is_described() -> None:
    described = {equation.function for equation in EQUATIONS} | SPANS
    public = {name for name in decisions() if not name.rpartition(".")[2].startswith("_")}
    assert public - described == set()


def main() -> None:
    """Write the current values into the page."""
    text = block(with_values(TEXT), "targets", targets_table(reached()))
    ODD.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
