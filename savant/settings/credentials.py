"""Keys to servers, by address: in the system's keyring, or where there is none in a file for its owner alone."""

from __future__ import annotations

from pathlib import Path

import msgspec

from savant.errors import ErrorCode, SavantError
from savant.settings import keyrings
from savant.settings.trust import replace

FILE = "credentials.json"
_IN_KEYRING = "keyring"


def find(home: Path, url: str) -> str | None:
    """The key to a server; None if nobody signed in there."""
    kept = _read(home).get(_name(url))
    return keyrings.read(_entry(home, url)) if kept == _IN_KEYRING else kept


def keep(home: Path, url: str, key: str) -> None:
    """Remember a key, in place of the one before."""
    in_keyring = keyrings.write(_entry(home, url), key)
    _write(home, _read(home) | {_name(url): _IN_KEYRING if in_keyring else key})


def forget(home: Path, url: str) -> bool:
    """Whether there was a key to forget."""
    known = _read(home)
    if _name(url) not in known:
        return False
    if known.pop(_name(url)) == _IN_KEYRING:
        keyrings.remove(_entry(home, url))
    _write(home, known)
    return True


def _name(url: str) -> str:
    return url.rstrip("/")


def _entry(home: Path, url: str) -> str:
    return f"{home} {_name(url)}"


def _read(home: Path) -> dict[str, str]:
    try:
        return msgspec.json.decode((home / FILE).read_bytes(), type=dict[str, str])
    except FileNotFoundError:
        return {}
    except (OSError, msgspec.DecodeError) as error:
        hint = "Delete it, and sign in again: savant login URL"
        raise SavantError(ErrorCode.INVALID_CONFIG, f"Cannot read {home / FILE}: {error}.", hint=hint) from error


def _write(home: Path, keys: dict[str, str]) -> None:
    home.mkdir(parents=True, exist_ok=True)
    replace(home / FILE, msgspec.json.encode(keys))
