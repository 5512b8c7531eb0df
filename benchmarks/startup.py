"""Time until work begins, as ratios to an empty Python and to one that imports Mesa."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from functools import partial
from pathlib import Path

from benchmarks.timing import ratios, spread, table, wall
from benchmarks.workload import SCENARIO

ROOT = Path(__file__).resolve().parent.parent

EMPTY, MESA = "python -c pass", 'python -c "import mesa"'

# stops the command at the moment at which the first run, with the model loaded, would begin
_UNTIL_RUN = f"""
import sys
from experiments import cli, runner
def stop(*_, **__):
    import sim.model
    raise SystemExit
runner.batches = stop
sys.argv[1:] = ["run", "{SCENARIO}", "-n", "2", "--jobs", "1", "--out", "results"]
cli.main()
"""

PROGRAMS = {
    EMPTY: "pass",
    MESA: "import mesa",
    'python -c "import sim"': "import sim",
    'python -c "import experiments.cli"': "import experiments.cli",
    "cityfunnel --help": "import sys; from experiments.cli import main; sys.argv[1:] = ['--help']; main()",
    f"cityfunnel run {SCENARIO}, until the first run": _UNTIL_RUN,
}


def report(rounds: int) -> str:
    """The table, each program started ``rounds`` times, in turn."""
    times: dict[str, list[float]] = {name: [] for name in PROGRAMS}
    with tempfile.TemporaryDirectory() as folder:
        for number in range(rounds + 1):
            for name, code in PROGRAMS.items():
                seconds = wall(partial(_start, code, folder))
                if number:  # the first round fills the caches
                    times[name].append(seconds)
    rows = {
        name: [spread(found, ".2f"), *(spread(ratios(found, times[base]), ".1f") for base in (EMPTY, MESA))]
        for name, found in times.items()
    }
    return table(rows, "", "seconds", "to an empty Python", "to importing Mesa")


def _start(code: str, folder: str) -> None:
    path = f"import sys; sys.path.insert(0, {str(ROOT)!r})\n"
    subprocess.run([sys.executable, "-c", path + code], check=True, capture_output=True, cwd=folder)
