"""Where the keys that seal secrets are kept: in the settings, the system's keyring, or a private file."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from savant import clock
from savant.errors import ErrorCode, SavantError
from savant.settings import Settings, keyrings
from savant.settings.trust import replace

FILE = "secret.keys"
_IN_KEYRING = "keyring:"


class Keystore(Protocol):
    """Keys as text, the current one first; None where there are none yet."""

    def read(self) -> str | None: ...

    def write(self, text: str) -> None: ...


def keystore(settings: Settings) -> Keystore:
    """The settings' keys where they have any; else those of this machine."""
    if settings.secret_keys is not None:
        return _Configured(settings.secret_keys)
    return _Machine(settings.home / FILE)


class _Configured:
    def __init__(self, text: str) -> None:
        self._text = text

    def read(self) -> str:
        return self._text

    def write(self, text: str) -> None:
        raise SavantError(
            ErrorCode.CONFLICT,
            "The keys that seal secrets are given in the setting `secret_keys`.",
            hint="Put a new key before the others there, then: savant secrets rotate-key",
        )


class _Machine:
    """The file says where the keys are: it holds them, or names the entry of the system's keyring that does."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def read(self) -> str | None:
        try:
            text = self._file.read_text().strip()
        except FileNotFoundError:
            return None
        except (OSError, UnicodeDecodeError) as error:
            raise SavantError(ErrorCode.INVALID_CONFIG, f"Cannot read {self._file}: {error}.") from error
        if not text.startswith(_IN_KEYRING):
            return text
        keys = keyrings.read(text.removeprefix(_IN_KEYRING))
        if keys is None:
            raise SavantError(
                ErrorCode.INVALID_CONFIG,
                "The key that opens secrets is in the system's keyring, which does not give it.",
                hint="Unlock the keyring, or run where it can be reached.",
            )
        return keys

    def write(self, text: str) -> None:
        """Into the system's keyring, if that gives back what it is given; else into the file."""
        before = self._file.read_text().strip() if self._file.exists() else _IN_KEYRING
        entry = f"{self._file.parent} {clock.token(4)}"
        # Keys that are in the file stay there: a keyring that came later may go again.
        kept = before.startswith(_IN_KEYRING) and keyrings.write(entry, text)
        replace(self._file, (f"{_IN_KEYRING}{entry}\n" if kept else f"{text}\n").encode())
        if before.startswith(_IN_KEYRING) and before != _IN_KEYRING:
            keyrings.remove(before.removeprefix(_IN_KEYRING))
