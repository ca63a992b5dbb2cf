"""The file of a run (docs/replay.md): written the same byte for byte, read with every part checked."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from savant.errors import ErrorCode, SavantError
from savant.runtime.blobs import canonical, digest
from savant.schemas.base import Schema
from savant.schemas.records import FORMAT, Record
from savant.schemas.steps import Step
from savant.schemas.tests import Expect
from savant.schemas.traces import Trace

_APART = frozenset({"program", "steps", "tools", "blobs"})
MAX_BYTES = 256_000_000
_FIRST = ("savant", "format", "redacted", "rules", "expect", "run", "program", "tools", "steps", "traces", "blobs")


class RunFile(Schema):
    """What a file holds. `redacted` says that secrets and people were taken out, and times with them; `rules` are those
    that were added for that.
    """

    record: Record
    expect: Expect | None = None
    redacted: bool = False
    rules: list[str] = []
    traces: list[Trace] = []


def dump(file: RunFile, *, yaml: bool) -> str:
    """The text of a file."""
    document = _document(file)
    if yaml:
        from savant.runtime.definitions.dump import dump_plain

        return dump_plain(document)
    return msgspec.json.format(msgspec.json.encode(document), indent=1).decode() + "\n"


def load(content: bytes, name: str) -> RunFile:
    """The file's run; raises INVALID_DEFINITION saying what is wrong with it."""
    if len(content) > MAX_BYTES:
        raise _invalid(name, f"it is larger than {MAX_BYTES // 1_000_000} MB")
    try:
        document = msgspec.json.decode(content) if content.lstrip()[:1] == b"{" else msgspec.yaml.decode(content)
    except msgspec.MsgspecError as error:
        raise _invalid(name, f"it is neither JSON nor YAML: {error}") from None
    if not isinstance(document, dict) or document.get("savant") != "run":
        raise _invalid(name, "it is no run of Savant")
    if document.get("format") != FORMAT:
        message = f"it has format {document.get('format')}, and this is Savant for format {FORMAT}"
        raise _invalid(name, message, "Upgrade Savant, or record the run anew.")
    try:
        return _read(document, name)
    except msgspec.ValidationError as error:
        raise _invalid(name, f"{error}") from None


def read(path: Path, name: str | None = None) -> RunFile:
    """The same of a file by its path; NOT_FOUND if it cannot be read."""
    try:
        return load(path.read_bytes(), name or str(path))
    except OSError as error:
        raise SavantError(ErrorCode.NOT_FOUND, f"Cannot read {name or path}: {error.strerror}.") from None


def is_yaml(path: Path) -> bool:
    return path.suffix in (".yaml", ".yml")


def _document(file: RunFile) -> dict[str, Any]:
    record = file.record
    document: dict[str, Any] = {
        "savant": "run",
        "format": FORMAT,
        "redacted": file.redacted,
        "rules": file.rules or None,
        "expect": _sparse(file.expect) if file.expect else None,
        "run": _members(record),
        "program": _sparse(record.program),
        "tools": [_sparse(tool) for tool in record.tools],
        "steps": [_members(step) for step in record.steps],
        "traces": [msgspec.to_builtins(trace) for trace in file.traces] or None,
        "blobs": {key: msgspec.json.decode(record.blobs[key]) for key in sorted(record.blobs)},
    }
    return {name: document[name] for name in _FIRST if document[name] is not None}


def _read(document: dict[str, Any], name: str) -> RunFile:
    blobs = {key: canonical(value) for key, value in document.get("blobs", {}).items()}
    for key, content in blobs.items():
        if digest(content) != key:
            raise _invalid(name, f"the blob {key[:12]} is not what it says")
    parts = {name: document.get(name, []) for name in ("program", "tools", "steps")}
    record = msgspec.convert({**document.get("run", {}), **parts}, Record)
    record.blobs = blobs
    expect = document.get("expect")
    return RunFile(
        record=record,
        expect=None if expect is None else msgspec.convert(expect, Expect),
        redacted=bool(document.get("redacted")),
        rules=msgspec.convert(document.get("rules", []), list[str]),
        traces=msgspec.convert(document.get("traces", []), list[Trace]),
    )


def _members(value: Record | Step) -> dict[str, Any]:
    """The members that say something, in the order of their struct."""
    members: dict[str, Any] = {}
    for field in msgspec.structs.fields(value):
        member = getattr(value, field.name)
        if member is None or (field.name == "attempt" and member == 1) or member is False:
            continue
        if isinstance(member, msgspec.Raw):
            member = msgspec.json.decode(member)
        if field.name in _APART:
            continue
        members[field.name] = _sparse(member) if isinstance(member, msgspec.Struct) else msgspec.to_builtins(member)
    return members


def _sparse(value: msgspec.Struct) -> dict[str, Any]:
    from savant.runtime.definitions.dump import members

    return members(value)


def _invalid(name: str, what: str, hint: str | None = None) -> SavantError:
    return SavantError(ErrorCode.INVALID_DEFINITION, f"{name} cannot be used: {what}.", hint=hint)
