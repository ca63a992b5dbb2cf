"""`savant policies`."""

from __future__ import annotations

from typing import Any

from savant.cli.command import command, group
from savant.cli.door import Door

app = group()


@command(app)
def policies(door: Door) -> None:
    """Print who may do what: each verb, the least role that may, and the scope that a key needs for it."""
    from savant.cli import listing
    from savant.policies import RULES

    items: list[dict[str, Any]] = [
        {
            "noun": noun,
            "verb": verb,
            "role": rule.role,
            "scope": rule.scope,
            "access": rule.access,
            "guests": rule.guests,
        }
        for noun, verbs in RULES.items()
        for verb, rule in verbs.items()
    ]
    listing.show(
        door,
        items,
        ["NOUN", "VERB", "ROLE", "SCOPE", "WHOSE"],
        lambda each: [
            each["noun"],
            each["verb"],
            each["role"],
            each["scope"],
            _whose(each["access"], guests=each["guests"]),
        ],
        none="",
    )


def _whose(access: str, *, guests: bool) -> str:
    whose = "one's own; of others an admin" if access == "change" else "what one may see"
    return f"{whose}; guests at home" if guests else whose
