"""What another installed package adds: found by name, imported late, refused where a name is taken."""

from __future__ import annotations

import copy
import pickle
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sim import plugins
from sim.errors import CityfunnelError, InputError, PluginError
from sim.procurement import RULES

ROOT = Path(__file__).parents[1]

MODULE = '''
"""Levers, rules and more of an outside package."""
from sim.intake.bottom_up import BottomUpIntake
from sim.procurement.offers import acceptable

class Shut:
    def __call__(self, conditions, situation):
        return conditions.with_("bottom_up.open", False)

def dearest(offers, terms):
    return max(acceptable(offers, terms), key=lambda offer: offer.price, default=None)

class Silent(BottomUpIntake):
    def _occasion(self, vendor, occasion):
        pass

SIZE = 7
'''

Install = Callable[..., Path]


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Install]:
    """Install a package as pip leaves it: a module, and metadata with entry points."""

    def install(name: str, entries: dict[str, dict[str, str]], module: str = MODULE) -> Path:
        folder = tmp_path / "site"
        metadata = folder / f"{name.replace('-', '_')}-1.5.dist-info"
        metadata.mkdir(parents=True)
        (folder / f"{name.replace('-', '_')}.py").write_text(module, encoding="utf-8")
        (metadata / "METADATA").write_text(
            f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.5\n", encoding="utf-8"
        )
        groups = [
            "\n".join([f"[cityfunnel.{group}]", *(f"{entry} = {value}" for entry, value in given.items())])
            for group, given in entries.items()
        ]
        (metadata / "entry_points.txt").write_text("\n\n".join(groups) + "\n", encoding="utf-8")
        monkeypatch.syspath_prepend(folder)
        plugins._installed.cache_clear()
        return folder

    yield install
    monkeypatch.undo()
    plugins._installed.cache_clear()


def python(code: str, folder: Path, code_wanted: int = 0) -> subprocess.CompletedProcess[str]:
    """Run code in a fresh Python that imports from a folder and from the project."""
    setting = {"PYTHONPATH": f"{folder}:{ROOT}", "PATH": ""}
    command = [sys.executable, "-W", "error", "-c", code]
    done = subprocess.run(command, cwd=folder, env=setting, capture_output=True, text=True, check=False)
    assert done.returncode == code_wanted, done.stderr
    return done


# --- found by name -----------------------------------------------------------------------------


def test_nothing_is_added_where_nothing_is_installed() -> None:
    assert plugins.outside("cityfunnel.nothing", ()) == {}
    assert plugins.names("cityfunnel.nothing") == ()


def test_names_are_found_in_order_in_their_group(install: Install) -> None:
    install(
        "town", {"policies": {"shut": "town:Shut", "ajar": "town:Shut"}, "rules": {"dearest": "town:dearest"}}
    )
    install("village", {"policies": {"open": "village:Shut"}})
    assert plugins.names("cityfunnel.policies") == ("ajar", "open", "shut")
    assert list(plugins.outside("cityfunnel.policies", ())) == ["ajar", "open", "shut"]
    assert plugins.names("cityfunnel.rules") == ("dearest",)
    assert plugins.names("cityfunnel.measures") == ()


def test_packages_are_told_with_their_versions(install: Install) -> None:
    install("town", {"policies": {"shut": "town:Shut"}, "rules": {"dearest": "town:dearest"}})
    install("village", {"measures": {"size": "village:SIZE"}})
    assert plugins.packages() == {"town": "1.5", "village": "1.5"}


# --- imported late -----------------------------------------------------------------------------


def test_a_package_is_imported_when_it_is_first_used(install: Install) -> None:
    install("late-town", {"policies": {"shut": "late_town:Shut"}})
    found = plugins.outside("cityfunnel.policies", ())
    assert "late_town" not in sys.modules
    assert type(found["shut"]()).__name__ == "Shut"
    assert "late_town" in sys.modules


def test_what_is_found_can_be_called_and_asked(install: Install) -> None:
    install("asked-town", {"rules": {"dearest": "asked_town:dearest"}, "measures": {"town": "asked_town"}})
    rule = plugins.outside("cityfunnel.rules", ())["dearest"]
    assert rule([], _terms()) is None
    module = plugins.outside("cityfunnel.measures", ())["town"]
    assert module.SIZE == 7
    with pytest.raises(AttributeError, match="WEIGHT"):
        _ = module.WEIGHT


def _terms() -> object:
    from sim.parameters import Procurement

    return Procurement()


def test_copying_imports_nothing(install: Install) -> None:
    install("copied-town", {"policies": {"shut": "copied_town:Shut"}})
    found = plugins.outside("cityfunnel.policies", ())["shut"]
    again = pickle.loads(pickle.dumps(copy.copy(found)))
    assert "copied_town" not in sys.modules
    assert type(again()).__name__ == "Shut"


@pytest.mark.parametrize(
    ("module", "value", "told"),
    [
        ("import no_such_library_at_all", "broken:Shut", "ModuleNotFoundError"),
        ("1 / 0", "broken:Shut", "ZeroDivisionError"),
        ("x =", "broken:Shut", "SyntaxError"),
        ("", "broken:Shut", "AttributeError"),
        ("", "elsewhere:Shut", "ModuleNotFoundError"),
    ],
)
def test_a_broken_package_is_told_when_it_is_used(
    install: Install, monkeypatch: pytest.MonkeyPatch, module: str, value: str, told: str
) -> None:
    monkeypatch.delitem(sys.modules, "broken", raising=False)
    install("broken", {"policies": {"shut": value}}, module)
    found = plugins.outside("cityfunnel.policies", ())
    with pytest.raises(PluginError) as raised:
        found["shut"]()
    message = str(raised.value)
    assert message.startswith(
        f"package broken: cityfunnel.policies: 'shut' cannot be loaded from '{value}' ({told}"
    )
    assert "\n" not in message


