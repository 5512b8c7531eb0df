"""Every number of the model: default, unit, range, evidence and source.

The tree has one group for each kind of thing; a number's path is ``group.name`` (vendors' numbers
by kind: ``vendors.startup.cash``). Evidence labels:

``observed``
    seen in the case itself, with the id of the observation;
``literature``
    seen elsewhere, taken as a prior;
``assumed``
    no figure is known; the range is the prior;
``calibrated``
    no figure is known of it alone; the median of a sample from the posterior, given what Taipei
    observed (``scenarios/posterior/taipei_m1.csv``); the range is the prior;
``tuned``
    assumed, and set by hand before that, so that the Taipei stage 1 funnel came out (see
    ``docs/odd.md``);
``policy``
    a rule of the game, which a scenario or a policy may change.

Source ids point to ``docs/evidence.md``. Money is in millions of New Taiwan dollars (NT$ m),
time in days unless a unit says otherwise, shares and chances run from 0 to 1.
"""

from __future__ import annotations

import reprlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, cast

from pydantic import BaseModel, ConfigDict, Field, ValidationError, create_model
from pydantic.fields import FieldInfo

from sim.errors import ParameterError, nearest
from sim.plugins import names

if TYPE_CHECKING:
    Rule = str
else:  # the names of the award rules: ours, then those of other installed packages
    Rule = Literal["best_value", "lowest_price", "performance_based", "design_contest", "pre_commercial", "alliance", *names("cityfunnel.rules")]

Evidence = Literal["observed", "literature", "assumed", "calibrated", "tuned", "policy"]
Value = float | int | bool | str


class Group(BaseModel):
    """A frozen group of numbers, checked when made; unknown names are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False, validate_default=True)


def number(
    default: float, unit: str, low: float, high: float, evidence: Evidence, source: str, meaning: str
) -> Any:
    """A number from ``low`` to ``high``, both included."""
    extra = {"unit": unit, "evidence": evidence, "source": source}
    return Field(default=default, ge=low, le=high, description=meaning, json_schema_extra=cast(Any, extra))


def choice(default: bool | str, source: str, meaning: str) -> Any:
    """A switch or a named rule; always a policy."""
    extra = {"unit": "", "evidence": "policy", "source": source}
    return Field(default=default, description=meaning, json_schema_extra=cast(Any, extra))


class City(Group):
    """The size of a city's administration."""

    departments: int = number(32, "departments", 1, 100, "observed", "S08", "municipal departments and agencies")
    domains: int = number(8, "domains", 1, 20, "observed", "S13", "fields of the smart-city policy (1+7)")


class Needs(Group):
    """Problems of departments, most of them latent."""

    initial: float = number(2.4, "needs/department", 0, 6, "tuned", "G3", "mean number at the start")
    arrival: float = number(0.5, "needs/department/year", 0, 4, "tuned", "G3", "rate at which new needs arise")
    severity: float = number(2.0, "NT$ m/year", 0.1, 20, "assumed", "G3", "median value of a solved need")
    severity_spread: float = number(0.8, "log units", 0, 2, "assumed", "G3", "spread of that value (lognormal)")
    barrier_share: float = number(0.15, "share", 0, 1, "tuned", "S74", "needs behind a regulatory barrier")
    crossing: float = number(0.3, "departments", 0, 3, "tuned", "S19 S68", "mean number of other departments that must consent")
    scope: float = number(2.5, "years of value", 0.5, 8, "assumed", "G3", "contract price of a full solution, in years of its value")
    price_spread: float = number(0.4, "log units", 0, 1.5, "assumed", "G3", "spread of the contract price (lognormal)")


class Fit(Group):
    """How far apart offer and need may be (positions on a circle of circumference 1)."""

    tolerance: float = number(0.10, "circumference", 0.02, 0.5, "tuned", "S04", "distance at which fit falls to 0.61")
    ignorance: float = number(0.22, "circumference", 0, 0.5, "assumed", "S04 R16", "error of a vendor who knows nothing of the department")
    perception: float = number(0.5, "fit", 0, 1, "tuned", "S75", "error of an official who judges fit on paper")


class VendorKind(Group):
    """Vendors of one kind."""

    share: float = number(1.0, "weight", 0, 10, "assumed", "S09", "share among vendors (the three are scaled to 1)")
    cash: float = number(10.0, "NT$ m", 0, 1000, "assumed", "X05", "median cash at entry")
    margin: float = number(0.0, "NT$ m/year", -20, 200, "assumed", "X05", "mean income less cost outside the city")
    margin_spread: float = number(1.0, "NT$ m/year", 0, 100, "assumed", "X05", "spread of that margin from one closing to the next")
    finance: float = number(0.5, "chance", 0, 1, "literature", "X05 S54", "chance of raising private money when cash has run out")
    breadth: float = number(0.06, "circumference", 0, 0.5, "assumed", "R39", "how far the offer can be moved towards a need")
    quality: float = number(0.6, "share", 0.02, 0.98, "assumed", "P07", "mean quality of execution")
    readiness: float = number(0.6, "share", 0.02, 0.98, "literature", "S42", "mean technical readiness")
    scaling: float = number(0.6, "share", 0.02, 0.98, "literature", "R39", "mean capacity to scale up")
    novelty: float = number(0.4, "share", 0.02, 0.98, "literature", "R39", "mean novelty of what is offered")


def _kind(**defaults: float) -> Any:
    return Field(default_factory=lambda: VendorKind(**defaults))


