"""Where settings come from: files, the environment and flags, each checked against the list of keys."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping
from pathlib import Path as FilePath
from typing import Any, NamedTuple, NoReturn

import msgspec

from savant.errors import ErrorCode, Position, SavantError
from savant.settings.keys import KEYS, Key, Path, dotted, find, nearest, takes

PREFIX = "SAVANT_"
OTHER_VARIABLES = frozenset({"SAVANT_HOME"})
_HEADER = re.compile(r"^\s*\[{1,2}\s*([^\]\[]+?)\s*\]{1,2}\s*(#.*)?$")
_ASSIGNMENT = re.compile(r"""^\s*((?:[\w-]+|"[^"]*"|'[^']*')(?:\s*\.\s*(?:[\w-]+|"[^"]*"|'[^']*'))*)\s*=""")


class Value(NamedTuple):
    """One setting from one place; `origin` is `FILE:LINE`, `env NAME` or `flag`."""

    value: Any
    origin: str


Layer = dict[Path, Value]


def from_file(file: FilePath) -> Layer:
    """The settings of a TOML file ({} if there is none); INVALID_CONFIG with the line of what is wrong in it."""
    try:
        text = file.read_text(encoding="utf-8")
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise SavantError(ErrorCode.INVALID_CONFIG, f"Cannot read {file}: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise SavantError(ErrorCode.INVALID_CONFIG, f"{file} is not UTF-8 text.", hint="Save it as UTF-8.") from error
    return from_text(text, str(file))


def from_text(text: str, file: str) -> Layer:
    """The same for a text that is, or will be, in `file`."""
    lines = _lines(text)
    layer: Layer = {}
    for path, value in _leaves(_parse(text, file)):
        line = next((lines[path[:n]] for n in range(len(path), 0, -1) if path[:n] in lines), 1)
        key = find(path)
        if key is None:
            _unknown(path, Position(file, line, 1))
        layer[path] = Value(_convert(key, path, value, Position(file, line, 1)), f"{file}:{line}")
    return layer


def from_environment(environ: Mapping[str, str]) -> tuple[Layer, list[str]]:
    """`SAVANT_MODEL`, `SAVANT_PROVIDERS__OLLAMA__BASE_URL`; and a warning for each that looks like a slip."""
    layer: Layer = {}
    warnings: list[str] = []
    for name, text in environ.items():
        if not name.startswith(PREFIX) or name in OTHER_VARIABLES or not text:
            continue
        path = tuple(name.removeprefix(PREFIX).lower().split("__"))
        key = find(path)
        if key is not None:
            layer[path] = Value(_convert(key, path, text, None, place=name, strict=False), f"env {name}")
        elif close := difflib.get_close_matches(name, _variables(), n=1, cutoff=0.8):
            warnings.append(f"{name} is not a setting. Did you mean {close[0]}?")
    return layer, warnings


def from_flags(flags: Mapping[str, Any]) -> Layer:
    """What the command line says, by dotted name; None is not given."""
    layer: Layer = {}
    for name, value in flags.items():
        path = tuple(name.split("."))
        key = find(path)
        if value is not None and key is not None:
            place = f"--{name.replace('_', '-')}"
            layer[path] = Value(_convert(key, path, value, None, place=place, strict=False), "flag")
    return layer


def _variables() -> list[str]:
    names = [PREFIX + key.path[0].upper() for key in KEYS if len(key.path) == 1]
    return [*names, *OTHER_VARIABLES]


def _parse(text: str, file: str) -> dict[str, Any]:
    import tomllib

    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        found = re.search(r"\(at line (\d+), column (\d+)\)", str(error))
        line, column = (int(found[1]), int(found[2])) if found else (max(1, text.count("\n")), 1)
        message = re.sub(r"\s*\(at .*\)$", "", str(error))
        raise SavantError(
            ErrorCode.INVALID_CONFIG, f"Not valid TOML: {message}.", position=Position(file, line, column)
        ) from error


def _leaves(value: dict[str, Any], path: Path = ()) -> Iterator[tuple[Path, Any]]:
    for name, member in value.items():
        if isinstance(member, dict) and find((*path, name)) is None:
            yield from _leaves(member, (*path, name))
        else:
            yield (*path, name), member


def _lines(text: str) -> dict[Path, int]:
    """The line on which each key and table stands, counted from 1."""
    lines: dict[Path, int] = {}
    table: Path = ()
    for number, line in enumerate(text.splitlines(), 1):
        if header := _HEADER.match(line):
            table = _split(header[1])
            lines.setdefault(table, number)
        elif assignment := _ASSIGNMENT.match(line):
            lines.setdefault((*table, *_split(assignment[1])), number)
    return lines


def _split(name: str) -> Path:
    return tuple(part.strip("\"'") for part in re.findall(r"""[\w-]+|"[^"]*"|'[^']*'""", name))


def _unknown(path: Path, position: Position) -> NoReturn:
    close = nearest(path)
    hint = f"Did you mean `{close}`?" if close else "`savant config show --resolved` lists every setting."
    raise SavantError(ErrorCode.INVALID_CONFIG, f"There is no setting `{dotted(path)}`.", hint=hint, position=position)


def _convert(
    key: Key, path: Path, value: Any, position: Position | None, *, place: str = "", strict: bool = True
) -> Any:
    try:
        return msgspec.convert(value, key.type, strict=strict)
    except msgspec.ValidationError as error:
        message = f"`{place or dotted(path)}` takes {takes(key.type)}, not {value!r}."
        raise SavantError(ErrorCode.INVALID_CONFIG, message, position=position) from error
