"""Which project folders may set what could do harm: those the user has said so about, as they were then."""

from __future__ import annotations

import hashlib
import os
import tempfile
from pathlib import Path

import msgspec

from savant.errors import ErrorCode, SavantError

FILE = "trusted.json"


def fingerprint(project: Path) -> str:
    """SHA-256 of the folder's savant.toml; of nothing, if it has none."""
    try:
        content = (project / "savant.toml").read_bytes()
    except FileNotFoundError:
        content = b""
    return hashlib.sha256(content).hexdigest()


def is_trusted(home: Path, project: Path) -> bool:
    """Whether the user trusts the folder, and its savant.toml has not changed since."""
    return _read(home).get(str(project.resolve())) == fingerprint(project)


def was_trusted(home: Path, project: Path) -> bool:
    """Whether the folder is on the list at all, changed or not."""
    return str(project.resolve()) in _read(home)


def trust(home: Path, project: Path) -> None:
    """Trust the folder as it is now."""
    trusted = _read(home)
    trusted[str(project.resolve())] = fingerprint(project)
    _write(home, trusted)


def distrust(home: Path, project: Path) -> None:
    """Forget that the folder was trusted."""
    trusted = _read(home)
    if trusted.pop(str(project.resolve()), None) is not None:
        _write(home, trusted)


def _read(home: Path) -> dict[str, str]:
    try:
        return msgspec.json.decode((home / FILE).read_bytes(), type=dict[str, str])
    except FileNotFoundError:
        return {}
    except (OSError, msgspec.MsgspecError) as error:
        raise SavantError(
            ErrorCode.INVALID_CONFIG, f"Cannot read {home / FILE}: {error}.", hint="Mend it or delete it."
        ) from error


def _write(home: Path, trusted: dict[str, str]) -> None:
    replace(home / FILE, msgspec.json.format(msgspec.json.encode(trusted)))


def replace(file: Path, content: bytes) -> None:
    """Write a private file whole or not at all; INVALID_CONFIG if the place cannot be written."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=file.parent, prefix=file.name)
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
        Path(name).replace(file)
    except OSError as error:
        raise SavantError(ErrorCode.INVALID_CONFIG, f"Cannot write {file}: {error.strerror}.") from error
