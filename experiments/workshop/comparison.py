"""The start and up to four policies beside each other: funnel, paired differences, who wins and loses, money.

Differences are those of :mod:`experiments.compare`: of each measure the ranges of all policies hold at once.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from experiments.workshop import effect, measured, pictures, words
from experiments.workshop.effect import Count, Matched, Pair
from experiments.workshop.measured import MEASURES_COMPARED
from experiments.workshop.session import POLICIES
from experiments.workshop.words import say

if TYPE_CHECKING:
    import pandas as pd

    from analysis.echarts import Row
    from analysis.pairs import Difference
    from analysis.tables import Floats
    from experiments.compare import Evidence
    from experiments.workshop.crew import Harvest

#: policies at most: the start, and those that may have names
MOST = 1 + POLICIES

#: what is compared of groups, by kind of group
GAINS = {
    "vendor_kind": ("pocs", "contracts", "earned"),
    "channel": ("pocs", "services", "paid"),
    "department": ("solved",),
}

#: the measures of money
MONEY = ("money_spent", "money_wasted", "vendor_cost", "value_delivered")

#: differences beyond so many percent are drawn at the edge
EDGE = 90.0

#: departments that a sentence names
NAMED = 3

#: sentences of a section that are all told first, and of each policy where there are more
FEW, EACH = 6, 2


class Sentence(NamedTuple):
    """A sentence of a section.

    Attributes:
        text: what it says.
        place: of the policy that it is about; 0 for the first, and for what is about none.
        judged: it says that something is better or worse.
    """

    text: str
    place: int = 0
    judged: bool = False


def comparison(harvests: Sequence[Harvest], names: Sequence[str], language: str) -> dict[str, Any]:
    """What the policies do, the first one being what the others are compared with.

    Args:
        harvests: runs of each policy, :data:`MOST` at most; the seeds that all have are used.
        names: of the policies, as other people wrote them.
        language: code of the language.

    Returns:
        ``sections``, each with ``id``, ``title``, ``sentences``, ``brief`` (those of them that count most),
        ``charts`` and ``table``, as JSON has them.

    Raises:
        ValueError: there are no policies, too many, or not as many names.
    """
    if not 1 <= len(harvests) <= MOST or len(harvests) != len(names):
        raise ValueError(f"{len(harvests)} policies with {len(names)} names")
    both = effect.matched(harvests)
    if both is None:
        nothing = Sentence(say(language, "effect.none"))
        return {"sections": [_section(language, "differences", [nothing], [], None)]}
    told = _Told(language, both, tuple(names), [each.evidence.groups for each in harvests])
    return {"sections": [_funnel(told), _differences(told), *_groups(told), _money(told)]}


class _Told(NamedTuple):
    """What is told, of whom, and in which language."""

    language: str
    both: Matched
    names: tuple[str, ...]
    groups: list[pd.DataFrame | None]

    def say(self, key: str, **values: object) -> str:
        return say(self.language, key, **values)

    @property
    def cities(self) -> int:
        return len(self.both.seeds)

    @property
    def others(self) -> list[tuple[int, str]]:
        return list(enumerate(self.names))[1:]

    @property
    def base(self) -> str:
        return self.names[0]

    def values(self, place: int, measure: str) -> Floats:
        values: Floats = self.both.outcomes[place][measure].to_numpy(dtype=float)
        return values


def _section(
    language: str,
    id_: str,
    sentences: Sequence[Sentence],
    charts: Sequence[Mapping[str, Any]],
    table: Mapping[str, Any] | None,
) -> dict[str, Any]:
    title, said = say(language, f"comparison.{id_}"), [each.text for each in sentences]
    shown = {"sentences": said, "brief": brief(sentences), "charts": list(charts), "table": table}
    return {"id": id_, "title": title, **shown}


def brief(sentences: Sequence[Sentence]) -> list[str]:
    """The sentences that count: of each policy those that say better or worse come first."""
    if len(sentences) <= FEW:
        return [each.text for each in sentences]
    chosen = set[Sentence]()
    for place in {each.place for each in sentences if each.place}:
        mine = sorted((each for each in sentences if each.place == place), key=lambda each: not each.judged)
        chosen |= set(mine[:EACH])
    return [each.text for each in sentences if each in chosen] or [each.text for each in sentences[:FEW]]


def _table(caption: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> dict[str, Any]:
    return {"caption": caption, "columns": list(columns), "rows": [list(row) for row in rows]}


# --- the funnel ---------------------------------------------------------------------------------


def _funnel(told: _Told) -> dict[str, Any]:
    funnels, steps = told.both.funnels, pictures.steps(told.both.funnels)
    sentences = [Sentence(_flow(told, place, name), place) for place, name in enumerate(told.names)]
    rows = [
        [told.say(f"step.{step}"), *(_spread(told, table[step].to_numpy(dtype=float)) for table in funnels)]
        for step in steps
    ]
    columns = (told.say("comparison.column_step"), *told.names)
    table = _table(told.say("comparison.funnel_table"), columns, rows)
    chart = pictures.funnel(told.language, funnels, told.names)
    return _section(told.language, "funnel", sentences, [chart], table)


def _flow(told: _Told, place: int, name: str) -> str:
    means = {
        key: words.number(float(told.values(place, measure).mean()))
        for key, measure in (
            ("proposals", "proposals_received"),
            ("pocs", "poc_started"),
            ("services", "projects"),
        )
    }
    return told.say("comparison.flow", name=name, n=told.cities, **means)


def _spread(told: _Told, values: Floats, kind: measured.Kind | None = None) -> str:
    """The mean of runs, and where 9 of 10 of them lie."""
    low, high = measured.nine(values)
    ends = [words.number(each) if kind is None else measured.amount(told.language, kind, each)
            for each in (float(values.mean()), low, high)]  # fmt: skip
    return told.say(
        "language.bracketed", text=ends[0], more=told.say("language.range", low=ends[1], high=ends[2])
    )


# --- differences --------------------------------------------------------------------------------


def _differences(told: _Told) -> dict[str, Any]:
    if not told.others:
        alone = Sentence(told.say("comparison.one", base=told.base))
        return _section(told.language, "differences", [alone], [], None)
    found = _pairs(told)
    return _section(
        told.language, "differences", list(_sentences(told, found)), [_forest(told, found)],
        _differences_table(told, found),
    )  # fmt: skip


def _pairs(told: _Told) -> list[list[Pair]]:
    """For each other policy its differences."""
    from experiments.compare import compare

    places = [str(place) for place in range(len(told.names))]
    found = compare(_evidence(told.both), places, MEASURES_COMPARED)
    return [
        effect.counted(told.both, [each.of(measure) for measure in MEASURES_COMPARED], place)
        for place, each in enumerate(found, start=1)
    ]


def _evidence(both: Matched) -> Evidence:
    """The runs as a comparison wants them; of times and series nothing is asked here."""
    import pandas as pd

    from experiments.compare import Evidence

    return Evidence(pd.concat(both.outcomes, ignore_index=True), both.wholes, pd.DataFrame(), pd.DataFrame())


def _sentences(told: _Told, found: Sequence[Sequence[Pair]]) -> Iterator[Sentence]:
    if told.cities < effect.FEW:
        yield Sentence(told.say("effect.first", n=told.cities))
    for (place, name), mine in zip(told.others, found, strict=True):
        judged = [effect.judgement(each) != measured.CHANGED for each in mine if each.found.clear]
        for number, sentence in enumerate(effect.sentences(told.language, mine, told.cities)):
            text = told.say("comparison.told", name=name, base=told.base, sentence=sentence)
            yield Sentence(text, place, number < len(judged) and judged[number])
    if len(found) > 1:
        yield Sentence(told.say("comparison.together"))
    yield Sentence(told.say("effect.model"))


def _forest(told: _Told, found: Sequence[Sequence[Pair]]) -> dict[str, Any]:
    from analysis import echarts

    rows = [[_percent(told, each) for each in mine] for mine in found]
    names = [measured.name(told.language, measure) for measure in MEASURES_COMPARED]
    panel = echarts.forest("", told.say("comparison.forest_axis"), names, told.names, rows, EDGE)
    alt = told.say("comparison.forest_alt", base=told.base, told=_rows_told(told, found))
    return pictures.chart("forest", told.say("comparison.forest", base=told.base), alt, panel, _others(told))


def _others(told: _Told) -> list[dict[str, Any]]:
    """The legend of a forest: the looks that it gives to all but the first."""
    from analysis import echarts

    looks = echarts.looks(told.names)[1:]
    return [pictures.key(pictures.Look(look.name, look.colour, look.symbol)) for look in looks]


def _percent(told: _Told, pair: Pair) -> Row:
    """A difference in percent of the first policy's value; none where that is 0."""
    from analysis.echarts import Row

    found, kind = pair.found, measured.kind(pair.measure)
    scale = 100 / abs(found.base) if found.base else float("nan")
    middle = measured.name(told.language, pair.measure)
    tip = (middle, *_difference_told(told, kind, found))
    return Row(scale * found.difference, scale * found.low, scale * found.high, tip)


