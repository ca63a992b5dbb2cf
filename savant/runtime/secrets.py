"""Secrets in a run: opened for the call of a tool, and hidden wherever they come back."""

from __future__ import annotations

import base64
import json
import urllib.parse
from collections.abc import Iterable
from typing import Any, Protocol

from savant.errors import ErrorCode, SavantError
from savant.runtime.tools.base import Toolbox, ToolSpec

HIDDEN = "***"


class Vault(Protocol):
    """The secrets of one run, by name."""

    async def values(self) -> dict[str, str]:
        """Those of them that there are."""
        ...


class NoVault:
    """Where there are no secrets."""

    async def values(self) -> dict[str, str]:
        return {}


def missing(names: Iterable[str]) -> SavantError:
    """What a run is told that names secrets which are not there."""
    first, *others = sorted(names)
    also = f" (nor {', '.join(f'`{name}`' for name in others)})" if others else ""
    message = f"There is no secret `{first}`{also}."
    return SavantError(ErrorCode.NOT_FOUND, message, hint=f"Set it: savant secrets set {first}")


class HidingToolbox:
    """A toolbox in whose answers and errors the values of a run's secrets do not appear."""

    def __init__(self, toolbox: Toolbox, vault: Vault) -> None:
        self._toolbox = toolbox
        self._vault = vault

    def specs(self) -> list[ToolSpec]:
        return self._toolbox.specs()

    def spec(self, name: str) -> ToolSpec:
        return self._toolbox.spec(name)

    async def call(self, name: str, arguments: dict[str, Any]) -> Any:
        # Read before every call, not only before those that use one: a tool may find what another has put away.
        mask = Mask((await self._vault.values()).values())
        try:
            return mask.hide(await self._toolbox.call(name, arguments))
        except SavantError as error:
            raise mask.error(error) from None

    async def aclose(self) -> None:
        await self._toolbox.aclose()


class Mask:
    """Takes values, and the ways they are commonly written, out of whatever has text in it."""

    def __init__(self, values: Iterable[str]) -> None:
        self._forms = sorted({form for value in values if value for form in _forms(value)}, key=len, reverse=True)

    def hide(self, value: Any) -> Any:
        """The JSON value with `***` in their places."""
        if isinstance(value, str):
            for form in self._forms:
                value = value.replace(form, HIDDEN)
            return value
        if isinstance(value, dict):
            return {self.hide(key): self.hide(member) for key, member in value.items()}
        if isinstance(value, list | tuple):
            return [self.hide(item) for item in value]
        if isinstance(value, int | float) and str(value) in self._forms:
            return HIDDEN
        return value

    def error(self, error: SavantError) -> SavantError:
        """The same error without them."""
        return SavantError(
            error.code,
            self.hide(error.message),
            hint=self.hide(error.hint),
            position=error.position,
            details=self.hide(error.details),
        )


def _forms(value: str) -> Iterable[str]:
    """The value as it is, its lines, and as JSON, a URL or base64 would write it."""
    yield value
    yield from (line for line in value.splitlines() if len(line) >= 8)
    yield urllib.parse.quote(value, safe="")
    yield urllib.parse.quote_plus(value)
    yield json.dumps(value)[1:-1]
    yield json.dumps(value, ensure_ascii=False)[1:-1]
    yield base64.b64encode(value.encode()).decode()
    yield base64.urlsafe_b64encode(value.encode()).decode()