class Vendors(Group):
    """The vendor market, shared by all cities."""

    initial: float = number(160, "vendors", 0, 1000, "literature", "S09", "mean number at the start")
    entry: float = number(15.0, "vendors/year", 0, 300, "tuned", "S09", "rate of entry while the city's reputation is neutral")
    pull: float = number(1.0, "ratio", 0, 3, "literature", "R25", "how much reputation raises or lowers entry")
    tester_share: float = number(0.35, "share", 0, 1, "tuned", "S04 S42", "vendors that only want to test their product")
    knowledge: float = number(0.15, "share", 0, 1, "assumed", "R16", "what a vendor knows of a department it never worked with")
    spread: float = number(0.6, "logit units", 0, 2, "assumed", "P07", "spread of quality, readiness, scaling and novelty")
    cash_spread: float = number(0.6, "log units", 0, 2, "assumed", "X05", "spread of cash at entry (lognormal)")
    closing: float = number(365, "days", 30, 730, "assumed", "X05", "time between two closings of the books")
    patience: float = number(420, "days", 30, 2000, "tuned", "S40", "median wait before the POC that a vendor bears")
    patience_spread: float = number(0.5, "log units", 0, 2, "assumed", "S40", "spread of patience (lognormal)")
    open_cases: int = number(2, "cases", 1, 20, "assumed", "G3", "cases that a vendor pursues at a time")
    startup: VendorKind = _kind(share=0.40, cash=5.0, margin=-2.2, margin_spread=2.0, finance=0.55, breadth=0.045, quality=0.55, readiness=0.50, scaling=0.40, novelty=0.60)
    sme: VendorKind = _kind(share=0.40, cash=15.0, margin=0.3, margin_spread=4.0, finance=0.5, breadth=0.03, quality=0.60, readiness=0.65, scaling=0.55, novelty=0.40)
    large: VendorKind = _kind(share=0.20, cash=150.0, margin=20.0, margin_spread=20.0, finance=0.9, breadth=0.04, quality=0.65, readiness=0.75, scaling=0.85, novelty=0.25)


class BottomUp(Group):
    """Vendors offer what they have."""

    open: bool = choice(True, "R01", "whether proposals are received at any time")
    reach: float = number(0.8, "chance", 0, 1, "policy", "S09", "share of vendors that hear of the programme")
    rate: float = number(0.4, "proposals/vendor/year", 0, 4, "calibrated", "S01", "rate at which a vendor could propose")
    tester_eagerness: float = number(1.5, "ratio", 0, 4, "assumed", "S04 S42", "how much more often a tester proposes")


class TopDown(Group):
    """Departments have needs; vendors are sought for them."""

    open: bool = choice(True, "R01", "whether departments' roadmaps are worked through")
    reviews: float = number(2.4, "reviews/department/year", 0, 6, "calibrated", "S07 R44", "how often a department reviews its roadmap")
    threshold: float = number(0.5, "NT$ m/year", 0, 20, "tuned", "S07", "smallest value of a need that enters the roadmap")
    clarity: float = number(0.6, "share", 0, 1, "assumed", "V05", "how well a need on the roadmap is put")
    funded: float = number(0.75, "chance", 0, 1, "assumed", "S07", "chance that a roadmap need has a budget line of its own")


class ProblemLed(Group):
    """Calls: departments publish problems, vendors answer."""

    open: bool = choice(False, "R03", "whether calls are held")
    calls: float = number(2.0, "calls/year", 0.25, 12, "policy", "T08", "calls a year")
    first_day: int = number(120, "day of the year", 1, 365, "policy", "T08", "day on which the first call of a year opens")
    window: float = number(30, "days", 5, 180, "policy", "T08", "time that a call is open")
    reach: float = number(0.5, "chance", 0, 1, "policy", "T08", "share of vendors that hear of a call")
    challenges: int = number(24, "challenges", 1, 200, "policy", "S13 T07", "challenges in one call at most")
    slots: int = number(1, "proposals", 1, 10, "policy", "C19", "proposals chosen for a challenge at most")
    clarity: float = number(0.75, "share", 0, 1, "policy", "V05", "how well challenges are stated")
    validation: bool = choice(False, "R28", "whether problems are validated with those concerned first")
    validation_days: float = number(45, "days", 0, 365, "assumed", "S31", "time that validation takes")
    wrong_share: float = number(0.2, "share", 0, 1, "literature", "S35", "stated problems that are wrong before validation")
    publishing: float = number(0.6, "chance", 0, 1, "assumed", "C18", "chance that a willing department publishes a problem in a call")
    response: float = number(0.5, "chance", 0, 1, "assumed", "C46 C19", "chance that a vendor answers a challenge that suits it fully")
    review_days: float = number(45, "days", 1, 365, "assumed", "T08", "time from the end of a call to the choice")


if TYPE_CHECKING:

    class Channels(Group):
        """Intake channels of other installed packages."""

else:
    _SWITCHES = {name: (bool, choice(False, "", "whether the channel is open")) for name in names("cityfunnel.channels")}
    Channels = create_model("Channels", __base__=Group, __module__=__name__, __doc__="Intake channels of other installed packages.", **_SWITCHES)


class Pmo(Group):
    """The Project Management Office."""

    exists: bool = choice(True, "S14 S66", "whether there is an office")
    staff: int = number(20, "persons", 0, 500, "policy", "S10", "people employed")
    case_share: float = number(0.45, "share", 0, 1, "policy", "G7", "share of staff that works on cases")
    screen_days: float = number(10, "days", 0.1, 200, "assumed", "G7", "mean work to screen a proposal")
    match_days: float = number(15, "days", 0.1, 200, "assumed", "G7 T03", "mean work to find a department and help to present")
    search_days: float = number(20, "days", 0.1, 200, "assumed", "G7", "mean work to find a vendor for a roadmap need")
    review_days: float = number(10, "days", 0.1, 200, "assumed", "G7", "mean work for one review of a POC")
    coordination_days: float = number(15, "days", 0.1, 200, "assumed", "G7 S19", "mean work to bring another department in")
    strictness: float = number(0.3, "share", 0, 1, "policy", "R02", "agreement with the policy framework that is asked for")
    alignment: float = number(0.60, "share", 0.02, 0.98, "assumed", "R02", "mean agreement of proposals with the framework")
    match_bar: float = number(0.15, "fit", 0, 1, "tuned", "R06", "perceived fit below which no department is approached")
    tries: int = number(3, "departments", 1, 10, "tuned", "R06", "departments approached for one proposal")
    skill: float = number(0.4, "share", 0, 1, "assumed", "R06", "share of the error in judging fit that the office removes")
    contacts: float = number(0.15, "share", 0, 1, "assumed", "R01", "vendors that the office knows when they come into the market")
    help: float = number(0.5, "share", 0, 1, "assumed", "R06", "share of the administrative burden that the office takes off")
    autonomy: float = number(0.5, "share", 0, 1, "policy", "R36 K4", "how far the office is shielded from politics")
    cost: float = number(1.5, "NT$ m/person/year", 0, 10, "observed", "S11", "cost of the office a head")


