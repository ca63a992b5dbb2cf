"""A budget that outlives the run: a workspace's by day or month. The runtime knows the protocol; services keep it."""

from __future__ import annotations

from typing import Protocol

from savant.schemas.spendings import Payers


class Reservation(Protocol):
    """Money set aside for one model call, in US dollars."""

    @property
    def usd(self) -> float:
        """What was set aside: between the least and the most that was asked for."""
        ...

    async def settle(self, cost_usd: float | None) -> None:
        """Give back what was set aside, once the journal has what the call cost.

        None says that nobody knows what it cost, so all of it is taken for spent.
        """
        ...


class Purse(Protocol):
    """Money that many runs share."""

    def covers(self, payers: Payers) -> bool:
        """Whether there is a budget that a call of these is under."""
        ...

    async def reserve(self, most: float, least: float, path: str, payers: Payers) -> Reservation:
        """Set aside `most` US dollars, or less where less is left, for the model call at `path` of the run.

        May wait for other reservations to be settled; raises BUDGET if not even `least` is left without them.
        """
        ...
