"""Changing a definition: in the person's editor, or field by field."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import msgspec

from savant.cli.door import Door
from savant.errors import ErrorCode, SavantError


def edited(door: Door, text: str, name: str, check: Callable[[str], object]) -> str:
    """The text as the person saved it, once `check` accepts it; what it raises is shown, and the text offered again."""
    if not door.say.interactive:
        raise SavantError(ErrorCode.USAGE, "There is no terminal for an editor.", hint="Use --set or --file.")
    editor = _editor()
    with tempfile.TemporaryDirectory(prefix="savant-") as folder:
        file = Path(folder) / name
        file.write_text(text, encoding="utf-8")
        while True:
            _open(editor, file)
            saved = file.read_text(encoding="utf-8")
            try:
                check(saved)
            except SavantError as error:
                door.say.error(error)
                if not door.say.confirm("Edit it again?"):
                    raise _given_up(door, saved, name) from error
            else:
                return saved


def assigned(data: dict[str, Any], fields: Sequence[tuple[str, Any]], sets: Sequence[str]) -> dict[str, Any]:
    """`data` with fields set by dotted name; `sets` are KEY=VALUE, where a value is JSON if it is JSON, else text."""
    pairs = [*fields]
    for pair in sets:
        key, equals, value = pair.partition("=")
        if not equals or not key:
            raise SavantError(ErrorCode.USAGE, f"`--set {pair}` is not KEY=VALUE.")
        pairs.append((key, _value(value)))
    for key, value in pairs:
        *folders, last = key.split(".")
        place = data
        for folder in folders:
            place = place.setdefault(folder, {})
            if not isinstance(place, dict):
                raise SavantError(ErrorCode.USAGE, f"`{folder}` in `{key}` has no fields of its own.")
        place[last] = value
    return data


def changes(before: Any, after: Any, update: type[Any]) -> Any:
    """What is different, as an update; None if nothing is. A slug cannot change."""
    then, now = msgspec.to_builtins(before), msgspec.to_builtins(after)
    slug = now.pop("slug", None)
    if slug is not None and slug != then.get("slug"):
        hint = "Create it under the new one, and delete the old."
        raise SavantError(ErrorCode.VALIDATION, "A slug cannot be changed.", hint=hint)
    known = {field.name for field in msgspec.structs.fields(update)}
    differing = {name: value for name, value in now.items() if name in known and value != then.get(name)}
    return msgspec.convert(differing, update) if differing else None


def _value(text: str) -> Any:
    try:
        return msgspec.json.decode(text)
    except msgspec.DecodeError:
        return text


def _editor() -> list[str]:
    chosen = os.environ.get("VISUAL") or os.environ.get("EDITOR")
    if chosen:
        return shlex.split(chosen)
    for name in ("sensible-editor", "nano", "vi"):
        if found := shutil.which(name):
            return [found]
    raise SavantError(ErrorCode.USAGE, "No editor was found.", hint="Set EDITOR, or use --set or --file.")


def _open(editor: list[str], file: Path) -> None:
    try:
        code = subprocess.run([*editor, str(file)], check=False).returncode
    except OSError as error:
        raise SavantError(
            ErrorCode.USAGE, f"Cannot start {editor[0]}: {error.strerror}.", hint="Set EDITOR."
        ) from error
    if code != 0:
        raise SavantError(ErrorCode.USAGE, f"{editor[0]} ended with exit code {code}; nothing was changed.")


def _given_up(door: Door, saved: str, name: str) -> SavantError:
    """Keep what was typed, so that giving up loses nothing."""
    kept = Path(tempfile.gettempdir()) / f"savant-unsaved-{os.getpid()}-{name}"
    kept.write_text(saved, encoding="utf-8")
    return SavantError(ErrorCode.INVALID_DEFINITION, "It was not saved.", hint=f"Your text is in {kept}.")