class Departments(Group):
    """Municipal departments: hosts, buyers, owners of needs."""

    budget: float = number(6.0, "NT$ m/year", 0, 500, "assumed", "G3", "median yearly budget for innovation")
    budget_spread: float = number(0.5, "log units", 0, 2, "assumed", "G3", "spread of that budget (lognormal)")
    capacity: int = number(3, "POCs", 1, 50, "assumed", "R32", "POCs that a department hosts at a time")
    decision_days: float = number(40, "days", 1, 365, "assumed", "C44", "mean time to decide on hosting")
    fit_bar: float = number(0.05, "fit", 0, 1, "tuned", "R06", "perceived fit below which a department declines")
    openness: float = number(2.6, "logit units", -4, 4, "calibrated", "S02", "willingness to host when all else is neutral")
    trust_weight: float = number(1.0, "logit units", 0, 6, "assumed", "R29", "effect of trust in the vendor")
    culture_weight: float = number(2.0, "logit units", 0, 6, "literature", "S69 R33", "effect of an innovative culture")
    risk_weight: float = number(2.0, "logit units", 0, 6, "literature", "S70 R33", "effect of fear of failure, times novelty")
    load_weight: float = number(1.0, "logit units", 0, 6, "assumed", "R32", "effect of a full workload")
    pressure_weight: float = number(4.0, "logit units", 0, 6, "tuned", "R20", "effect of the mayor's support")
    demand_weight: float = number(1.0, "logit units", 0, 6, "assumed", "R01 S53", "effect of the need being stated by the department itself")
    culture: float = number(0.5, "share", 0.02, 0.98, "literature", "S69 S70", "mean innovation culture at the start")
    skill: float = number(0.5, "share", 0.02, 0.98, "literature", "S64 S65", "mean skill")
    risk_aversion: float = number(0.4, "share", 0.02, 0.98, "literature", "S70", "mean fear of failure")
    tender_skill: float = number(0.36, "share", 0.02, 0.98, "literature", "V05", "mean ability to write a tender")
    spread: float = number(0.6, "logit units", 0, 2, "assumed", "S65", "spread of culture, skill, fear and tender skill")
    links: float = number(0.3, "chance", 0, 1, "literature", "S68 R38", "chance that two departments work together at the start")
    trust: float = number(0.3, "share", 0, 1, "assumed", "R29", "trust in a vendor never met")
    contacts: float = number(0.10, "chance", 0, 1, "literature", "R01 S18", "chance that a department and a vendor find each other without the office")


class Clearance(Group):
    """Barriers between a willing department and a POC."""

    days: float = number(30, "days", 0, 365, "assumed", "S40", "mean time of an administrative clearance")
    burden: float = number(0.24, "chance", 0, 1, "calibrated", "S02 R21", "chance that paperwork stops a case nobody helps")
    readiness_bar: float = number(0.52, "share", 0, 1, "tuned", "S02 R21", "technical readiness that a field test asks for")
    audit_noise: float = number(0.12, "share", 0, 1, "assumed", "R21", "error of the readiness audit")
    rework_days: float = number(90, "days", 0, 730, "assumed", "R21", "time that a vendor takes to become ready")
    rework_gain: float = number(0.10, "share", 0, 1, "assumed", "R21", "readiness gained by rework")
    cushion: float = number(2.0, "ratio", 1, 10, "tuned", "S02 R21", "cash that must be at hand, in POC costs")
    consent: float = number(0.8, "chance", 0, 1, "tuned", "S68 S19", "chance that a linked department consents unasked")
    silo: float = number(0.5, "share", 0, 1, "literature", "S68 R38", "share of that chance lost where departments do not work together")
    sandbox: float = number(0.0, "share", 0, 1, "policy", "R43", "regulatory barriers lifted in advance, the easiest first")
    sandbox_speed: float = number(0.0, "share", 0, 1, "policy", "R43", "share of the clearance time that a case in the sandbox is spared")
    national_share: float = number(0.0, "share", 0, 1, "assumed", "S74 R27", "regulatory barriers of national law, which no city can lift")


class Steering(Group):
    """The mayor's steering group."""

    interval: float = number(91, "days", 7, 730, "policy", "S12", "time between two meetings")
    slots: int = number(4, "cases", 0, 100, "policy", "S12 R27", "blocked cases heard at a meeting")
    hearings: int = number(3, "hearings", 1, 20, "assumed", "R27", "times that a case is heard before it is given up")
    power: float = number(1.5, "exponent", 0, 5, "assumed", "R20", "how steeply success falls with support")


