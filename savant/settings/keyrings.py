"""The system's keyring, trusted no further than it gives back what it was given."""

from __future__ import annotations

import contextlib

SERVICE = "savant"


def read(entry: str) -> str | None:
    """What is kept under a name; None if there is nothing, or nobody who answers."""
    import keyring

    try:
        return keyring.get_password(SERVICE, entry)
    except Exception:  # noqa: BLE001 - a backend raises what it likes; without an answer there is no key
        return None


def write(entry: str, text: str) -> bool:
    """Whether it is kept there: a headless machine has a backend that fails, or one that only says it keeps it."""
    import keyring

    try:
        keyring.set_password(SERVICE, entry, text)
        return keyring.get_password(SERVICE, entry) == text
    except Exception:  # noqa: BLE001 - as above
        return False


def remove(entry: str) -> None:
    import keyring

    with contextlib.suppress(Exception):  # what is left behind is of no use to anybody
        keyring.delete_password(SERVICE, entry)
