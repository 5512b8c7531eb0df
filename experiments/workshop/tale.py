"""The life of one case in any language of the page: the facts of ``experiments.story``, in texts by key.

Texts of the section ``tale`` are found by what happened: ``event_<kind>_<word>`` for an event,
``why_<number>`` for a line of ``experiments.phrases.WHY``. In English a tale reads as ``cityfunnel story``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from experiments import phrases, story
from experiments.story import Life
from experiments.workshop import film
from experiments.workshop.words import joined, known, say
from sim.events import Event, EventLog, Kind
from sim.stages import ENDS, Reason, Stage

if TYPE_CHECKING:
    from datetime import date

    from sim.scenario import Scenario

#: limits below which a score, or a fit, has the word ``grade_0`` or ``fits_0`` and so on
_GRADES = tuple(limit for limit, _ in phrases.GRADES[:-1])
_FITS = tuple(limit for limit, _ in phrases.FITS[:-1])

_DEPARTMENT = re.compile(
    r"(?:(?P<city>.+) )?(?P<domain>[A-Z][a-z]+|Domain \d+) (?P<number>\d+)(?: need (?P<need>\d+))?"
)
_UNNAMED = re.compile(r"domain (\d+)")


def tale(scenario: Scenario, seed: int, case: int, language: str) -> dict[str, Any]:
    """Run one city and tell the life of one of its cases, as :func:`of` does.

    Raises:
        InputError: the run has no case of that number.
        KeyError: nobody wrote texts in this language.
    """
    return of(film.played(scenario, seed), case, language)


def of(log: EventLog, case: int, language: str) -> dict[str, Any]:
    """The life of one case.

    Returns:
        ``title``; ``facts``: who paid what, and what nobody could be sure of, in sentences; ``steps``:
        ``date`` in words, ``day`` (ISO) and ``text``, one a day; ``end``: why it ended or where it stands.

    Raises:
        InputError: the run has no case of that number.
        KeyError: nobody wrote texts in this language.
    """
    teller = Teller(Life(log, story.checked(log, case)), language)
    space = say(language, "tale.sentence_space")
    told = ((story.day(log, time), text) for time, text in teller.steps())
    days = ((day, space.join(text for _, text in texts)) for day, texts in groupby(told, key=itemgetter(0)))
    return {
        "title": teller.title(),
        "facts": [*teller.money(), teller.truth()],
        "steps": [{"date": long(language, day), "day": day.isoformat(), "text": text} for day, text in days],
        "end": teller.end(),
    }


# --- words of one language ----------------------------------------------------------------------


def key(*words: object) -> str:
    """The key in the section ``tale`` that some words make."""
    return "tale." + "_".join(re.sub(r"\W+", "_", str(word)) for word in words if word != "")


def chosen(language: str, *words: object, other: str, **values: object) -> str:
    """The text of a key, or of ``other`` where nobody wrote one."""
    found = key(*words)
    return say(language, found if known(language, found) else f"tale.{other}", **values)


def money(language: str, amount: float | None) -> str:
    """An amount of NT$, given in millions."""
    millions = amount or 0.0
    thousands = round(1000 * millions)
    size = "large" if thousands >= 1000 else "small"
    ten_thousands = f"{100 * millions:,.{0 if thousands >= 1000 else 1}f}"
    return say(
        language,
        f"tale.money_{size}",
        millions=f"{millions:,.1f}",
        thousands=str(thousands),
        wan=ten_thousands,
    )


def count(language: str, number: float | None, thing: str) -> str:
    """So many of a thing, of which there is a text ``count_<thing>``."""
    whole = round(number or 0)
    figure = chosen(language, "number", whole, other="number_other", number=str(whole))
    return say(language, f"tale.count_{thing}", n=whole, count=figure)


def points(language: str, value: float | None) -> str:
    """A value from 0 to 1 in points."""
    return say(language, "tale.points", points=f"{100 * (value or 0.0):.0f}")


def long(language: str, day: date) -> str:
    """A date in full."""
    month = say(language, f"tale.month_{day.month}")
    return say(language, "tale.date", day=str(day.day), month=month, year=str(day.year))


def field(language: str, domain: str) -> str:
    """A field of policy; one that the city has named itself stays as it is."""
    unnamed = _UNNAMED.fullmatch(domain)
    if unnamed:
        return say(language, "tale.domain_other", number=unnamed[1])
    found = key("domain", domain)
    return say(language, found) if known(language, found) else domain


def named(language: str, name: str) -> str:
    """A department, or a need of one; whatever else has a name keeps it."""
    found = _DEPARTMENT.fullmatch(name)
    domain = found["domain"].lower() if found else ""
    if not found or not (known(language, key("domain", domain)) or _UNNAMED.fullmatch(domain)):
        return name
    told = phrases.upper(field(language, domain))
    department = say(language, "tale.department", domain=told, number=found["number"])
    if found["city"]:
        department = f"{found['city']} {department}"
    return (
        say(language, "tale.need", department=department, number=found["need"])
        if found["need"]
        else department
    )


def _graded(language: str, name: str, value: float, limits: Sequence[float]) -> str:
    return say(language, f"tale.{name}_{sum(value >= limit for limit in limits)}")


# --- one life -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Teller:
    """Tells one life in one language.

    Attributes:
        life: the case and its events.
        language: code of the language.
    """

    life: Life
    language: str

    def text(self, name: str, event: Event | None = None, /, **values: object) -> str:
        """The text ``tale.<name>`` with what is known of the case, of an event, and more put in."""
        about, host = self.life.record, self.host
        filled: dict[str, object] = {
            "vendor": about.vendor,
            "kind": chosen(
                self.language, "vendor", about.vendor_kind, other="number_other", number=about.vendor_kind
            ),
            "domain": field(self.language, about.domain),
            "parent": str(about.parent),
            "host": host,
            "Host": phrases.upper(host),
            "actor": named(self.language, event.actor or "") if event else "",
            "amount": money(self.language, event.amount) if event else "",
            "days": str(round(event.time - self.life.moves[0].time)) if event else "",
        }
        return say(self.language, f"tale.{name}", **{**filled, **values})

    @property
    def host(self) -> str:
        """The department that hosts the case."""
        about = self.life.record
        if not about.department:
            return say(self.language, "tale.host_unknown")
        return say(self.language, "tale.host", department=named(self.language, about.department))

    def one(self, *words: object, other: str, event: Event | None = None, **values: object) -> str:
        """The text that some words choose, or else the text ``other``."""
        found = key(*words)
        name = found.removeprefix("tale.") if known(self.language, found) else other
        return self.text(name, event, **values)

    def title(self) -> str:
        """Who offered what."""
        return self.one("title", self.life.record.channel, other="title_other")

    # what happened

    def steps(self) -> Iterator[tuple[float, str]]:
        """What happened, in order, with its day; what needs no words is left out."""
        for event in story.around(self.life):
            if text := self.sentence(event):
                yield event.time, text
        if not self.life.over:
            yield self.life.log.days, self.text("run_ends", stands=self._stands())
        if self.life.rival is not None:
            rival = Teller(self.life.rival, self.language)
            for event in rival.life.events:
                name = key("rival", event.kind, story.word_of(event))
                if known(self.language, name):
                    yield event.time, rival.text(name.removeprefix("tale."), event)

    def sentence(self, event: Event) -> str | None:
        """What an event is told as, or ``None`` where it needs no words."""
        if event.kind == Kind.MOVE and event.target in ENDS:
            return self.end()
        special = _SPECIAL.get(event.kind)
        if special is not None:
            return special(self, event)
        word = story.word_of(event)
        for name in (
            key("event", event.kind, word, self.life.record.channel),
            key("event", event.kind, word),
        ):
            if known(self.language, name):
                return self.text(name.removeprefix("tale."), event)
        return None

    def _stands(self) -> str:
        return self.text(f"stands_{self.life.stage}")

    def task(self, event: Event) -> str:
        """Work of the office."""
        begun = [e for e in self.life.of(Kind.BEGUN) if e.origin == event.origin and e.time <= event.time]
        waited, worked = round(begun[-1].amount or 0) if begun else 0, round(event.amount or 0)
        done = self.one("task", event.origin, other="task_other", name=event.origin)
        if event.origin == "match" and len(begun) > 1:
            done = self.text("task_again", task=done)
        work = count(self.language, worked, "day") if worked else self.text("less_than_day")
        wait = count(self.language, waited, "day")
        return self.text("task_waited" if waited else "task", task=done, work=work, wait=wait)

    def review(self, event: Event) -> str:
        """A review's marks and verdict."""
        if event.origin == "second":
            return self.text("review_second_tender" if event.target == "tender" else "review_second_other")
        verdict = self.one("verdict", event.target, other="number_other", number=event.target)
        if verdict[-1] not in "?？":
            verdict = self.text("stop", text=verdict)
        return self.text(
            "review",
            which=self.text(f"review_{event.origin}"),
            points=points(self.language, event.amount),
            grade=_graded(self.language, "grade", event.amount or 0, _GRADES),
            weak=self.one("criterion", event.reason, other="number_other", number=event.reason),
            verdict=verdict,
        )

    def referred(self, event: Event) -> str:
        """On its way to the steering group."""
        others = count(self.language, (event.amount or 1) - 1, "case")
        return self.text("referred", why=self.one("referral", event.reason, other="referral"), others=others)

    def hearing(self, event: Event) -> str:
        """What the steering group decided."""
        turn = sum(each.time <= event.time for each in self.life.of(Kind.HEARING))
        return self.text(
            "hearing",
            turn=self.one("turn", turn, other="turn_other", number=str(turn)),
            barrier=self.one("barrier", event.reason, other="barrier"),
            support=points(self.language, event.amount),
            result=self.one("hearing", event.target, other="number_other", number=event.target),
        )

    def round(self, event: Event) -> str | None:
        """The bids of a round of a tender."""
        if event.target == "opened":
            return None
        bids = [each for each in self.life.of(Kind.BID) if each.origin == event.origin]
        asked = [self.text("asks", vendor=e.actor, amount=money(self.language, e.amount)) for e in bids]
        name = f"round{'_failed' if event.target == 'failed' else ''}{'' if asked else '_none'}"
        came = phrases.upper(count(self.language, event.amount, "bid"))
        return self.text(name, bids=came, asked=self.text("semicolon").join(asked))

    def award(self, event: Event) -> str:
        """Who won."""
        own = event.reason == "own"
        who = self.life.record.vendor if own else self.text("award_rival", vendor=event.target)
        rule = self.one("rule", event.origin, other="rule_other", rule=event.origin)
        return self.text("award", event, who=who, rule=rule)

    def measured(self, event: Event) -> str:
        """A solution that was developed."""
        return self.text("measured", vendor=event.target, points=points(self.language, event.amount))

    def interest(self, event: Event) -> str | None:
        """Who else could offer it."""
        if event.target == "opened":
            return None
        return self.text("interest", vendors=count(self.language, event.amount, "vendor"))

    # the end

    def end(self) -> str:
        """Why it ended, or where it stands at the end of the run."""
        last, log = self.life.moves[-1], self.life.log
        if not self.life.over:
            day = long(self.language, story.day(log, log.days))
            return self.text("run_end", date=day, stands=self._stands())
        if self.life.stage is Stage.SUSTAINED:
            return self.text("full_time" if last.origin == Stage.DEPLOYED else "lasting")
        whole = "service_ends" if self.life.stage is Stage.ABANDONED else "ends"
        return self.text(whole, why=self.why(last))

    def why(self, last: Event) -> str:
        """The reason for the end."""
        reason = Reason(str(last.reason))
        name = self._why(last, reason, Stage(str(last.origin)))
        if not known(self.language, f"tale.{name}"):
            return self.text("reason_other", reason=say(self.language, f"reason.{reason}"))
        return self.text(name, last)

    def _why(self, last: Event, reason: Reason, origin: Stage) -> str:
        if reason is Reason.FINANCIAL and story.left(self.life, last):
            return "gone"
        if origin in (Stage.LAUNCHED, Stage.DEPLOYED):
            return f"{'left' if origin is Stage.LAUNCHED else 'given_up'}_{reason}"
        if reason is Reason.COMPETITION and self.life.rival is not None:
            return "beaten"
        reviews = [each.target for each in self.life.of(Kind.REVIEW)]
        if reason is Reason.ADMINISTRATIVE and reviews[-1:] == ["no_follow_up"]:
            return "unwanted"
        declined = [each.actor for each in self.life.of(Kind.DECISION) if each.target == "declines"]
        if declined and origin is Stage.SCREENED and reason in phrases.DECLINED:
            return f"declined_{reason}" if last.actor == declined[-1] else "no_other"
        return f"why_{1 + phrases.line(reason, origin, str(last.actor))}"

    # money and truth

    def money(self) -> Iterator[str]:
        """What each party paid and received for this case, and for a rival's contract that followed."""
        for party, paid, received in story.accounts(self.life):
            if party is None:
                number = len({event.origin for event in paid})
                bidders = phrases.upper(count(self.language, number, "bidder"))
                yield self.text("others_paid", bidders=bidders, paid=self._sums(paid))
            else:
                told = {"party": named(self.language, party), "paid": self._sums(paid)}
                form = "paid_received" if received else "paid"
                yield self.text(form, **told, received=self._sums(received))

    def _sums(self, payments: Iterable[Event]) -> str:
        sums = story.sums(
            payments,
            lambda event: self.one("purpose", event.reason, other="number_other", number=event.reason),
        )
        parts = [self.text("sum", amount=money(self.language, sums[what]), purpose=what) for what in sums]
        return joined(self.language, parts)

    def truth(self) -> str:
        """What nobody in the city could be sure of."""
        about = self.life.record
        motive = key("motive", about.motive)
        told = self.text(motive.removeprefix("tale.")) if known(self.language, motive) else ""
        if about.fit is None or about.need is None:
            return told
        fits = _graded(self.language, "fits", about.fit, _FITS)
        need = named(self.language, about.need)
        truth = self.text("truth", need=need, fits=fits, points=points(self.language, about.fit))
        return say(self.language, "tale.sentence_space").join(filter(None, (told, truth)))


_SPECIAL: Mapping[str, Callable[[Teller, Event], str | None]] = {
    Kind.DONE: Teller.task,
    Kind.REVIEW: Teller.review,
    Kind.REFERRED: Teller.referred,
    Kind.HEARING: Teller.hearing,
    Kind.ROUND: Teller.round,
    Kind.AWARD: Teller.award,
    Kind.MEASURED: Teller.measured,
    Kind.INTEREST: Teller.interest,
}