class Politics(Group):
    """Support of the mayor, and what elections do to it."""

    support: float = number(0.7, "share", 0, 1, "policy", "R20", "level to which support returns")
    reversion: float = number(1.0, "1/year", 0, 12, "assumed", "R20", "speed of that return")
    volatility: float = number(0.12, "share/year^0.5", 0, 1, "assumed", "X03", "size of shocks to support")
    turnover: float = number(0.4, "chance", 0, 1, "assumed", "X01", "chance that an election changes the mayor")
    turnover_spread: float = number(0.2, "share", 0, 1, "assumed", "X01", "spread of a new mayor's support about the level")
    loss: float = number(0.35, "chance", 0, 1, "literature", "X01 X02", "chance that a new mayor drops an inherited project")
    embedding: float = number(0.2, "share", 0, 1, "policy", "R37", "share of that loss averted by support across parties")
    success_gain: float = number(0.005, "share", 0, 0.5, "assumed", "R20", "support won by a project that works")
    failure_loss: float = number(0.015, "share", 0, 0.5, "assumed", "R33", "support lost by a project that fails in public")


class Poc(Group):
    """Rules and facts of the proof of concept."""

    required: bool = choice(True, "R23", "whether a purchase needs a POC first")
    city_share: float = number(0.0, "share", 0, 1, "policy", "S17", "share of its cost that the city bears")
    days: float = number(152, "days", 14, 1000, "policy", "T13", "length of the field test")
    setup_days: float = number(30, "days", 0, 365, "assumed", "C44", "mean time from clearance to the start")
    cost: float = number(1.0, "NT$ m", 0, 50, "literature", "C20 C44", "median cost to the vendor")
    cost_spread: float = number(0.7, "log units", 0, 2, "assumed", "C20 C44", "spread of that cost (lognormal)")
    midway: bool = choice(True, "S15", "whether there is a midway review")
    midway_bar: float = number(0.40, "score", 0, 1, "policy", "S15", "score below which a POC is closed midway")
    close_bar: float = number(0.48, "score", 0, 1, "policy", "R11", "score below which a POC is closed at the end")
    pass_bar: float = number(0.54, "score", 0, 1, "policy", "R12", "score from which a POC has passed; between the bars it is extended")
    fit_bar: float = number(0.35, "fit", 0, 1, "assumed", "R11", "judged fit below which no POC passes")
    extensions: int = number(1, "extensions", 0, 5, "policy", "R12", "extensions of one POC at most")
    extension_days: float = number(90, "days", 7, 730, "policy", "R12", "length of an extension")
    second: bool = choice(True, "S16", "whether a small-scale purchase may follow as a second POC")
    second_price: float = number(0.8, "NT$ m", 0, 1, "policy", "P04 R13", "price of the small-scale purchase")
    second_days: float = number(180, "days", 14, 730, "assumed", "R13", "length of the second POC")
    scaling_bar: float = number(0.45, "share", 0, 1, "assumed", "R13", "capacity to scale that a department wants to see")
    execution_weight: float = number(0.25, "weight", 0, 1, "policy", "R10", "weight of the execution in a review")
    technical_weight: float = number(0.40, "weight", 0, 1, "policy", "R10", "weight of technical feasibility")
    administrative_weight: float = number(0.20, "weight", 0, 1, "policy", "R10", "weight of administrative feasibility")
    financial_weight: float = number(0.15, "weight", 0, 1, "policy", "R10", "weight of the vendor's financial stability")
    noise: float = number(0.10, "score", 0, 1, "assumed", "R09", "error of the office's and the department's scores")
    adaptation: float = number(0.5, "share", 0, 1, "assumed", "R40", "share of the distance to the need closed during a POC, within breadth")
    runway: float = number(3.0, "NT$ m", 0.1, 100, "assumed", "R10", "cash at which financial stability scores 0.63")


class Experts(Group):
    """Outside experts on review panels."""

    panel: int = number(3, "experts", 0, 20, "policy", "S15", "experts on a panel")
    noise: float = number(0.15, "score", 0, 1, "assumed", "R09", "error of one expert's score")


class Procurement(Group):
    """Purchases by a department; the office has no part in them."""

    rule: Rule = choice("best_value", "P11 R14", "how the winner is chosen")
    direct: bool = choice(False, "P13", "whether the department buys from the vendor at hand without competition")
    three_bidders: bool = choice(True, "P02", "whether a first round needs three bidders")
    small_limit: float = number(0.1, "NT$ m", 0, 10, "policy", "P04", "value up to which a department buys directly")
    open_limit: float = number(1.0, "NT$ m", 0, 50, "policy", "P04", "value from which an open tender is required; below it three quotes")
    quality_weight: float = number(0.6, "weight", 0, 1, "policy", "P11", "weight of quality against price at best value")
    quality_bar: float = number(0.40, "share", 0, 1, "policy", "P11", "judged quality that an offer must reach")
    privilege: float = number(0.0, "score", 0, 1, "policy", "R15", "score added to the POC vendor's offer")
    writing_days: float = number(100, "days", 0, 1000, "tuned", "P16 V05", "time to write a tender for a wholly vague need at full skill")
    window: float = number(21, "days", 14, 180, "policy", "P05", "time to bid in a first round")
    rewindow: float = number(21, "days", 10, 180, "literature", "P01 P05", "delay and time to bid in a second round")
    award_days: float = number(50, "days", 1, 365, "literature", "P14 P10", "time from the bids to the contract")
    bidding: float = number(0.3, "chance", 0, 1, "calibrated", "P01", "chance that a vendor bids for what suits it fully")
    incumbent_bids: float = number(0.9, "chance", 0, 1, "assumed", "G2", "chance that a solver bids after its own POC")
    tester_bids: float = number(0.3, "chance", 0, 1, "assumed", "S04", "chance that a tester bids after its own POC")
    bid_cost: float = number(0.05, "NT$ m", 0, 5, "assumed", "S40", "cost of a bid")
    price_noise: float = number(0.15, "log units", 0, 1, "assumed", "P07", "spread of prices about the estimate (lognormal)")
    discount: float = number(0.10, "share", 0, 0.9, "assumed", "P11", "mean distance of prices below the estimate")
    build_cost: float = number(0.8, "share", 0, 2, "assumed", "G3", "cost of delivery, as a share of the estimate")
    build_days: float = number(120, "days", 1, 1000, "tuned", "P16", "mean time from contract to service")
    budget_years: int = number(2, "budgets", 0, 10, "assumed", "R32", "yearly budgets that a tender may wait for")
    no_poc_clarity: float = number(0.5, "share", 0, 1, "literature", "S18 R23", "how much of the need's statement reaches a tender without a POC")
    result_share: float = number(0.0, "share", 0, 1, "policy", "S90", "share of the price that is paid only when the service works")
    pain_share: float = number(0.0, "share", 0, 1, "policy", "S41", "share of the price that a vendor gives back when its service does not work")
    gain_share: float = number(0.0, "share", 0, 1, "policy", "S41", "share of the first year's value that goes to the vendor of a service that works")
    joint_development: float = number(0.0, "share", 0, 1, "policy", "S41", "share of the distance to the need closed by building together, within breadth")
    contest_cost: float = number(0.01, "NT$ m", 0, 5, "policy", "S90", "cost of taking part in a design contest")
    development_price: float = number(1.0, "NT$ m", 0, 50, "policy", "S82 C20 C44", "what each vendor of a pre-commercial development is paid")
    development_days: float = number(182, "days", 14, 1000, "policy", "S82 T13", "length of a pre-commercial development")
    safeguards: float = number(0.0, "share", 0, 1, "policy", "R42", "share of ageing averted by open standards and duties to renew in the contract")
    risk_weight: float = number(3.0, "ratio", 0, 20, "assumed", "S41", "how much what is at stake, in parts of the price, moves the will to bid")
    cost_weight: float = number(20.0, "ratio", 0, 200, "assumed", "S40", "how much the cost of taking part, in parts of the vendor's cash, moves it")


