"""Changing a file of settings in place, with its comments and order kept."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from savant.errors import ErrorCode, SavantError
from savant.settings import keys, layers
from savant.settings.trust import replace


def write(file: Path, name: str, value: str | None) -> None:
    """Set a dotted key in a TOML file, or remove it (None); INVALID_CONFIG for an unknown key or a wrong value."""
    import tomlkit

    path = split(name)
    text = file.read_text(encoding="utf-8") if file.exists() else ""
    layers.from_text(text, str(file))
    document = tomlkit.parse(text)
    if value is None:
        _remove(document, path, name, file)
    else:
        _set(document, path, parse(path, name, value))
    changed = tomlkit.dumps(document)
    layers.from_text(changed, str(file))
    replace(file, changed.encode())


def split(name: str) -> keys.Path:
    """`providers."my x".wire` as a path."""
    import tomllib

    try:
        folder: Any = tomllib.loads(f"{name} = 0")
    except tomllib.TOMLDecodeError as error:
        raise SavantError(ErrorCode.INVALID_CONFIG, f"{name!r} is not the name of a setting.") from error
    path: list[str] = []
    while isinstance(folder, dict):
        part = next(iter(folder))
        path.append(str(part))
        folder = folder[part]
    return tuple(path)


def parse(path: keys.Path, name: str, value: str) -> Any:
    """The value in the key's own type."""
    key = keys.find(path)
    if key is None:
        close = keys.nearest(path)
        hint = f"Did you mean `{close}`?" if close else "`savant config show --resolved` lists every setting."
        raise SavantError(ErrorCode.INVALID_CONFIG, f"There is no setting `{name}`.", hint=hint)
    try:
        return msgspec.convert(value, key.type, strict=False)
    except msgspec.ValidationError as error:
        message = f"`{name}` takes {keys.takes(key.type)}, not {value!r}."
        raise SavantError(ErrorCode.INVALID_CONFIG, message) from error


def _set(folder: Any, path: keys.Path, value: Any) -> None:
    import tomlkit

    for depth, part in enumerate(path[:-1]):
        if part not in folder:
            folder[part] = tomlkit.table(is_super_table=depth < len(path) - 2)
        folder = folder[part]
    folder[path[-1]] = value


def _remove(folder: Any, path: keys.Path, name: str, file: Path) -> None:
    for part in path[:-1]:
        folder = folder.get(part, {})
    if path[-1] not in folder:
        raise SavantError(ErrorCode.NOT_FOUND, f"{file} does not set `{name}`.")
    del folder[path[-1]]
