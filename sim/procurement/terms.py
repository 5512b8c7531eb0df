"""The terms of a contract: who bears what, and what vendors make of it before they bid."""

from __future__ import annotations

from math import exp

# decisions


def withheld(price: float, result_share: float) -> float:
    """The part of the price (NT$ m) that is paid only when the service works."""
    return price * result_share


def refund(claim: float, paid: float, cash: float) -> float:
    """What a vendor gives back for a service that does not work, NT$ m: no more than it was paid, and has."""
    return max(0.0, min(claim, paid, cash))


def advanced(price: float, cost: float, result_share: float) -> float:
    """Money that payment by results makes a vendor advance, NT$ m: the cost that no instalment covers."""
    return max(0.0, cost - price * (1 - result_share)) - max(0.0, cost - price)


def promised(belief: float, result_share: float) -> float:
    """The performance that a vendor promises: full where nothing hangs on it.

    Where all hangs on it, it promises the fit that it believes in.
    """
    return 1 - result_share * (1 - belief)


def staked(weight: float, risk: float, gain: float, belief: float) -> float:
    """How money at stake changes the willingness to bid, as a ratio; 1 where nothing is at stake.

    ``risk`` and ``gain`` are what a failure costs and what a success brings, in parts of the price;
    ``belief`` is the fit of the own offer that the vendor believes in.
    """
    return exp(weight * (min(1.0, gain) * belief - risk * (1 - belief)))


def encouraged(usual: float, cost: float, cash: float, weight: float) -> float:
    """How another cost of taking part than the usual one changes the willingness to bid, as a ratio.

    Willingness falls with the cost in parts of the vendor's cash, by 1 / (1 + weight * cost / cash).
    """
    return (cash + weight * usual) / (cash + weight * cost) if cash > 0 else 0.0