class Deployment(Group):
    """What becomes of a purchase."""

    usable: float = number(0.5, "fit", 0, 1, "assumed", "S18", "true fit from which a purchase solves its need")
    contract_years: float = number(4.0, "years", 0.5, 15, "literature", "R42", "length of a service contract")
    abandonment: float = number(0.10, "1/year", 0, 3, "literature", "S63 V03", "rate of giving up a service that fits")
    misfit_weight: float = number(6.0, "ratio", 0, 30, "literature", "S53", "how much a lack of fit raises that rate")
    scale_wish: float = number(1.4, "logit units", -5, 5, "calibrated", "S03 S07", "will to buy on a larger scale when all else is neutral")
    scale_fit: float = number(3.0, "logit units", 0, 10, "assumed", "S53", "effect of the judged fit on that will")
    scale_demand: float = number(1.8, "logit units", 0, 10, "tuned", "S53 R34", "effect of the need being the department's own")
    novelty_gain: float = number(0.3, "ratio", 0, 2, "literature", "R39", "added value of a wholly novel solution")
    ageing: float = number(0.0, "1/year^2", 0, 1, "assumed", "R42", "how much each year under contract raises the rate of giving up a service")
    service_years: float = number(0.0, "years", 0, 30, "assumed", "R42", "time for which contracts follow one another; with 0 a service is there to stay after its first")
    lapse: float = number(0.0, "chance", 0, 1, "assumed", "R42 S63", "chance that a service is not renewed when a contract ends before that time")


class Learning(Group):
    """How actors change by what happens."""

    poc: float = number(0.6, "share", 0, 1, "literature", "R16", "ignorance of the department that a vendor loses in a POC")
    specification: float = number(0.4, "share", 0, 1, "assumed", "R23", "vagueness of the need that a department loses in a POC")
    trust_gain: float = number(0.25, "share", 0, 1, "assumed", "R29", "distrust removed by a success")
    trust_loss: float = number(0.3, "share", 0, 1, "assumed", "R33", "trust removed by a failure")
    culture_gain: float = number(0.05, "share", 0, 1, "literature", "R41", "resistance removed by a success")
    culture_loss: float = number(0.04, "share", 0, 1, "literature", "S70 R33", "culture removed by a failure")
    monitoring: float = number(0.37, "share", 0, 1, "policy", "S71", "share of a failure's harm averted by monitoring")
    reputation_gain: float = number(0.01, "share", 0, 1, "literature", "R25", "reputation won by a POC that starts or a service")
    reputation_loss: float = number(0.01, "share", 0, 1, "assumed", "S40", "reputation lost by a case that ends badly")
    nearby: float = number(0.3, "chance", 0, 1, "assumed", "R25", "chance that a success makes a linked department state a need")
    experience: float = number(0.3, "share", 0, 1, "assumed", "S40", "inexperience with public buyers lost in a POC or contract")


class Hub(Group):
    """A physical innovation hub: firms, academia and the city under one roof."""

    exists: bool = choice(False, "S55", "whether there is a hub")
    places: int = number(60, "firms", 0, 500, "policy", "S55", "firms that it has room for")
    appeal: float = number(0.04, "chance/month", 0, 1, "assumed", "S55", "chance that a firm moves in within a month while nobody of its field is there")
    company: float = number(0.1, "ratio", 0, 2, "assumed", "S55", "how much each member of its field adds to that chance")
    draw: float = number(0.02, "chance", 0, 1, "assumed", "S55", "chance that a member draws in a new firm of its field that would have stayed away")
    meetings: float = number(0.2, "chance/month", 0, 1, "policy", "S55", "chance that a member gets to know another one of its field within a month")
    exchange: float = number(0.05, "share/month", 0, 1, "assumed", "S55 R16", "lead in knowledge of a department that passes to an acquaintance")
    academia: float = number(0.1, "share/year", 0, 1, "assumed", "S55 S77", "lack of quality and novelty that work with academia makes up for")
    cost: float = number(20.0, "NT$ m/year", 0, 500, "assumed", "S55", "cost to the city")