def _difference_told(told: _Told, kind: measured.Kind, found: Difference) -> tuple[str, ...]:
    size = measured.size(told.language, kind, found.difference) if found.pairs else "–"
    if not found.pairs > 1:
        return (size,)
    return (
        size,
        told.say("effect.column_range") + told.say("language.colon")
        + measured.signed(told.language, kind, found.low, found.high),
    )  # fmt: skip


def _rows_told(told: _Told, found: Sequence[Sequence[Pair]]) -> str:
    return told.say("language.sentences").join(
        told.say(
            "comparison.row_told", name=name, measure=measured.name(told.language, each.measure),
            size=measured.size(told.language, measured.kind(each.measure), each.found.difference),
        )
        for (_, name), mine in zip(told.others, found, strict=True)
        for each in mine
        if each.found.clear
    )  # fmt: skip


def _differences_table(told: _Told, found: Sequence[Sequence[Pair]]) -> dict[str, Any]:
    columns = [
        "column_difference",
        "column_range",
        "column_up",
        "column_down",
        "column_same",
        "column_reading",
    ]
    heads = [told.say(f"effect.{name}") for name in columns]
    first = [told.say("comparison.column_policy"), told.say("effect.column_measure")]
    values = [told.say("comparison.column_base"), told.say("comparison.column_here")]
    rows = [
        [name, *effect.row(told.language, each)]
        for (_, name), mine in zip(told.others, found, strict=True)
        for each in mine
    ]
    caption = told.say("comparison.differences_table", base=told.base)
    return _table(caption, [*first, *values, *heads], rows)


