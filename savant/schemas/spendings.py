"""Who spends what a model call costs."""

from __future__ import annotations

from typing import NamedTuple

from savant.schemas.programs import RunnableType

Payers = tuple[tuple[RunnableType, str], ...]
"""The agents and workflows, by kind and slug, that a call is made for: each of them spends what it costs."""


class Charge(NamedTuple):
    """US dollars that one call cost."""

    payers: Payers
    usd: float