class Platform(Group):
    """A city platform of data and devices, with interfaces that services are built on."""

    exists: bool = choice(False, "S56 S57", "whether there is a platform")
    coverage: float = number(0.6, "share", 0, 1, "policy", "S56 S57", "needs whose data and devices are on it")
    open: bool = choice(True, "S56 R64", "whether its interfaces are open to every firm")
    saving: float = number(0.3, "share", 0, 1, "assumed", "S56", "share of the cost of a POC, and of delivery, that it saves")
    speed: float = number(0.4, "share", 0, 1, "assumed", "S56", "share of the time to set up a POC, and to build, that it saves")
    insight: float = number(0.2, "share", 0, 1, "assumed", "S56", "ignorance of a need that open data take away")
    draw: float = number(0.15, "chance", 0, 1, "assumed", "R64", "chance that open interfaces to everything draw in a small firm that would have stayed away")
    takeover: float = number(0.2, "share", 0, 1, "assumed", "R42 R64", "price of another firm's taking over a service, as a share of the estimate")
    cost: float = number(20.0, "NT$ m/year", 0, 500, "assumed", "S56", "cost to the city at full coverage")


class Finance(Group):
    """Private money for what has begun."""

    brokered: bool = choice(False, "S54 R35", "whether the city introduces firms with a POC or a service to private investors")
    introductions: float = number(0.5, "share", 0, 1, "assumed", "S54 R35", "refusals of private money that this turns round")


class Incubation(Group):
    """A start-up programme."""

    exists: bool = choice(False, "R62", "whether there is a programme")
    places: int = number(12, "firms", 0, 200, "policy", "R62", "start-ups in it at a time")
    days: float = number(365, "days", 30, 1500, "policy", "R62", "length of a stay")
    fund: float = number(1.0, "NT$ m", 0, 50, "policy", "R62", "money that a start-up receives when it comes in")
    gain: float = number(0.3, "share", 0, 1, "assumed", "R62", "lack of readiness, capacity to scale and experience that a stay makes up for")
    cost: float = number(0.5, "NT$ m/firm", 0, 20, "assumed", "R62", "cost of a stay to the city, besides the fund")


class Training(Group):
    """Courses for departments."""

    offered: bool = choice(False, "S64 S65", "whether courses are held")
    courses: float = number(2.0, "courses/year", 0.25, 12, "policy", "S64 S65", "courses a year")
    attendance: float = number(0.6, "chance", 0, 1, "assumed", "S64", "chance that a department sends its people while culture and backing are neutral")
    gain: float = number(0.12, "share", 0, 1, "assumed", "S64 V05", "lack of skill and of tender skill that a course makes up for")
    fading: float = number(0.1, "1/year", 0, 3, "assumed", "X04", "rate at which what was learnt is lost again")
    cost: float = number(0.1, "NT$ m/department", 0, 5, "assumed", "S65", "cost of a course for one department")


class Champions(Group):
    """Officials who speak for innovation in their departments."""

    appointed: bool = choice(False, "R60", "whether departments have champions")
    share: float = number(0.3, "share", 0, 1, "policy", "R60", "departments with a champion")
    shield: float = number(0.5, "share", 0, 1, "assumed", "R60 S70", "harm of a failure to trust and culture that a champion averts")
    meetings: float = number(4.0, "meetings/year", 0.25, 12, "policy", "R60", "meetings of the champions' network a year")
    example: float = number(0.04, "share", 0, 1, "assumed", "R60", "resistance that a meeting removes in departments with a champion and in those that work with them")


class Monitoring(Group):
    """Indicators by which every POC and purchase is followed."""

    indicators: bool = choice(False, "S71 R63", "whether there are indicators")
    sharpness: float = number(0.4, "share", 0, 1, "assumed", "R63", "share of the errors in reviews and in judging bids that they remove")


class Language(Group):
    """A shared language of office, departments and vendors."""

    shared: bool = choice(False, "R61", "whether there is one")
    understanding: float = number(0.3, "share", 0, 1, "assumed", "R61", "share of the errors in judging fit and in stating needs that it removes")


class ClosedField(Group):
    """A closed test field, in which the law does not stop a POC."""

    wanted: bool = choice(False, "S19 R27", "whether the city wants a field")
    domain: int = number(6, "domain", 1, 20, "policy", "S19", "number of the domain that it is for")
    departments: int = number(3, "departments", 0, 20, "observed", "S19", "departments whose consent a field needs")
    difficulty: float = number(0.3, "share", 0, 1, "assumed", "R27", "difficulty of the decision for the steering group")
    setup_days: float = number(270, "days", 0, 2000, "assumed", "S19", "mean time from the decision to the opening")


class Market(Group):
    """Services that citizens pay for, so that the city need not buy them."""

    private_share: float = number(0.0, "share", 0, 1, "assumed", "S20 R24", "needs that can be met by selling to citizens")
    domain: int = number(0, "domain", 0, 20, "assumed", "S20", "number of the domain in which they lie; 0 for all")
    demand: float = number(4.0, "ratio", 0.1, 50, "assumed", "G3", "what citizens would pay a year, in years of the need's value")
    outside: float = number(0.5, "weight", 0.05, 5, "assumed", "G3", "appeal of doing without, against a service that fits fully")
    cost: float = number(0.12, "share", 0, 2, "assumed", "G3", "running cost of an operator a year, as a share of that demand")
    entry_cost: float = number(0.25, "years", 0, 5, "assumed", "S20", "cost of a launch, in years of that demand")
    imitation: float = number(0.06, "1/year", 0, 5, "assumed", "R25 S20", "rate at which a vendor follows a service that earns and costs nothing")
    copying: float = number(0.8, "share", 0, 1, "assumed", "R25 S20", "share of the distance to the first service that an imitator closes")
    quitting: float = number(1.0, "1/year", 0, 12, "assumed", "X05", "rate at which an operator gives up that makes a loss")
    nuisance: float = number(0.1, "ratio", 0, 5, "assumed", "R24 S20", "nuisance of an operator without rules, in parts of the need's value")
    ordinance_operators: int = number(3, "operators", 1, 100, "policy", "R24", "operators from which the department drafts an ordinance")
    drafting_days: float = number(180, "days", 0, 2000, "assumed", "R24 V05", "time to draft it at full skill")
    fee: float = number(0.2, "NT$ m", 0, 20, "policy", "R24", "cost of the registration that an ordinance asks for")
    cap: int = number(5, "operators", 1, 100, "policy", "R24", "operators up to which an ordinance lets new ones in")


