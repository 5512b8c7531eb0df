"""Statistics of the funnel: known answers, other programs' answers, and what the command writes."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import date, timedelta
from math import exp
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.axis import Tick
from matplotlib.figure import Figure
from matplotlib.text import Text
from typer.testing import CliRunner

from analysis import access, between, competing, conversion
from analysis.competing import OPEN, OUTCOMES, fates, final, of_fates
from analysis.figures import PROPOSALS
from analysis.figures import incidence as incidence_figures
from analysis.survival import aalen_johansen
from analysis.tables import Tables, tables, until
from experiments import cli, store
from sim.events import EventLog
from sim.observed import Target
from tests import markov


@pytest.fixture(scope="module")
def pooled() -> Tables:
    return tables(markov.runs(40, a_year=60.0))


# --- competing outcomes -------------------------------------------------------------------------


@given(
    st.lists(st.tuples(st.integers(1, 12), st.integers(-1, 2), st.integers(0, 3)), min_size=3, max_size=60)
)
def test_each_outcome_agrees_with_the_estimator_of_one(rows: list[tuple[int, int, int]]) -> None:
    """On whole days it is the Aalen-Johansen estimate of one outcome against all others."""
    time, outcome, run = (np.array(column) for column in zip(*rows, strict=True))
    grid = np.arange(0.0, time.max() + 1)
    found = competing.incidence(time, outcome, grid, run, 3)
    for place, curve in enumerate(found):
        status = np.select([outcome == place, outcome >= 0], [1, 2], 0)
        other = aalen_johansen(time, status, grid, run)
        assert np.allclose(curve.share, other.share)
        assert np.allclose(curve.error, other.error, equal_nan=True)


@given(
    st.lists(st.tuples(st.integers(1, 12), st.integers(-1, 2)), min_size=3, max_size=60).filter(
        lambda rows: {0, 1, 2} <= {row[1] for row in rows}
    )
)
def test_agrees_with_statsmodels(rows: list[tuple[int, int]]) -> None:
    from statsmodels.duration.survfunc import CumIncidenceRight

    time, outcome = (np.array(column) for column in zip(*rows, strict=True))
    with np.errstate(all="ignore"):
        theirs = CumIncidenceRight(time.astype(float), outcome + 1)
    ours = competing.incidence(time, outcome, theirs.times, np.arange(len(time)), 3)
    for place, curve in enumerate(ours):
        assert np.allclose(curve.share, theirs.cinc[place])


def test_standard_error_agrees_with_statsmodels_where_cases_stand_alone() -> None:
    from statsmodels.duration.survfunc import CumIncidenceRight

    rng = np.random.default_rng(3)
    waits = rng.exponential([2.0, 3.0, 4.0, 3.0], (900, 4)) * 100
    time, first = np.ceil(waits.min(axis=1)), waits.argmin(axis=1)
    outcome = np.where(first == 3, OPEN, first)
    with np.errstate(all="ignore"):
        theirs = CumIncidenceRight(time, outcome + 1)
    grid = np.array([40.0, 100.0, 150.0])
    ours = competing.incidence(time, outcome, grid, np.arange(len(time)), 3)
    places = np.searchsorted(theirs.times, grid, side="right") - 1
    for place, curve in enumerate(ours):
        assert np.allclose(curve.error, theirs.cinc_se[place][places], rtol=0.05)


def test_chain_in_closed_form(pooled: Tables) -> None:
    """Four waits of rate r, each passed with its chance: a gamma distribution times the product."""
    curves = of_fates(fates(pooled, "poc"), [100.0, 200.0, 300.0])
    chance = float(np.prod(markov.PASS[:4]))
    for place, days in enumerate((100.0, 200.0, 300.0)):
        x = days * markov.RATE
        exact = chance * (1 - exp(-x) * sum(x**k / f for k, f in enumerate((1, 1, 2, 6))))
        curve = curves["reached"]
        assert abs(curve.share[place] - exact) < 4 * curve.error[place]
    lost = sum(final(curve) for name, curve in curves.items() if name != "reached")
    assert lost < 1 - chance


def test_outcomes_and_what_is_open_add_up(pooled: Tables) -> None:
    found = fates(pooled, "service")
    shares = sum(curve.share for curve in of_fates(found, np.arange(0.0, 1500.0, 50.0)).values())
    assert (np.diff(shares) >= -1e-12).all()
    assert shares[0] == 0
    assert shares[-1] <= 1 + 1e-9
    assert set(np.unique(found.outcome)) <= {OPEN, *range(len(OUTCOMES))}


def test_nothing_is_claimed_beyond_the_last_time_seen() -> None:
    open_end = competing.incidence([3, 5, 8], [0, 1, OPEN], [4.0, 8.0, 9.0], [0, 1, 2], 2)[0]
    assert np.isnan(open_end.share).tolist() == [False, False, True]
    all_known = competing.incidence([3, 5, 8], [0, 1, 1], [4.0, 8.0, 9.0], [0, 1, 2], 2)[0]
    assert all_known.share.tolist() == pytest.approx([1 / 3] * 3)


def test_table_of_incidence_by_channel_and_kind_of_vendor(pooled: Tables) -> None:
    table = competing.table(pooled, np.arange(0.0, 1900.0, 100.0))
    assert set(table["goal"]) == {"poc", "contract", "service"}
    assert set(table.loc[table["by"] == "channel", "group"]) == set(markov.CHANNELS)
    assert set(table.loc[table["by"] == "vendor_kind", "group"]) == {"startup", "sme", "large"}
    assert (table["low"] <= table["share"] + 1e-12).all()
    assert (table["share"] <= table["high"] + 1e-12).all()
    late = table[(table["days"] == 1500) & (table["by"] == "all") & (table["outcome"] == "reached")]
    poc, contract, service = late.set_index("goal")["share"][["poc", "contract", "service"]]
    for found, stages in ((poc, 4), (contract, 7), (service, 8)):
        assert abs(found - np.prod(markov.PASS[:stages])) < 0.04


# --- conversion ---------------------------------------------------------------------------------


def test_conversion_counts_open_cases_and_tells_what_becomes_of_them(pooled: Tables) -> None:
    """Half a year after the start most are open: the share on the day is low, the eventual one is not."""
    early = until(pooled, markov.START + timedelta(days=500))
    table = conversion.conversion(early).set_index(["goal", "channel"])
    row, chance = table.loc[("poc", "all")], float(np.prod(markov.PASS[:4]))
    assert row["submitted"] == pytest.approx(row["reached"] + row["lost"] + row["open"])
    assert row["share"] == pytest.approx(row["reached"] / row["submitted"])
    assert row["share_high"] < chance - 0.02
    assert row["eventual_low"] < chance < row["eventual_high"]
    assert row["lower"] <= row["share"] <= row["upper"]
    assert row["upper"] - row["lower"] > row["share_high"] - row["share_low"]
    counts = table.xs("poc")["submitted"]
    assert counts.drop("all").sum() == pytest.approx(counts["all"])


def test_interval_of_a_ratio_of_one_run_is_that_of_wilson() -> None:
    found = conversion.ratio(np.array([3.0]), np.array([10.0]))
    assert (found.low, found.high) == pytest.approx((0.1078, 0.6032), abs=1e-4)


# --- access -------------------------------------------------------------------------------------


def test_shares_of_kinds_add_up_and_are_alike_where_luck_is(pooled: Tables) -> None:
    """The chain draws kinds with equal chances and treats them alike."""
    table = access.access(pooled)
    shares = table[table["figure"] == "share"]
    assert (shares.groupby("step")["value"].sum().round(9) == 1).all()
    proposals = shares[shares["step"] == "proposals"]
    assert ((proposals["low"] < 1 / 3 + 0.02) & (proposals["high"] > 1 / 3 - 0.02)).all()
    ratios = table[table["figure"] == "ratio"]
    assert set(ratios["kind"]) == {"startup", "sme"}
    assert ((ratios["low"] < 1.05) & (ratios["high"] > 0.95)).all()


def test_ratio_of_rates() -> None:
    """Twice as many of as many: 2 exactly, and without luck the interval has no width."""
    part, whole = np.array([4.0, 4.0, 4.0]), np.array([10.0, 10.0, 10.0])
    found = access.relative((part, whole), (part / 2, whole))
    assert found[:3] == pytest.approx((2, 2, 2))
    one = access.relative((np.array([20.0]), np.array([100.0])), (np.array([10.0]), np.array([100.0])))
    assert (one.low, one.high) == pytest.approx((0.9866, 4.0545), abs=1e-3)
    none = access.relative((np.array([0.0]), np.array([5.0])), (part, whole))
    assert np.isnan(none.estimate)
    lone = access.relative((np.array([4.0, 0.0, 0.0]), whole), (part, whole))
    assert lone.estimate == pytest.approx(1 / 3)
    assert np.isnan([lone.low, lone.high]).all()


def test_interval_of_a_ratio_holds_the_truth_as_often_as_it_says() -> None:
    rng, held = np.random.default_rng(1), 0
    for _ in range(400):
        whole = rng.poisson(30, (2, 20)).astype(float) + 1
        part = rng.binomial(whole.astype(int), [[0.3], [0.5]]).astype(float)
        found = access.relative((part[0], whole[0]), (part[1], whole[1]))
        held += found.low < 0.6 < found.high
    assert 0.92 < held / 400 < 0.98


# --- concentration ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("amounts", "herfindahl", "gini", "top"),
    [
        ([1, 1, 1, 1], 0.25, 0.0, 1.0),
        ([0, 0, 0, 8], 1.0, 0.75, 1.0),
        ([1, 2, 3, 4], 0.3, 0.25, 1.0),
        ([1] * 10, 0.1, 0.0, 0.5),
    ],
)
def test_indices_of_concentration(amounts: list[float], herfindahl: float, gini: float, top: float) -> None:
    values = np.array(amounts, dtype=float)
    assert access.herfindahl(values) == pytest.approx(herfindahl)
    assert access.gini(values) == pytest.approx(gini)
    assert access.top(values) == pytest.approx(top)


@given(st.lists(st.floats(0, 100), min_size=2, max_size=30).filter(lambda values: sum(values) > 1))
def test_gini_is_the_mean_difference_and_the_area_of_lorenz(amounts: list[float]) -> None:
    values = np.array(amounts)
    pairs = np.abs(values[:, None] - values[None, :]).mean() / (2 * values.mean())
    assert access.gini(values) == pytest.approx(pairs)
    steps = np.linspace(0, 1, len(values) + 1)
    curve = access.lorenz(values, steps)
    area = float(((curve[1:] + curve[:-1]) / 2).sum() / len(values))
    assert 1 - 2 * area == pytest.approx(pairs, abs=1e-9)


def test_awards_of_a_run_by_hand(pooled: Tables) -> None:
    contracts, money = (access.holdings(pooled, what) for what in ("contracts", "money"))
    won = pooled.reached["contract"].notna().to_numpy()
    counts = np.bincount(pooled.run_of_case[won], minlength=len(pooled.runs))
    assert [each.sum() for each in contracts] == counts.tolist()
    assert [each.sum() for each in money] == pytest.approx((markov.PRICE * counts).tolist())
    assert [len(each) for each in contracts] == np.bincount(pooled.run_of_case).tolist()  # a vendor a case
    table = access.concentration(pooled).set_index(["what", "index"])
    assert table.loc[("contracts", "effective_winners"), "mean"] == pytest.approx(counts.mean())


def test_a_part_of_the_runs_has_the_same_awards(pooled: Tables) -> None:
    """Vendors who won later are known by name already, and must not move the others."""
    early = until(pooled, 900.0)
    for what in ("contracts", "money"):
        assert [np.count_nonzero(each) for each in access.holdings(early, what)] == [
            len(np.unique(early.cases["vendor"][(early.run_of_case == run) & chosen]))
            for run, chosen in enumerate([early.reached["contract"].notna().to_numpy()] * len(early.runs))
        ]


# --- variance -----------------------------------------------------------------------------------


def test_runs_alike_leave_all_variance_within(pooled: Tables) -> None:
    table = between.between_runs(pooled).set_index("quantity")
    row, chance = table.loc["reached poc"], float(np.prod(markov.PASS[:4]))
    assert row["share"] < 0.01
    assert row["low"] <= row["share"] <= row["high"]
    assert abs(row["within"] - chance * (1 - chance)) < 0.03
    assert row["cases"] == int(pooled.reached["submitted"].notna().sum())


def test_runs_that_differ_show_between() -> None:
    """Where runs differ, as fits do here by hand, the share is that of the two variances."""
    pooled = tables(markov.runs(60))
    shift = np.random.default_rng(1).normal(0, 1, 60)[pooled.run_of_case]
    noise = np.random.default_rng(2).normal(0, 2, len(shift))
    known = Tables(pooled.runs, pooled.cases.assign(fit=shift + noise), pooled.events)
    row = between.between_runs(known).set_index("quantity").loc["fit"]
    assert row["low"] < 1 / 5 < row["high"]
    assert row["between"] == pytest.approx(1, rel=0.5)
    assert row["within"] == pytest.approx(4, rel=0.1)


# --- charts -------------------------------------------------------------------------------------

SHARE = Target.model_validate(
    {"id": "S02", "measure": "proposal_to_poc", "value": 0.33, "date": date(2019, 3, 20), "relation": "share",
     "numerator": 33, "denominator": 100, "channel": "bottom_up", "reading": "M1", "use": "calibrate",
     "source": "S02", "note": "a test"}
)  # fmt: skip

DRAWN: dict[str, Callable[[Tables], Figure]] = {
    "channel": lambda found: incidence_figures.draw(found, (SHARE,)),
    "observed": lambda found: incidence_figures.draw(found, (), "vendor_kind", found),
    "policies": lambda found: incidence_figures.of_scenarios(
        {"one": found, "two": tables(markov.runs(2, scenario="other"))}  # type: ignore[arg-type]
    ),
    "outcomes": lambda found: PROPOSALS["outcomes"].function(found, ()),
    "access": lambda found: PROPOSALS["access"].function(found, ()),
    "concentration": lambda found: PROPOSALS["concentration"].function(found, ()),
}


def texts(figure: Figure) -> list[Text]:
    """What is written, but for labels of ticks, which also exist beyond the ends of an axis."""
    ticks = [tick for tick in figure.findobj(Tick) if isinstance(tick, Tick)]
    labels = {label for tick in ticks for label in (tick.label1, tick.label2)}
    found = [text for text in figure.findobj(Text) if isinstance(text, Text) and text not in labels]
    return [text for text in found if text.get_text().strip() and text.get_visible()]


@pytest.mark.parametrize("name", list(DRAWN))
def test_charts_can_be_read(name: str, pooled: Tables) -> None:
    figure = DRAWN[name](pooled)
    figure.draw_without_rendering()
    width, height = figure.canvas.get_width_height()
    for text in texts(figure):
        box = text.get_window_extent()
        assert float(text.get_fontsize()) >= 13, text.get_text()
        assert box.x0 >= -1, text.get_text()
        assert box.x1 <= width + 1, text.get_text()
        assert box.y1 <= height + 1, text.get_text()


@pytest.mark.parametrize("name", list(DRAWN))
@pytest.mark.parametrize("logs", [[EventLog("empty", 0, markov.START, 100.0)], [markov.run(1, days=60.0)]])
def test_little_or_nothing_can_be_drawn(name: str, logs: list[EventLog]) -> None:
    file = io.BytesIO()
    DRAWN[name](tables(logs)).savefig(file, format="png")
    assert file.getvalue().startswith(b"\x89PNG")


def test_observed_and_simulated_stand_on_one_chart(pooled: Tables) -> None:
    figure = incidence_figures.draw(pooled, (SHARE,), "channel", pooled)
    lines = {line.get_linestyle() for line in figure.axes[0].get_lines()}
    assert {"-", "--"} <= lines
    assert any("S02" in text.get_text() for text in figure.axes[0].texts)


# --- the command --------------------------------------------------------------------------------


def call(*words: str, code: int = 0) -> str:
    done = CliRunner().invoke(cli.app, words, prog_name="cityfunnel")
    assert done.exit_code == code, done.output
    return done.output


@pytest.fixture
def stored(tmp_path: Path) -> Path:
    found = tables(markov.runs(4))
    parts = {"runs": found.runs, "cases": found.cases, "events": found.events}
    return store.write(store.Target(tmp_path / "s"), lambda to: {"tables": store.save(to, parts)})


def test_command_writes_tables_and_charts(stored: Path) -> None:
    told = call("funnel", str(stored), "--at", "2019-12-31")
    assert "Conversion as seen on 2019-12-31" in told
    assert "Herfindahl-Hirschman index" in told
    folder = stored / "funnel"
    names = {"conversion", "transitions", "incidence", "access", "concentration", "variance"}
    assert {file.stem for file in folder.glob("*.csv")} == names
    for name in names:
        table = pd.read_csv(folder / f"{name}.csv")
        assert set(table["scenario"]) == {"markov"}
    pictures = {file.name for file in (folder / "figures").iterdir()}
    assert {f"incidence_channel.{kind}" for kind in ("png", "svg")} <= pictures
    assert len(pictures) == 12


def test_command_shows_an_observed_history_beside(stored: Path, tmp_path: Path) -> None:
    call("funnel", str(stored), "--observed", str(stored), "--out", str(tmp_path / "o"))
    text = (tmp_path / "o" / "figures" / "incidence_channel.svg").read_text(encoding="utf-8")
    assert text.startswith("<?xml")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--at", "tomorrow"), "--at: 'tomorrow' is no date such as 2019-12-31"),
        (("--at", "2031-01-01"), "--at: 2031-01-01 is not within the runs, 2016-03-20 to"),
        (("--observed", "nowhere"), "nowhere: no such folder"),
    ],
)
def test_wrong_input_is_told_in_one_line(words: tuple[str, ...], told: str, stored: Path) -> None:
    output = call("funnel", str(stored), *words, code=2)
    assert told in output
    assert output.count("\n") == 1
    assert not (stored / "funnel").exists()


def test_results_that_are_there_stay_unless_told_otherwise(stored: Path) -> None:
    call("funnel", str(stored), "--no-figures")
    assert "give --overwrite" in call("funnel", str(stored), "--no-figures", code=2)
    call("funnel", str(stored), "--no-figures", "--overwrite")
