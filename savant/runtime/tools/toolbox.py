"""A toolbox of engines: every tool by its full name, checked, called and answered in one way."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from savant.errors import ErrorCode, SavantError
from savant.runtime.tools.base import ToolSpec
from savant.runtime.tools.engine import Engine, Tool
from savant.runtime.tools.nearest import did_you_mean
from savant.schemas.steps import Effect


class EngineToolbox:
    """The `Toolbox` of built-in engines.

    `effects` overrides what tools say of themselves, by full name; a name that its engine does not have is an
    error, a name of an engine that is not here is left alone.
    """

    def __init__(self, engines: Sequence[Engine], effects: Mapping[str, Effect] | None = None) -> None:
        self._engines = list(engines)
        self._tools: dict[str, Tool] = {}
        for engine in self._engines:
            self._add(engine)
        for name, effect in (effects or {}).items():
            self._override(name, effect)

    def specs(self) -> list[ToolSpec]:
        return [self._tools[name].spec for name in sorted(self._tools)]

    def spec(self, name: str) -> ToolSpec:
        return self._find(name).spec

    async def call(self, name: str, arguments: dict[str, Any]) -> Any:
        tool = self._find(name)
        try:
            return await tool.call(arguments)
        except SavantError:
            raise
        except Exception as error:  # whatever a tool does wrong is its failure, not the run's
            raise _failed(name, error) from error

    async def aclose(self) -> None:
        """Close every engine, also when one of them fails to; the first failure is raised at the end."""
        failures: list[Exception] = []
        for engine in self._engines:
            try:
                await engine.aclose()
            except Exception as error:  # noqa: BLE001 - the other engines must be closed too; raised below
                failures.append(error)
        if failures:
            raise failures[0]

    def schema_hashes(self) -> dict[str, str]:
        """The SHA-256 of each tool's input schema, by full name."""
        return {spec.name: schema_hash(spec.input_schema) for spec in self.specs()}

    def _find(self, name: str) -> Tool:
        if tool := self._tools.get(name):
            return tool
        raise SavantError(ErrorCode.TOOL_UNKNOWN, f"There is no tool `{name}`.", hint=did_you_mean(name, self._tools))

    def _add(self, engine: Engine) -> None:
        for tool in engine.tools():
            if tool.spec.name in self._tools:
                raise SavantError(ErrorCode.CONFLICT, f"Two engines offer the tool `{tool.spec.name}`.")
            self._tools[tool.spec.name] = tool

    def _override(self, name: str, effect: Effect) -> None:
        if tool := self._tools.get(name):
            self._tools[name] = tool._replace(spec=msgspec.structs.replace(tool.spec, effect=effect))
        elif name.partition(".")[0] in {engine.name for engine in self._engines}:
            self._find(name)


def schema_hash(schema: dict[str, Any]) -> str:
    """The SHA-256, as hex, of a schema written as JSON with sorted keys."""
    return hashlib.sha256(msgspec.json.encode(schema, order="deterministic")).hexdigest()


def _failed(name: str, error: Exception) -> SavantError:
    text = str(error) or "no message"
    return SavantError(
        ErrorCode.TOOL_FAILED,
        f"{name} failed unexpectedly: {type(error).__name__}: {text}",
        details={"tool": name, "exception": type(error).__name__},
    )
