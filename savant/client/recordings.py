"""Runs as files: recorded as tests without secrets, exported whole, and imported again."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from savant.client.client import Client
from savant.errors import ErrorCode, SavantError
from savant.runtime.replay.files import RunFile, dump, is_yaml, read
from savant.runtime.replay.redaction import Redactor, places, redacted, rule
from savant.schemas.runs import Run
from savant.schemas.tests import Expect
from savant.schemas.traces import Trace
from savant.settings import Settings

__all__ = ["dump", "exported", "imported", "recording", "write"]

RULES_FILE = Path(".savant", "redactions")
_SECRET_NAME = re.compile(r"KEY|TOKEN|SECRET|PASSW|CREDENTIAL", re.IGNORECASE)
_PAGE = 1000


async def recording(client: Client, id: int, file: Path, settings: Settings, extra: Iterable[str]) -> RunFile:
    """The run as a test: redacted, and asserting how it ended; an older file's assertions are kept."""
    record = await client.runs.export(id)
    if record.status not in ("completed", "failed"):
        raise SavantError(ErrorCode.CONFLICT, f"Run {id} is {record.status}; only a finished run becomes a test.")
    rules = [*rules_of(settings.project), *extra]
    here = places(record, str(Path.home()))
    redactor = Redactor(known_secrets(settings, os.environ), [rule(text) for text in rules], here)
    expect = _kept(file)
    return RunFile(
        record=await redacted(record, redactor),
        expect=expect or Expect(status=record.status, error_code=record.error_code),
        redacted=True,
        rules=rules,
    )


def _kept(file: Path) -> Expect | None:
    return read(file).expect if file.exists() else None


async def exported(client: Client, id: int) -> RunFile:
    """The run with everything that was recorded of it."""
    return RunFile(record=await client.runs.export(id), traces=await _traces(client, id))


async def imported(client: Client, file: Path, name: str) -> Run:
    """A new run that is what the file says."""
    found = read(file, name)
    return await client.runs.keep(found.record, found.traces)


def write(file: Path, content: RunFile) -> None:
    """Write it beside its place and move it there, so that it is whole or not at all."""
    part = file.with_name(f".{file.name}.{os.getpid()}.part")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        part.write_text(dump(content, yaml=is_yaml(file)), encoding="utf-8")
        part.replace(file)
    except OSError as error:
        raise SavantError(ErrorCode.USAGE, f"Cannot write {file}: {error.strerror}.") from error


def rules_of(project: Path | None) -> list[str]:
    """The project's own rules: one a line, `EXPRESSION` or `EXPRESSION => TEXT`."""
    file = project / RULES_FILE if project else None
    if file is None or not file.is_file():
        return []
    lines = (line.strip() for line in file.read_text(encoding="utf-8").splitlines())
    return [line for line in lines if line and not line.startswith("#")]


def known_secrets(settings: Settings, environ: Mapping[str, str]) -> list[str]:
    """Values that are secret wherever they appear: keys in the settings, and variables named like one."""
    keys = [provider.api_key for provider in settings.providers.values()] + [settings.api_key]
    return [key for key in keys if key] + [value for name, value in environ.items() if _SECRET_NAME.search(name)]


async def _traces(client: Client, id: int) -> list[Trace]:
    found: list[Trace] = []
    while page := await client.runs.traces(id, found[-1].seq if found else 0, _PAGE):
        found += page
    return found
