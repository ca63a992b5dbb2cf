"""A run drawn live: its steps filling in as a tree, the text as it streams, time, tokens and cost."""

from __future__ import annotations

from typing import Any

import msgspec
from rich.console import Console, ConsoleOptions, RenderResult
from rich.live import Live as RichLive
from rich.spinner import Spinner
from rich.text import Text

from savant import clock
from savant.cli import tables, tree
from savant.cli.output import visible
from savant.schemas.runs import Event

STREAM_LINES = 6
STYLES = {"completed": "green", "failed": "red", "running": "cyan", "skipped": "dim"}


class Node(msgspec.Struct):
    """One step on the screen."""

    path: str
    type: str
    status: str = "running"
    tool_name: str | None = None
    agent: str | None = None
    duration_ms: int | None = None
    cost_usd: float | None = None
    error: str | None = None


class Live:
    """Draws over its own lines until it is left; then the tree stays, whole."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._nodes: dict[str, Node] = {}
        self._notes: dict[str, str] = {}
        self._text = ""
        self._began = clock.monotonic()
        self._tokens = 0
        self._cost: float | None = None
        self._ended = False
        self._spinner = Spinner("dots", style="cyan")
        self._live = RichLive(self, console=console, refresh_per_second=12, transient=False)

    def __enter__(self) -> Live:
        self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended = True
        self._text = ""
        self._live.stop()

    def event(self, event: Event) -> None:
        payload = event.payload
        if event.type == "text.delta":
            self._text = (self._text + str(payload.get("text", "")))[-4000:]
        elif event.type == "agent.escalated":
            self._notes[str(payload["path"]).removesuffix("/agent")] = tree.escalation(payload)
        elif event.type.startswith("step.") and "path" in payload:
            self._step(event.type.removeprefix("step."), payload)

    def _step(self, kind: str, payload: dict[str, Any]) -> None:
        path = str(payload["path"])
        node = self._nodes.setdefault(path, Node(path, str(payload.get("type", ""))))
        node.status = {"started": "running", "served": "completed"}.get(kind, kind)
        node.tool_name = payload.get("tool_name") or node.tool_name
        node.agent = payload.get("agent") or node.agent
        node.duration_ms = payload.get("duration_ms")
        node.cost_usd = payload.get("cost_usd")
        node.error = payload.get("error_message")
        if node.cost_usd is not None:
            self._cost = (self._cost or 0) + node.cost_usd
        self._tokens += int(payload.get("input_tokens") or 0) + int(payload.get("output_tokens") or 0)
        if node.type == "model" and kind != "started":
            self._text = ""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        lines = [self._line(placed, options.max_width) for placed in tree.nested(list(self._nodes))]
        streamed = [] if self._ended else self._streamed(options.max_width)
        if not self._ended:
            room = max(options.size.height - len(streamed) - 3, 3)
            lines = lines[-room:]
        yield from lines
        yield from streamed
        if not self._ended:
            yield self._spinner
        yield Text(self._footer(), style="dim")

    def _line(self, placed: tree.Placed, width: int) -> Text:
        node = self._nodes[placed.path]
        sign = tree.MARKS.get(node.status, tree.OPEN)[0]
        line = Text("  " * placed.depth)
        line.append(f"{sign} ", STYLES.get(node.status, "yellow"))
        line.append(visible(tree.title(placed.name, node.type, node.tool_name, node.agent)))
        facts = [tables.duration(node.duration_ms), tables.money(node.cost_usd)]
        line.append("  " + "  ".join(filter(None, facts)), "dim")
        if node.error:
            line.append("  " + visible(node.error), "red")
        if placed.path in self._notes:
            line.append("  ↑ " + visible(self._notes[placed.path]), "yellow")
        line.truncate(width, overflow="ellipsis")
        return line

    def _streamed(self, width: int) -> list[Text]:
        wrapped = Text(visible(self._text)).wrap(self._console, max(width - 2, 10))
        return [Text("│ ", "cyan").append_text(line) for line in wrapped[-STREAM_LINES:]] if self._text else []

    def _footer(self) -> str:
        elapsed = tables.duration((clock.monotonic() - self._began) * 1000)
        return "  ".join(filter(None, [elapsed, tables.tokens(self._tokens), tables.money(self._cost)]))