# --- who wins and who loses ---------------------------------------------------------------------


class _Share(NamedTuple):
    """What one group gets under one other policy."""

    by: str
    group: str
    place: int
    gain: str
    found: Difference
    tally: Count


def _groups(told: _Told) -> Iterator[dict[str, Any]]:
    if not told.others or any(each is None or not len(each) for each in told.groups):
        return
    shares = _shares(told)
    sentences = [
        Sentence(sentence, place)
        for place, name in told.others
        for by in GAINS
        for sentence in _group_sentences(
            told, [s for s in shares if s.place == place and s.by == by], name, by
        )
    ]
    yield _section(told.language, "groups", sentences, [_earned(told, shares)], _groups_table(told, shares))


def _shares(told: _Told) -> list[_Share]:
    """What each group gets more or less of; of each the ranges of all policies hold at once."""
    import pandas as pd

    from analysis.groups import complete

    known = [each for each in told.groups if each is not None]
    parts = [
        each[each["seed"].isin(told.both.seeds)].assign(scenario=str(place))
        for place, each in enumerate(known)
    ]
    full = complete(pd.concat(parts, ignore_index=True))
    return [
        share
        for (by, group), rows in full.groupby(["by", "group"], sort=True)
        for gain in GAINS.get(str(by), ())
        for share in _of_group(str(by), str(group), gain, rows, len(told.names))
    ]


def _of_group(by: str, group: str, gain: str, rows: pd.DataFrame, many: int) -> Iterator[_Share]:
    from analysis.pairs import family

    names = [str(place) for place in range(many)]
    wide = rows.pivot(index="seed", columns="scenario", values=gain).reindex(columns=names).dropna()
    if not len(wide):
        return
    base, *others = (wide[name].to_numpy(dtype=float) for name in names)
    for place, found in enumerate(family(gain, base, others), start=1):
        yield _Share(by, group, place, gain, found, effect.count(base, others[place - 1]))


def _kind(gain: str) -> measured.Kind:
    from analysis.groups import GAINS as KNOWN

    return measured.of_unit(KNOWN[gain].unit)


def _group_sentences(told: _Told, shares: Sequence[_Share], name: str, by: str) -> Iterator[str]:
    if by == "department":
        yield from _departments(told, shares, name)
        return
    clear = [share for share in shares if share.found.clear]
    for share in clear:
        group = measured.group(told.language, by, share.group)
        yield told.say("comparison.group_told", name=name, group=group, sentence=_group_sentence(told, share))
    if shares and not clear:
        yield told.say("comparison.group_none", name=name, by=told.say(f"group.by_{by}"))


def _group_sentence(told: _Told, share: _Share) -> str:
    way = "up" if share.found.difference > 0 else "down"
    clause = told.say(f"group.{share.gain}_{way}")
    verdict = told.say("measure.changed")
    return effect.counted_sentence(
        told.language, verdict, clause, _kind(share.gain), share.found, share.tally
    )


def _departments(told: _Told, shares: Sequence[_Share], name: str) -> Iterator[str]:
    if not shares:
        return
    order = sorted(shares, key=lambda share: share.found.difference)
    up = [share for share in reversed(order) if share.found.low > 0]
    down = [share for share in order if share.found.high < 0]
    named = {"most": _such(told, up), "least": _such(told, down)}
    yield told.say("comparison.departments", name=name, n=len(shares), up=len(up), down=len(down), **named)