class Challenge(Group):
    """Challenge programmes: workshops, validation, a search of the market, an event where both sides choose."""

    open: bool = choice(False, "R28 S31", "whether the city takes part in challenge programmes")
    joint: bool = choice(True, "S30", "whether its programmes are held together with the other cities that want that")
    programmes: float = number(1.0, "programmes/year", 0.25, 2, "policy", "S31", "programmes a year")
    attendance: float = number(0.6, "chance", 0, 1, "assumed", "C18", "chance that a willing department takes part")
    challenges: int = number(4, "challenges/city", 1, 50, "policy", "S30", "challenges of a city in one programme at most")
    workshop_days: float = number(21, "days", 0, 180, "policy", "S31 R28", "time of the workshops in which challenges are worked out")
    clarity: float = number(0.8, "share", 0, 1, "policy", "R28 V05", "how well challenges are stated")
    learning: float = number(0.08, "share", 0, 1, "assumed", "S31 R41", "lack of culture and of skill that workshops make up for")
    sharing: float = number(0.5, "share", 0, 1, "assumed", "S30", "how much of what one city learns in a joint programme the others learn too")
    validation: bool = choice(True, "R28 S35", "whether challenges are validated with those concerned")
    validation_days: float = number(14, "days", 0, 365, "policy", "S31", "time that validation takes")
    validation_cost: float = number(0.15, "NT$ m/challenge", 0, 5, "assumed", "R28", "cost of validating one challenge")
    window: float = number(30, "days", 5, 180, "policy", "S31", "time that applications are open")
    reach: float = number(0.4, "chance", 0, 1, "policy", "S32", "share of vendors that hear of a programme by themselves")
    mapping: float = number(0.4, "chance", 0, 1, "policy", "S34", "share of the others that a search of the market finds")
    review_days: float = number(7, "days", 0, 180, "policy", "S31", "time from the last application to acceptance")
    places: int = number(16, "vendors", 1, 200, "policy", "S32", "vendors accepted to an event at most")
    event_days: float = number(10, "days", 0, 180, "policy", "S31", "time from acceptance to the event")
    meetings: int = number(6, "meetings/vendor", 1, 50, "policy", "S33", "formal meetings of a vendor at an event at most")
    insight: float = number(0.4, "share", 0, 1, "assumed", "S33 R29", "share of both sides' errors about each other that a meeting removes")
    trust: float = number(0.15, "share", 0, 1, "assumed", "R29", "distrust that a meeting removes")
    slots: int = number(1, "vendors", 1, 10, "policy", "C19", "vendors that one challenge can be matched with at most")
    decision_days: float = number(14, "days", 1, 365, "assumed", "S31", "mean time in which a department confirms its choice")
    goals: float = number(0.3, "share", 0, 1, "policy", "R31", "share of the error of reviews that agreed milestones and indicators remove")
    cost: float = number(0.5, "NT$ m/programme", 0, 50, "assumed", "S30", "cost of taking part to a city")


class Pitch(Group):
    """Unsolicited offers answered by an expression of interest, which looks for rivals."""

    open: bool = choice(False, "R45 S81", "whether unsolicited offers are treated as pitches")
    window: float = number(30, "days", 1, 365, "policy", "R45", "time that an expression of interest is open")
    reach: float = number(0.5, "chance", 0, 1, "policy", "R45", "share of vendors that hear of one")
    clarity: float = number(0.7, "share", 0, 1, "policy", "R45", "how well it describes what was offered")
    sole: bool = choice(True, "R45 S81", "whether what met no rival may be bought without a tender")


class Exchange(Group):
    """A network of cities that learn from one another what works."""

    open: bool = choice(False, "S21 R46", "whether the city is a member of the network")
    abroad: float = number(0.1, "share", 0, 1, "assumed", "S21", "vendors whose own solution has been proven in some city of the network beyond the model")
    readiness: float = number(0.4, "share", 0, 1, "assumed", "S21 S42", "lack of readiness that proof in a linked city makes up for")
    trust: float = number(0.5, "share", 0, 1, "assumed", "S21 R29", "distrust of a stranger that such proof removes")
    offers: float = number(0.3, "chance", 0, 1, "assumed", "S21", "chance that a vendor offers a linked city what it has just proven")


class WorkingGroups(Group):
    """Working groups of officials and industry, one for each department."""

    meetings: float = number(0.0, "meetings/year", 0, 24, "policy", "R41", "meetings of a group a year; 0 is without groups")
    members: int = number(3, "vendors", 0, 50, "policy", "R41", "vendors at a meeting")
    reach: float = number(0.5, "chance", 0, 1, "policy", "R41", "share of vendors that would come when invited")
    culture: float = number(0.02, "share", 0, 1, "assumed", "R41", "resistance that a meeting removes, if vendors come")
    knowledge: float = number(0.08, "share", 0, 1, "assumed", "R41 R16", "ignorance of the department that a vendor loses at a meeting")
    trust: float = number(0.08, "share", 0, 1, "assumed", "R41 R29", "distrust that a meeting removes")


class Competition(Group):
    """Students' competitions for ideas."""

    contests: float = number(0.0, "contests/year", 0, 12, "policy", "S22", "contests a year; 0 is without contests")
    ideas: float = number(20, "ideas/contest", 0, 200, "policy", "S22", "mean number of ideas that are exhibited")
    seen: float = number(0.3, "chance", 0, 1, "assumed", "S22", "chance that an idea makes a department see a latent need")
    clarity: float = number(0.4, "share", 0, 1, "assumed", "S22 V05", "how well a need is stated that was seen in that way")
    culture: float = number(0.01, "share", 0, 1, "assumed", "S22 R41", "resistance that an idea removes in the department that it is about")
    mature: float = number(0.02, "chance", 0, 1, "assumed", "S22", "chance that an idea becomes a firm with a proposal")


