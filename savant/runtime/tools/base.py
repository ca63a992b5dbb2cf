"""The Toolbox protocol: tools by name, whatever engine or server stands behind them."""

from __future__ import annotations

from typing import Any, Protocol

import msgspec

from savant.schemas.steps import Effect


class ToolSpec(msgspec.Struct, kw_only=True, frozen=True):
    """A tool as the runtime sees it; `name` is `engine.tool`, `input_schema` is JSON Schema of an object.

    `effect` comes from the tool's annotations: `read` (readOnlyHint), `idempotent` (idempotentHint), else `write`.
    """

    name: str
    description: str
    input_schema: dict[str, Any]
    effect: Effect
    output_schema: dict[str, Any] | None = None


class Toolbox(Protocol):
    """The one namespaced surface over all tools."""

    def specs(self) -> list[ToolSpec]:
        """Every tool that may be called, by name."""
        ...

    def spec(self, name: str) -> ToolSpec:
        """One tool; raises SavantError(TOOL_UNKNOWN) naming the nearest."""
        ...

    async def call(self, name: str, arguments: dict[str, Any]) -> Any:
        """The tool's JSON-serialisable result.

        Raises SavantError: TOOL_UNKNOWN, TOOL_BAD_ARGUMENTS (checked against the schema before anything happens),
        TOOL_FAILED with a message a model can act on.
        """
        ...

    async def aclose(self) -> None: ...
