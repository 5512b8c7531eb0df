"""The words of a story: what happened, and why it ended, as one would say it to a mayor.

Texts may hold the fields ``{vendor}`` (its name), ``{kind}`` (of firm), ``{domain}``, ``{parent}``
(number of a case), ``{host}`` and ``{Host}`` (the department), ``{actor}``, ``{amount}`` (money) and
``{days}`` (since the submission).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

from sim.events import Kind
from sim.stages import Reason, Stage

# --- who offers what ----------------------------------------------------------------------------

VENDORS = {"startup": "a start-up", "sme": "a small or medium-sized firm", "large": "a large firm"}

TITLES = {
    "bottom_up": "{vendor}, {kind}, offers the city a solution in the field of {domain}",
    "top_down": "The city asks {vendor}, {kind}, to answer a need in the field of {domain}",
    "problem_led": "{vendor}, {kind}, answers a call for solutions in the field of {domain}",
    "challenge": "{vendor}, {kind}, applies to a challenge programme in the field of {domain}",
    "pitch": "{vendor}, {kind}, pitches a solution in the field of {domain}",
    "exchange": "{vendor}, {kind}, brings what works in another city in the field of {domain}",
    "tender": "{vendor}, {kind}, wins the tender that followed case {parent}",
    "market": "{vendor}, {kind}, follows case {parent} into the market that it opened",
}
TITLE = "{vendor}, {kind}, comes to the city with a solution in the field of {domain}"

MOTIVES = {
    "solver": "{vendor} wanted to solve a need of the city.",
    "tester": "{vendor} mainly wanted to test its product.",
}

# --- what happened ------------------------------------------------------------------------------

#: kind of event and its word (the target, or the reason of a payment, or both for a decision; with
#: the channel where one is told apart) -> what is said
EVENTS: dict[tuple[str, str], str] = {
    (Kind.MOVE, "submitted bottom_up"): "{vendor} hands in a proposal on its own initiative.",
    (
        Kind.MOVE,
        "submitted top_down",
    ): "Among the contacts of the city, {vendor} is found to answer the need.",
    (Kind.MOVE, "submitted problem_led"): "{vendor} answers a challenge of the call.",
    (Kind.MOVE, "submitted challenge"): "{vendor} applies to the programme.",
    (Kind.MOVE, "submitted pitch"): "{vendor} hands in an offer.",
    (Kind.MOVE, "submitted exchange"): "{vendor} offers what has passed its test in a linked city.",
    (Kind.MOVE, "submitted"): "{vendor} hands in a proposal.",
    (Kind.MOVE, "screened bottom_up"): "It agrees with the city's policy framework.",
    (Kind.MOVE, "screened problem_led"): "It is chosen among the answers.",
    (Kind.MOVE, "screened challenge"): "It is accepted to the event.",
    (Kind.MOVE, "screened exchange"): "It agrees with the city's policy framework.",
    (Kind.TALK, ""): "{vendor} and the department {actor} meet at the event.",
    (Kind.MOVE, "matched"): "{Host} agrees to host it.",
    (Kind.MOVE, "cleared"): "Nothing stands in its way any more.",
    (Kind.MOVE, "poc"): "The proof of concept begins with {host}.",
    (Kind.MOVE, "extended"): "The proof of concept is extended.",
    (Kind.MOVE, "second_poc"): "A small-scale purchase for {amount} begins, as a second proof of concept.",
    (Kind.MOVE, "preparation"): "{Host} prepares a purchase and expects a price of {amount}.",
    (Kind.MOVE, "tender"): "The call for tenders opens.",
    (Kind.MOVE, "retender"): "The call opens for the second time.",
    (Kind.MOVE, "contract tender"): "{Host} gives it the contract for {amount}.",
    (Kind.MOVE, "deployed"): "The solution goes into service.",
    (
        Kind.MOVE,
        "launched",
    ): "{vendor} launches the service, which citizens pay for: the city need not buy it.",
    (Kind.MOVE, "launched market"): "{vendor} copies the service and launches its own.",
    (Kind.PAYMENT, "registration"): "Under an ordinance it registers with the city, for {amount}.",
    (Kind.DECISION, "declines misfit"): "The department {actor} declines: it doubts that it needs this.",
    (
        Kind.DECISION,
        "declines administrative",
    ): "The department {actor} declines: it is not willing to host it.",
    (Kind.PAYMENT, "poc cost"): "{vendor} pays {amount} for the test.",
    (Kind.PAYMENT, "poc grant"): "The city gives {amount} towards the test.",
    (Kind.TAKEOVER, ""): "Its firm has left the market. {actor} takes the service over for {amount}.",
    (Kind.PAYMENT, "development"): "The city pays {amount} for the development of a solution.",
    (Kind.PAYMENT, "result"): "It works, so {host} pays the rest of the price, {amount}.",
    (Kind.PAYMENT, "gain share"): "{vendor} gets {amount} of the gain.",
    (Kind.PAYMENT, "refund"): "{vendor} gives {amount} of the price back.",
    (Kind.SOLVED, ""): "It solves the need, which is worth {amount} a year to the city.",
    (Kind.UNSOLVED, ""): "It does not solve the need: the money was spent for nothing.",
    (Kind.ELECTION, "changed"): "Election: the city has a new mayor.",
    (Kind.ELECTION, "kept"): "Election: the mayor stays.",
}

#: what became of a rival's contract
RIVAL: dict[tuple[str, str], str] = {
    (Kind.MOVE, "deployed"): "The rival {vendor} puts its solution into service.",
    (Kind.MOVE, "sustained"): "The rival's contract has run its full time, and its service is still in use.",
    (Kind.MOVE, "abandoned"): "The rival's service is given up.",
    (Kind.MOVE, "closed"): "The rival gives the contract up.",
    (Kind.TAKEOVER, ""): EVENTS[Kind.TAKEOVER, ""],
    (Kind.SOLVED, ""): EVENTS[Kind.SOLVED, ""],
    (Kind.UNSOLVED, ""): EVENTS[Kind.UNSOLVED, ""],
}

TASKS = {
    "screen": "has screened the proposal",
    "match": "has looked for a department that needs it",
    "present": "has helped {vendor} to present it to the department",
    "coordinate": "has brought another department in",
    "midway review": "has prepared the midway review",
    "final review": "has prepared the final review",
}

CRITERIA = {
    "execution": "the work itself",
    "technical": "how well it meets the need",
    "administrative": "how well the administration can handle it",
    "financial": "the finances of {vendor}",
}

VERDICTS = {
    "continue": "the test goes on",
    "close": "the test is closed",
    "extend": "it needs more field tests",
    "small_purchase": "it works, but can {vendor} deliver on a larger scale?",
    "tender": "it works, and {host} wants it on a larger scale",
    "no_follow_up": "it works",
    "launch": "it works, and citizens will pay for it",
}

HEARINGS = {
    "granted": "the way is free",
    "deferred": "no solution is found yet",
    "refused": "no solution is found, and the case is given up",
}

#: why a case goes to the steering group
REFERRALS = {Reason.REGULATORY.value: "The law stands in the way"}
REFERRAL = "Another department does not consent"

BARRIERS = {Reason.REGULATORY.value: "the law that stands in the way"}
BARRIER = "another department that will not take part"

RULES = {
    "best_value": "as the best value for money",
    "lowest_price": "as the lowest price",
    "performance_based": "for the performance that it promises",
    "design_contest": "for the best design",
    "pre_commercial": "for the better of the solutions that were developed",
    "alliance": "as the partner with whom it shares risk and reward",
    "direct": "directly, without a tender",
}

PURPOSES = {
    "poc cost": "the test",
    "poc grant": "the test",
    "bid cost": "bidding",
    "contract": "the contract",
    "result": "the result",
    "gain share": "a share of the gain",
    "refund": "a service that does not work",
    "development": "the development",
    "development cost": "the development",
    "small purchase": "the second test",
    "delivery cost": "building and running it",
    "takeover": "taking the service over",
    "launch cost": "the launch",
    "market income": "what citizens bought",
    "running cost": "running it",
    "registration": "the registration",
}

# --- vendors and needs --------------------------------------------------------------------------

THERE = "{vendor}, {kind}, is in business, with {amount}."
ENTERS = "{vendor}, {kind}, comes into the market, with {amount}."
LEAVES = "{vendor} runs out of money and leaves the market."
BIDS = "{vendor} bids {amount} for the contract that follows case {case}."

NEEDED = "{Host} has the need; to solve it is worth {amount} a year."
ARISES = "The need arises in {host}; to solve it is worth {amount} a year."
OCCASIONS = {
    "roadmap": "{Host} puts the need into words as it reviews its roadmap",
    "call": "{Host} publishes the need in a call",
    "workshop": "{Host} works the need out in a workshop",
    "validation": "{Host} puts the need right, as those concerned see it",
    "students' idea": "{Host} sees the need in an idea of students",
    "citizens": "{Host} puts the need into words, as citizens demand it",
    "success nearby": "{Host} puts the need into words, after a success nearby",
}
STATED = "{Host} puts the need into words ({occasion})"
UNANSWERED = "The run ends. Nothing has solved the need."

INCOMES = {
    "entry capital": "as capital",
    "private income": "in other business",
    "private finance": "from investors",
    "poc grant": "for tests",
    "small purchase": "for second tests",
    "contract": "for contracts",
}
EXPENSES = {
    "private income": "in other business",
    "poc cost": "for tests",
    "bid cost": "for bidding",
    "delivery cost": "to build and run services",
    "exit": "to creditors and owners as it left",
}

# --- two worlds ---------------------------------------------------------------------------------

#: why a case of one world is not there in another
ABSENT = {
    "never": "{vendor} never comes into the market there.",
    "gone": "{vendor} had left the market there on {day}.",
    "closed": "Nothing comes in that way there from that day on.",
    "solved": "The need had been solved there on {day}.",
    "bottom_up": "{vendor} lets that occasion pass there.",
    "top_down": "No vendor is sought for it there at that turn.",
    "problem_led": "{vendor} does not answer that call there.",
    "challenge": "{vendor} does not apply to that programme there.",
    "pitch": "{vendor} makes no such offer there.",
    "exchange": "{vendor} does not bring it there from another city.",
    "tender": "That tender was not held there, or {vendor} did not win it.",
}
ELSEWHERE = "There is no such case there."

# --- where it stands, why it ended --------------------------------------------------------------

STANDS = {
    Stage.SUBMITTED: "waits to be looked at",
    Stage.SCREENED: "is looking for a department to host it",
    Stage.MATCHED: "waits for what stands in its way to be settled",
    Stage.CLEARED: "waits for a place to be tested",
    Stage.POC: "is being tested",
    Stage.EXTENDED: "is being tested further",
    Stage.SECOND_POC: "is in its second test",
    Stage.PREPARATION: "waits for a tender to be written and paid for",
    Stage.TENDER: "is out to tender",
    Stage.RETENDER: "is out to tender for the second time",
    Stage.CONTRACT: "is being built",
    Stage.DEPLOYED: "is in service",
    Stage.LAUNCHED: "is in service, and citizens pay for it",
}

FULL_TIME = "The contract has run its full time, and the service is still in use."
LASTING = "The service has lasted as long as a contract would, and goes on."

GIVEN_UP = {
    Reason.MISFIT: "it does not answer the need",
    Reason.FINANCIAL: "{vendor} cannot go on paying for it",
    Reason.TECHNICAL: "it is out of date",
    Reason.ADMINISTRATIVE: "{host} cannot keep it running",
}

#: why a service was given up that citizens paid for
LEFT = {
    Reason.COMPETITION: "too many others offer the same",
    Reason.FINANCIAL: "citizens do not pay enough for it",
    Reason.REGULATORY: "{vendor} cannot pay for the registration that the ordinance asks for",
}

GONE = "{vendor} ran out of money and left the market"
UNWANTED = "it worked, but {host} did not want to go on with it"
BEATEN = "another vendor won the tender"
DECLINED = {
    Reason.MISFIT: "the department {actor} doubted that it needs this",
    Reason.ADMINISTRATIVE: "the department {actor} was not willing to host it",
}
NO_OTHER = "no other department was found for it"


class Why(NamedTuple):
    """One reason in words; it holds for any stage, or any actor, where none is named."""

    reason: Reason
    text: str
    stages: frozenset[Stage] = frozenset()
    actor: str = ""


_TESTS = frozenset({Stage.POC, Stage.EXTENDED})
_TENDERS = frozenset({Stage.TENDER, Stage.RETENDER})


def _at(*stages: Stage) -> frozenset[Stage]:
    return frozenset(stages)


#: the first that holds is said
WHY = (
    Why(Reason.MISFIT, "it does not agree with what the city asks for", _at(Stage.SUBMITTED)),
    Why(Reason.MISFIT, "no department was found that needs it", _at(Stage.SCREENED)),
    Why(Reason.MISFIT, "no offer reached the quality that was asked for", _TENDERS),
    Why(Reason.MISFIT, "the test showed that it does not meet the need well enough"),
    Why(Reason.FINANCIAL, "the budget of {host} did not suffice", _at(Stage.PREPARATION)),
    Why(Reason.FINANCIAL, "the reviewers do not trust the finances of {vendor}", _TESTS),
    Why(Reason.FINANCIAL, "{vendor} could not raise the money for the test, which vendors pay themselves"),
    Why(Reason.TECHNICAL, "it is not ready for a test, even after rework", _at(Stage.MATCHED)),
    Why(Reason.TECHNICAL, "{vendor} cannot deliver on a larger scale", _at(Stage.SECOND_POC)),
    Why(Reason.TECHNICAL, "it did not work well enough in the field"),
    Why(
        Reason.ADMINISTRATIVE,
        "another department would not take part, and the steering group did not bring it round",
        actor="steering group",
    ),
    Why(Reason.ADMINISTRATIVE, "no department was found that would host it", _at(Stage.SCREENED)),
    Why(Reason.ADMINISTRATIVE, "paperwork and permits could not be settled", _at(Stage.MATCHED)),
    Why(Reason.ADMINISTRATIVE, "the administration could not have handled it"),
    Why(Reason.REGULATORY, "the law does not allow it, and the steering group found no way"),
    Why(Reason.POLITICAL, "the new mayor dropped it", actor="mayor"),
    Why(Reason.POLITICAL, "the steering group had too little political backing to clear the way"),
    Why(Reason.COMPETITION, "another answer to the challenge was chosen", _at(Stage.SUBMITTED)),
    Why(Reason.COMPETITION, "the department preferred another vendor", _at(Stage.SCREENED)),
    Why(Reason.COMPETITION, "another solution had met the need by then", _at(Stage.PREPARATION)),
    Why(Reason.COMPETITION, "too few vendors bid for the contract"),
    Why(Reason.WITHDRAWN, "{vendor} lost patience after {days} days and withdrew"),
)


def why(reason: Reason, stage: Stage, actor: str) -> str:
    """Why a case ended that stood at ``stage`` when ``actor`` closed it."""
    return WHY[line(reason, stage, actor)].text


def line(reason: Reason, stage: Stage, actor: str) -> int:
    """The place of the first line of :data:`WHY` that holds."""
    return next(
        place
        for place, row in enumerate(WHY)
        if row.reason is reason and (not row.stages or stage in row.stages) and row.actor in ("", actor)
    )


# --- amounts ------------------------------------------------------------------------------------

#: words for a score, and for a fit, below each limit
GRADES = ((0.4, "poor"), (0.5, "weak"), (0.6, "fair"), (0.75, "good"), (1.01, "very good"))
FITS = ((0.25, "hardly at all"), (0.5, "badly"), (0.7, "partly"), (0.85, "well"), (1.01, "almost perfectly"))
_NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
_MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)


def points(value: float) -> str:
    """A value from 0 to 1 in points."""
    return f"{100 * value:.0f} of 100"


def grade(value: float) -> str:
    """A score from 0 to 1 in a word."""
    return _graded(value, GRADES)


def fit(value: float) -> str:
    """A fit from 0 to 1 in a word."""
    return _graded(value, FITS)


def _graded(value: float, grades: Sequence[tuple[float, str]]) -> str:
    return next((word for limit, word in grades if value < limit), grades[-1][1])


def money(amount: float | None) -> str:
    """NT$ m; thousands below a million."""
    amount = amount or 0.0
    thousands = round(1000 * amount)
    return f"NT$ {amount:,.1f} million" if thousands >= 1000 else f"NT$ {thousands} thousand"


def long(day: date) -> str:
    """A date in full, in English on every machine."""
    return f"{day.day} {_MONTHS[day.month - 1]} {day.year}"


def count(number: float | None, thing: str) -> str:
    """``three bids``; small numbers as words."""
    whole = round(number or 0)
    return f"{_NUMBERS[whole] if whole < len(_NUMBERS) else whole} {thing}{'' if whole == 1 else 's'}"


def upper(text: str) -> str:
    """With a capital first letter."""
    return text[:1].upper() + text[1:]


def listed(parts: Sequence[str]) -> str:
    """``a, b and c``."""
    return " and ".join(filter(None, (", ".join(parts[:-1]), *parts[-1:])))
