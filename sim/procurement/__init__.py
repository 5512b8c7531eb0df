"""Award rules, one a file, and the department's way to a contract.

Outside packages add rules by the entry point ``cityfunnel.rules``.
"""

from __future__ import annotations

from sim.plugins import outside
from sim.procurement.best_value import best_value
from sim.procurement.lowest_price import lowest_price
from sim.procurement.offers import Rule

#: name in scenario files -> rule
RULES: dict[str, Rule] = {
    "best_value": best_value,
    "lowest_price": lowest_price,
}
RULES |= outside("cityfunnel.rules", RULES)