# --- names that are taken ----------------------------------------------------------------------


def test_a_name_of_ours_is_refused(install: Install) -> None:
    install("town", {"policies": {"no_poc": "town:Shut", "shut": "town:Shut"}})
    with pytest.raises(PluginError) as raised:
        plugins.outside("cityfunnel.policies", {"no_poc": None})
    assert isinstance(raised.value, InputError)
    assert str(raised.value) == (
        "package town: cityfunnel.policies: 'no_poc' is the name of one that comes with cityfunnel; "
        "it needs another name"
    )


def test_a_name_that_two_packages_give_is_refused(install: Install) -> None:
    install("town", {"policies": {"shut": "town:Shut"}})
    install("village", {"policies": {"shut": "village:Shut"}})
    with pytest.raises(PluginError, match=r"^package village: .* 'shut' .* package town gives too$"):
        plugins.outside("cityfunnel.policies", ())


def test_the_family_of_errors_shows_it() -> None:
    import sim.errors

    assert issubclass(PluginError, InputError)
    assert issubclass(InputError, CityfunnelError)
    assert "PluginError" in (sim.errors.__doc__ or "")


# --- with the whole of cityfunnel --------------------------------------------------------------

ALL = {
    "policies": {"shut": "town:Shut"},
    "channels": {"silent": "town:Silent"},
    "rules": {"dearest": "town:dearest"},
}
SCENARIO = """question: What do outsiders do?
extends: taipei_stage1
policies: [shut]
set: {procurement.rule: dearest}
timeline:
  - at: 2018-01-01
    set: {channels.silent: true}
"""


def test_a_scenario_uses_what_a_package_adds(install: Install) -> None:
    folder = install("town", ALL)
    (folder / "outside.yaml").write_text(SCENARIO, encoding="utf-8")
    code = """
import sim
from sim.parameters import PATHS
log = sim.run(sim.load("outside.yaml"), seed=1)
print(sorted({case.channel for case in log.cases}))
print({event.origin for event in log.events if event.kind == "award"})
print([event.target for event in log.events if event.kind == "policy"])
print(PATHS["procurement.rule"].options, PATHS["channels.silent"].default)
"""
    channels, rules, changes, options = python(code, folder).stdout.splitlines()
    assert channels == "['tender', 'top_down']"
    assert rules == "{'dearest'}"
    assert changes == "['bottom_up.open', 'channels.silent']"
    assert options == f"{(*RULES, 'dearest')} False"


def test_without_the_package_its_names_are_unknown(tmp_path: Path) -> None:
    (tmp_path / "outside.yaml").write_text(SCENARIO, encoding="utf-8")
    told = python("import sim; sim.load('outside.yaml')", tmp_path, code_wanted=1).stderr.splitlines()[-1]
    rules = " or ".join(RULES)
    assert f"outside.yaml:4: procurement.rule: must be {rules}, not 'dearest'" in told


@pytest.mark.parametrize(
    ("entry", "module"),
    [
        ("policies", "sim.policies"),
        ("channels", "sim.intake"),
        ("rules", "sim.procurement"),
        ("measures", "analysis.measures"),
        ("figures", "analysis.figures"),
    ],
)
def test_every_registry_takes_what_is_outside(install: Install, entry: str, module: str) -> None:
    folder = install("town", {entry: {"new_one": "town:SIZE"}})
    registry = {"intake": "CHANNELS", "procurement": "RULES"}.get(
        module.split(".")[1], module.split(".")[1].upper()
    )
    code = f"from {module} import {registry} as registry; print(list(registry)[-1])"
    assert python(code, folder).stdout == "new_one\n"


def test_a_module_of_the_package_can_be_imported_first(install: Install) -> None:
    """It imports the module whose registry in turn names it."""
    folder = install("town", ALL)
    code = (
        "import town; from sim.intake import CHANNELS; print(CHANNELS['silent']._entry.load() is town.Silent)"
    )
    assert python(code, folder).stdout == "True\n"


def refused(words: list[str], folder: Path) -> str:
    """What the command line tells of a call that cannot be done."""
    code = f"import sys; sys.argv[1:] = {words}; from experiments.cli import main; main()"
    return python(code, folder, code_wanted=2).stderr


def test_the_command_line_tells_a_taken_name_in_one_line(install: Install) -> None:
    folder = install("town", {"policies": {"no_poc": "town:Shut"}})
    told = refused(["run", "taipei_stage1", "-n", "1"], folder)
    assert told.startswith(
        "cityfunnel: package town: cityfunnel.policies: 'no_poc' is the name of one that comes"
    )
    assert told.count("\n") == 1


def test_the_command_line_tells_a_broken_package_in_one_line(install: Install) -> None:
    folder = install("town", {"policies": {"shut": "town:Shut"}}, "import no_such_library_at_all")
    (folder / "one.yaml").write_text(
        "question: Why?\nextends: taipei_stage1\npolicies: [shut]\n", encoding="utf-8"
    )
    told = refused(["story", "one.yaml", "--seed", "1", "1"], folder)
    assert told.startswith(
        "cityfunnel: package town: cityfunnel.policies: 'shut' cannot be loaded from 'town:Shut'"
    )
    assert told.count("\n") == 1
