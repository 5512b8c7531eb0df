"""Award rules, one a file, and the department's way to a contract.

Outside packages add rules by the entry point ``cityfunnel.rules``.
"""

from __future__ import annotations

from sim.plugins import outside
from sim.procurement.alliance import alliance
from sim.procurement.best_value import best_value
from sim.procurement.design_contest import design_contest
from sim.procurement.lowest_price import lowest_price
from sim.procurement.offers import Form, Rule
from sim.procurement.performance_based import performance_based
from sim.procurement.pre_commercial import pre_commercial

#: name in scenario files -> rule
RULES: dict[str, Rule] = {
    "best_value": best_value,
    "lowest_price": lowest_price,
    "performance_based": performance_based,
    "design_contest": design_contest,
    "pre_commercial": pre_commercial,
    "alliance": alliance,
}
RULES |= outside("cityfunnel.rules", RULES)

#: what a rule asks besides the choice; rules that are not named ask for nothing more
FORMS: dict[str, Form] = {
    "design_contest": Form(priced=False, designs=True),
    "pre_commercial": Form(trials=2),
    "alliance": Form(priced=False),
}

#: the form of the other rules
PLAIN = Form()