def _such(told: _Told, shares: Sequence[_Share]) -> str:
    if not shares:
        return ""
    names = [measured.group(told.language, share.by, share.group) for share in shares[:NAMED]]
    return told.say("comparison.such_as", names=told.say("language.comma").join(names))


def _earned(told: _Told, shares: Sequence[_Share]) -> dict[str, Any]:
    """What kinds of vendors earn more or less."""
    from analysis import echarts

    mine = [share for share in shares if share.gain == "earned"]
    kinds = [kind for kind in ("startup", "sme", "large") if any(share.group == kind for share in mine)]
    cells = {(share.place, share.group): share.found for share in mine}
    rows = [[_money_row(told, kind, cells[place, kind]) for kind in kinds] for place, _ in told.others]
    names = [measured.group(told.language, "vendor_kind", kind) for kind in kinds]
    panel = echarts.forest("", told.say("language.money_million"), names, told.names, rows)
    title = told.say("comparison.earned", base=told.base)
    alt = told.say("comparison.forest_alt", base=told.base, told=_earned_told(told, kinds, cells))
    return pictures.chart("earned", title, alt, panel, _others(told))


def _money_row(told: _Told, kind: str, found: Difference) -> Row:
    from analysis.echarts import Row

    name = measured.group(told.language, "vendor_kind", kind)
    return Row(found.difference, found.low, found.high, (name, *_difference_told(told, "money", found)))


def _earned_told(told: _Told, kinds: Sequence[str], cells: Mapping[tuple[int, str], Difference]) -> str:
    return told.say("language.sentences").join(
        told.say(
            "comparison.row_told", name=name, measure=measured.group(told.language, "vendor_kind", kind),
            size=measured.size(told.language, "money", cells[place, kind].difference),
        )
        for place, name in told.others
        for kind in kinds
    )  # fmt: skip


def _groups_table(told: _Told, shares: Sequence[_Share]) -> dict[str, Any]:
    heads = ["policy", "group", "what", "base", "here"]
    columns = [
        *(told.say(f"comparison.column_{name}") for name in heads), told.say("effect.column_difference"),
        told.say("effect.column_range"),
    ]  # fmt: skip
    rows = [_group_cells(told, share) for share in sorted(shares, key=lambda share: share.place)]
    return _table(told.say("comparison.groups_table"), columns, rows)


def _group_cells(told: _Told, share: _Share) -> list[str]:
    kind, found = _kind(share.gain), share.found
    levels = [measured.amount(told.language, kind, value) for value in (found.base, found.other)]
    size = measured.size(told.language, kind, found.difference)
    ends = measured.signed(told.language, kind, found.low, found.high) if found.pairs > 1 else "–"
    group = measured.group(told.language, share.by, share.group)
    return [told.names[share.place], group, told.say(f"group.{share.gain}"), *levels, size, ends]


# --- money --------------------------------------------------------------------------------------


def _money(told: _Told) -> dict[str, Any]:
    sentences = [Sentence(_pays(told, place, name), place) for place, name in enumerate(told.names)]
    rows = [
        [measured.name(told.language, measure), *(_spread(told, told.values(place, measure), "money")
         for place in range(len(told.names)))]
        for measure in MONEY
    ]  # fmt: skip
    columns = (told.say("effect.column_measure"), *told.names)
    table = _table(told.say("comparison.money_table"), columns, rows)
    return _section(told.language, "money", sentences, [_money_chart(told)], table)


def _pays(told: _Told, place: int, name: str) -> str:
    keys = dict(zip(("spent", "wasted", "vendors", "value"), MONEY, strict=True))
    means = {
        key: words.money(told.language, float(told.values(place, measure).mean()))
        for key, measure in keys.items()
    }
    return told.say("comparison.pays", name=name, n=told.cities, **means)


def _money_chart(told: _Told) -> dict[str, Any]:
    from analysis import echarts

    looks, places = pictures.looks(told.names), range(len(told.names))
    most = max(measured.nine(told.values(place, measure))[1] for place in places for measure in MONEY)
    unit, factor = words.money_unit(told.language, most)
    found = [
        [pictures.bar(told.language, told.values(place, measure), factor) for measure in MONEY]
        for place in places
    ]
    rows = [measured.name(told.language, measure) for measure in MONEY]
    panel = echarts.grouped("", unit, rows, pictures.keys(looks), found, factor * most)
    alt = told.say("comparison.money_alt", told=pictures.bars_told(told.language, rows, told.names, found))
    keys = [pictures.key(look) for look in looks]
    return pictures.chart("money", told.say("comparison.money_chart"), alt, panel, keys)