class Citizens(Group):
    """What citizens and grass-roots groups demand."""

    demands: float = number(0.0, "demands/department/year", 0, 12, "policy", "R34", "demands that reach a department; 0 is without a way for them")
    clarity: float = number(0.4, "share", 0, 1, "assumed", "R34 S78", "how well citizens state a need")


class Parameters(Group):
    """The tree of all numbers."""

    city: City = Field(default_factory=City)
    needs: Needs = Field(default_factory=Needs)
    fit: Fit = Field(default_factory=Fit)
    vendors: Vendors = Field(default_factory=Vendors)
    bottom_up: BottomUp = Field(default_factory=BottomUp)
    top_down: TopDown = Field(default_factory=TopDown)
    problem_led: ProblemLed = Field(default_factory=ProblemLed)
    channels: Channels = Field(default_factory=Channels)
    pmo: Pmo = Field(default_factory=Pmo)
    departments: Departments = Field(default_factory=Departments)
    clearance: Clearance = Field(default_factory=Clearance)
    closed_field: ClosedField = Field(default_factory=ClosedField)
    steering: Steering = Field(default_factory=Steering)
    politics: Politics = Field(default_factory=Politics)
    poc: Poc = Field(default_factory=Poc)
    experts: Experts = Field(default_factory=Experts)
    procurement: Procurement = Field(default_factory=Procurement)
    deployment: Deployment = Field(default_factory=Deployment)
    market: Market = Field(default_factory=Market)
    learning: Learning = Field(default_factory=Learning)
    challenge: Challenge = Field(default_factory=Challenge)
    pitch: Pitch = Field(default_factory=Pitch)
    exchange: Exchange = Field(default_factory=Exchange)
    working_groups: WorkingGroups = Field(default_factory=WorkingGroups)
    competition: Competition = Field(default_factory=Competition)
    citizens: Citizens = Field(default_factory=Citizens)
    hub: Hub = Field(default_factory=Hub)
    platform: Platform = Field(default_factory=Platform)
    finance: Finance = Field(default_factory=Finance)
    incubation: Incubation = Field(default_factory=Incubation)
    training: Training = Field(default_factory=Training)
    champions: Champions = Field(default_factory=Champions)
    monitoring: Monitoring = Field(default_factory=Monitoring)
    language: Language = Field(default_factory=Language)

    def at(self, path: str) -> Value:
        """The value at ``path``, for example ``"pmo.staff"``.

        Raises:
            ParameterError: no number has that path.
        """
        _known(path)
        found: Any = self
        for name in path.split("."):
            found = getattr(found, name)
        return cast(Value, found)

    def with_(self, path: str, value: Value) -> Parameters:
        """A copy in which the number at ``path`` is ``value``.

        Raises:
            ParameterError: no number has that path, or the value is of the wrong type or out
                of range.
        """
        _known(path)
        return cast(Parameters, _replaced(self, path, path.split("."), value))


class Row(NamedTuple):
    """One number as the table of parameters shows it."""

    path: str
    default: Value
    unit: str
    low: float | None
    high: float | None
    options: tuple[str, ...]
    evidence: Evidence
    source: str
    meaning: str


def rows(group: Group | None = None, prefix: str = "") -> Iterator[Row]:
    """Every number of the tree (of the defaults, unless a tree is given), in order."""
    group = Parameters() if group is None else group
    for name, field in type(group).model_fields.items():
        value = getattr(group, name)
        if isinstance(value, Group):
            yield from rows(value, f"{prefix}{name}.")
        else:
            yield _row(f"{prefix}{name}", value, field)


def _row(path: str, value: Value, field: FieldInfo) -> Row:
    extra = cast(dict[str, Any], field.json_schema_extra)
    bounds = {key: getattr(rule, key) for rule in field.metadata for key in ("ge", "le") if hasattr(rule, key)}
    options = () if bounds else ("false", "true") if field.annotation is bool else field.annotation.__args__  # type: ignore[union-attr]
    return Row(path, value, extra["unit"], bounds.get("ge"), bounds.get("le"), options, extra["evidence"], extra["source"], field.description or "")


def _replaced(group: Group, path: str, names: list[str], value: Value) -> Group:
    name, *deeper = names
    old = getattr(group, name)
    new = _replaced(old, path, deeper, value) if deeper else value
    try:
        return type(group).model_validate({**dict(group), name: new})
    except ValidationError as error:
        raise ParameterError(_told(error, path, value), key=path) from None


def _told(error: ValidationError, path: str, value: Value) -> str:
    row, kind = PATHS[path], error.errors()[0]["type"]
    given = str(value).lower() if isinstance(value, bool) else reprlib.repr(value)
    if row.low is None or row.high is None:
        return f"must be {' or '.join(row.options)}, not {given}{nearest(str(value), row.options)}"
    span = f"range {row.low:g} to {row.high:g}, unit {row.unit}"
    if kind in ("greater_than_equal", "less_than_equal"):
        bound = f"at least {row.low:g}" if kind == "greater_than_equal" else f"at most {row.high:g}"
        return f"must be {bound} ({span}), not {given}"
    must = {"int_type": "whole number", "finite_number": "finite number"}.get(kind, "number")
    return f"must be a {must} ({span}), not {given}"


def _known(path: str) -> None:
    if path not in PATHS:
        raise ParameterError(f"unknown parameter{nearest(path, PATHS)}", key=path)


#: path -> the number's row in the table of defaults
PATHS: dict[str, Row] = {row.path: row for row in rows()}
