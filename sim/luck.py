"""Random numbers by address.

A draw is not the next number of a stream: it is looked up under (seed, concern, entity,
occasion). So the same vendor has the same luck under two policies, whatever else happened
before, and runs of two policies at one seed can be compared in pairs (common random numbers).

The generator is SplitMix64 (Steele, Lea and Flood 2014, "Fast splittable pseudorandom number
generators", OOPSLA): a 64-bit state is mixed into a number, where the state is the sum of a key
(seed and concern, mixed), the entity and the occasion, each of the two times an odd constant of
its own (multipliers with good spectra: Steele and Vigna 2022, "Computationally easy, spectrally
good multipliers", Software: Practice and Experience 52). It needs 64-bit integer arithmetic alone,
so every platform, and any compiled engine, gives the same bits. Normal deviates come from
inversion (Wichura 1988, algorithm AS 241, as in :class:`statistics.NormalDist`).
"""

from __future__ import annotations

from enum import IntEnum
from math import exp, log
from statistics import NormalDist

_MASK = 0xFFFFFFFFFFFFFFFF
_GAMMA = 0x9E3779B97F4A7C15
_ENTITY = 0xD1342543DE82EF95
_OCCASION = 0xAF251AF3B0F025B5
_UNIT = 2.0**-52

_quantile = NormalDist().inv_cdf


def splitmix64(state: int) -> int:
    """The output of SplitMix64 whose state before the step is ``state`` (64 bits)."""
    z = (state + _GAMMA) & _MASK
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & _MASK
    return z ^ (z >> 31)


def address(first: int, second: int) -> int:
    """One 64-bit address made of two, for things that two entities share (vendor and need)."""
    return splitmix64((splitmix64(first & _MASK) + second) & _MASK)


class Concern(IntEnum):
    """What a draw decides. A number, once given, stays: changing one changes every history."""

    NEEDS_AT_START = 0
    NEED_GAP = 1
    NEED_POSITION = 2
    NEED_SEVERITY = 3
    NEED_BARRIER = 4
    NEED_DIFFICULTY = 5
    NEED_CROSSINGS = 6
    NEED_CROSSED = 7
    NEED_PRICE = 8
    NEED_WRONG = 9
    NEED_MISSTATED = 10
    VENDORS_AT_START = 11
    VENDOR_GAP = 12
    VENDOR_ENTRY = 13
    VENDOR_KIND = 14
    VENDOR_MOTIVE = 15
    VENDOR_DOMAIN = 16
    VENDOR_POSITION = 17
    VENDOR_QUALITY = 18
    VENDOR_READINESS = 19
    VENDOR_SCALING = 20
    VENDOR_NOVELTY = 21
    VENDOR_CASH = 22
    VENDOR_PHASE = 23
    VENDOR_INCOME = 24
    VENDOR_FINANCE = 25
    VENDOR_HEARS = 26
    VENDOR_GUESS = 27
    OFFER_GAP = 28
    OFFER = 29
    PATIENCE = 30
    POC_COST = 31
    ALIGNMENT = 32
    CONTACT = 33
    VISIBLE = 34
    MATCH = 35
    TASK = 36
    DEPARTMENT_BUDGET = 37
    DEPARTMENT_CULTURE = 38
    DEPARTMENT_SKILL = 39
    DEPARTMENT_RISK = 40
    DEPARTMENT_TENDER = 41
    DEPARTMENT_PHASE = 42
    LINK = 43
    FUNDED = 44
    PUBLISH = 45
    CALL_HEARD = 46
    RESPONSE = 47
    CALL_REVIEW = 48
    DECISION_TIME = 49
    DECISION_FIT = 50
    DECISION = 51
    CLEARANCE_TIME = 52
    CONSENT = 53
    PAPERWORK = 54
    AUDIT = 55
    POC_FINANCE = 56
    SETUP_TIME = 57
    SCORE = 58
    SCALE_WISH = 59
    SCALING = 60
    HEARING = 61
    SUPPORT = 62
    ELECTION = 63
    NEW_SUPPORT = 64
    DROPPED = 65
    WRITING_TIME = 66
    BID = 67
    BID_GUESS = 68
    PRICE = 69
    BID_FIT = 70
    AWARD_TIME = 71
    BUILD_TIME = 72
    SURVIVAL = 73
    NEARBY = 74
    DEVELOPED = 100
    RENEWAL = 101
    NATIONAL = 120
    MOTION = 121
    FIELD_PARTNER = 122
    FIELD_CONSENT = 123
    FIELD_SETUP = 124
    PRIVATE = 125
    LAUNCH_FINANCE = 126
    IMITATE = 127
    QUIT = 128
    DRAFTING = 129
    CHALLENGE_JOINED = 140
    CHALLENGE_HEARD = 141
    CHALLENGE_MAPPED = 142
    INTEREST_HEARD = 143
    RIVAL = 144
    PROVEN_ABROAD = 145
    CITY_OFFER = 146
    GROUP_MEMBER = 147
    GROUP_COMES = 148
    IDEAS = 149
    IDEA_NEED = 150
    IDEA_SEEN = 151
    IDEA_MATURE = 152
    DEMAND_GAP = 153
    DEMAND = 154
    HUB_JOINED = 170
    HUB_MET = 171
    HUB_PARTNER = 172
    ON_PLATFORM = 173
    INCUBATED = 174
    COURSE = 175
    CHAMPION = 176


class Luck:
    """The luck of one run."""

    __slots__ = ("_keys",)

    def __init__(self, seed: int) -> None:
        root = splitmix64(seed & _MASK)
        self._keys = tuple(splitmix64(root ^ splitmix64(number)) for number in range(max(Concern) + 1))

    def uniform(self, concern: Concern, entity: int, occasion: int = 0) -> float:
        """A number above 0 and below 1, in steps of 2^-52."""
        z = (self._keys[concern] + entity * _ENTITY + occasion * _OCCASION) & _MASK
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & _MASK
        # half a step up, so that neither 0 nor 1 can come out
        return (((z ^ (z >> 31)) >> 12) + 0.5) * _UNIT

    def normal(self, concern: Concern, entity: int, occasion: int = 0) -> float:
        """A standard normal deviate."""
        return _quantile(self.uniform(concern, entity, occasion))

    def wait(self, mean: float, concern: Concern, entity: int, occasion: int = 0) -> float:
        """An exponential time with the given mean, in the unit of the mean."""
        return -mean * log(self.uniform(concern, entity, occasion))

    def around(self, median: float, spread: float, concern: Concern, entity: int, occasion: int = 0) -> float:
        """A lognormal number; ``spread`` is the standard deviation of its logarithm."""
        return median * exp(spread * self.normal(concern, entity, occasion))

    def share(self, middle: float, spread: float, concern: Concern, entity: int) -> float:
        """A share above 0 and below 1, logit-normal about ``middle`` (also above 0 and below 1)."""
        return 1 / (1 + (1 - middle) / middle * exp(-spread * self.normal(concern, entity)))

    def pick(self, count: int, concern: Concern, entity: int, occasion: int = 0) -> int:
        """One of 0 … count - 1, each as likely as the others."""
        return int(self.uniform(concern, entity, occasion) * count)

    def count(self, mean: float, concern: Concern, entity: int) -> int:
        """A Poisson number, found by adding up exponential gaps (exact for every mean)."""
        passed, found = 0.0, -1
        while passed <= mean:
            found += 1
            passed -= log(self.uniform(concern, entity, found))
        return found
