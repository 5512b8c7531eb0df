"""Inter-city POCs: a vendor offers to a linked city what another city has just seen work."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sim.luck import Concern, address

if TYPE_CHECKING:
    from sim.agents.city import City
    from sim.agents.vendor import Vendor
    from sim.cases import Case


class ExchangeIntake:
    """The clock is that of the other cities' POCs."""

    def __init__(self, city: City) -> None:
        self._city, self._model = city, city.model
        self._model.network.listen(city, self._hear)

    def begin(self) -> None:
        """Nothing to start: news comes through the network."""

    def meet(self, vendor: Vendor) -> None:
        """Only what has been proven is offered."""

    def _hear(self, case: Case) -> None:
        """The office keeps the vendor's address, and the vendor may offer its solution here too."""
        city, vendor, key = self._city, case.vendor, address(case.key, self._city.key)
        city.pmo.meet(vendor)
        offers = self._model.luck.uniform(Concern.CITY_OFFER, key) < city.conditions.exchange.offers
        if offers and vendor.free():
            city.pmo.receive(self._model.submit(city, "exchange", vendor, case.position, key))
