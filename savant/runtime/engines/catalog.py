"""Which engines there are, and their reference as a page."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from savant.runtime.engines.context import Context
from savant.runtime.engines.fs import Fs
from savant.runtime.engines.git import Git
from savant.runtime.engines.memory import Memory
from savant.runtime.engines.personas import Personas
from savant.runtime.engines.rules import Rules
from savant.runtime.engines.shell import Shell
from savant.runtime.indexing.index import CodeIndex
from savant.runtime.memory import MemoryList, MemoryStore
from savant.runtime.tools.base import ToolSpec
from savant.runtime.tools.engine import Engine
from savant.schemas.programs import Bundle


def builtin(
    root: Path | None,
    bundle: Bundle,
    *,
    shell: bool = False,
    memories: MemoryStore | None = None,
    index: CodeIndex | None = None,
) -> list[Engine]:
    """The engines of a run: those of files only with a `root`, the shell and memory only if they are asked for."""
    engines: list[Engine] = [Personas(bundle.personas), Rules(bundle.rulesets)]
    engines += [Memory(memories)] if memories is not None else []
    if root is not None:
        engines += [Fs(root), Git(root), Context(root, index)]
        engines += [Shell(root)] if shell else []
    return engines


def reference() -> str:
    """docs/engines.md: every built-in tool with its effect and arguments (`python -m savant.runtime.engines`)."""
    engines = sorted(builtin(Path(), Bundle(), shell=True, memories=MemoryList()), key=lambda engine: engine.name)
    return _HEAD + "\n".join(section for engine in engines for section in _engine(engine))


_HEAD = """\
# Engines

The tools that come with Savant. This page is written by `python -m savant.runtime.engines > docs/engines.md`.

An **effect** says what happens to a call that was cut short when its run is resumed: `read` and `idempotent` calls
are made again, a `write` is not repeated before someone has said so.

"""


def _engine(engine: Engine) -> Iterator[str]:
    yield f"## {engine.name}\n\n{(type(engine).__doc__ or '').strip()}\n"
    for tool in engine.tools():
        yield _tool(tool.spec)


def _tool(spec: ToolSpec) -> str:
    required: list[str] = spec.input_schema["required"]
    arguments: dict[str, dict[str, Any]] = spec.input_schema["properties"]
    rows = [_argument(name, schema, name in required) for name, schema in arguments.items()]
    table = "\n".join(["| argument | type | default | |", "|---|---|---|---|", *rows]) if rows else "No arguments."
    answer = (spec.output_schema or {}).get("$ref", "").rpartition("/")[2]
    fields: dict[str, Any] = (spec.output_schema or {}).get("$defs", {}).get(answer, {}).get("properties", {})
    gives = f"\nAnswers: {', '.join(f'`{field}`' for field in fields)}.\n" if fields else ""
    return f"### {spec.name}\n\n`{spec.effect}` · {spec.description}\n\n{table}\n{gives}"


def _argument(name: str, schema: dict[str, Any], required: bool) -> str:
    default = "required" if required else f"`{msgspec.json.encode(schema.get('default')).decode()}`"
    return f"| `{name}` | {_type(schema)} | {default} | {schema.get('description', '')} |"


def _type(schema: dict[str, Any]) -> str:
    options = [_option(option) for option in schema.get("anyOf", [schema])]
    text = " or ".join(option for option in options if option != "null")
    limits = [f"{word} {schema[key]}" for key, word in (("minimum", "from"), ("maximum", "to")) if key in schema]
    return " ".join([text, *limits])


def _option(schema: dict[str, Any]) -> str:
    return schema["type"] if "type" in schema else " or ".join(f"`{value}`" for value in schema["enum"])
