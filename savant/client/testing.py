"""Recorded tests: found, replayed against the project's definitions, and judged; never a live call."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import msgspec

from savant import clock
from savant.client.project import Project
from savant.client.recordings import write
from savant.errors import ErrorCode, SavantError
from savant.runtime.references import reached
from savant.runtime.replay.divergences import parting
from savant.runtime.replay.expectations import failures
from savant.runtime.replay.files import RunFile, read
from savant.runtime.replay.redaction import Redactor, redact_program, rederived, rule
from savant.runtime.replay.replaying import replay
from savant.runtime.replay.substitutions import KINDS, rebased
from savant.schemas.programs import Bundle, Program
from savant.schemas.tests import Expect, TestResult

ENDINGS = (".run.yaml", ".run.yml", ".run.json")
FEW = 8  # tests that one process carries out sooner than others would start
_PASSED_BY = frozenset({"node_modules", "__pycache__", "venv"})


def discover(paths: Sequence[Path], cwd: Path, project: Path | None) -> list[Path]:
    """The files named, and all `*.run.yaml` and `*.run.json` in the folders named, or in the project; sorted."""
    found: set[Path] = set()
    for path in paths or [project or cwd]:
        place = cwd / path
        if place.is_dir():
            found.update(_inside(place))
        elif place.is_file():
            found.add(place)
        else:
            raise SavantError(ErrorCode.NOT_FOUND, f"There is no {path}.")
    return sorted(found)


def _inside(folder: Path) -> list[Path]:
    found: list[Path] = []
    for place, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if name not in _PASSED_BY and (name == ".savant" or name[0] != ".")]
        found += [Path(place, name) for name in files if name.endswith(ENDINGS)]
    return found


async def carry_out(files: Sequence[Path], cwd: Path) -> list[TestResult]:
    """What came of each test, in order; many are shared out among processes."""
    if len(files) <= FEW:
        return [await _one(file, cwd) for file in files]
    loop = asyncio.get_running_loop()
    workers = min(os.cpu_count() or 1, (len(files) + FEW - 1) // FEW)
    with ProcessPoolExecutor(workers) as pool:
        return list(await asyncio.gather(*(loop.run_in_executor(pool, _alone, file, cwd) for file in files)))


async def updated(file: Path, cwd: Path) -> RunFile:
    """The test as its definitions are now: the same effects, and prompts and arguments derived again."""
    found = read(file, name(file, cwd))
    record = await rederived(found.record, _program(found, file))
    program = msgspec.structs.replace(record.program, bundle=reached(record.program))
    return msgspec.structs.replace(found, record=msgspec.structs.replace(record, program=program))


def accept(file: Path, content: RunFile) -> None:
    """Write an updated test in its place."""
    write(file, content)


def name(file: Path, cwd: Path) -> str:
    return str(file.relative_to(cwd)) if file.is_relative_to(cwd) else str(file)


def _alone(file: Path, cwd: Path) -> TestResult:
    return asyncio.run(_one(file, cwd))


async def _one(file: Path, cwd: Path) -> TestResult:
    began = clock.monotonic()
    try:
        result = await _judged(file, cwd)
    except SavantError as error:
        result = TestResult(file=name(file, cwd), verdict="broken", failures=[str(error)])
    result.duration_ms = round((clock.monotonic() - began) * 1000)
    return result


async def _judged(file: Path, cwd: Path) -> TestResult:
    found = read(file, name(file, cwd))
    replayed = await replay(found.record, _program(found, file))
    result = TestResult(file=name(file, cwd), verdict="passed", steps=len(replayed.record.steps))
    if replayed.divergence is not None:
        result.verdict, result.divergence = "diverged", parting(replayed.divergence)
        return result
    result.failures = failures(found.expect or Expect(), replayed.record)
    if result.failures:
        result.verdict = "failed"
    return result


def _program(file: RunFile, path: Path) -> Program:
    """The recorded program with what the project around the file has of it now, redacted as the record is."""
    recorded = file.record.program
    project = Project.find(path.resolve().parent)
    if project is None:
        return recorded
    changed, others = Bundle(), Bundle()
    for kind in KINDS:
        for slug, definition in getattr(project.bundle, kind).items():
            known = slug in getattr(recorded.bundle, kind)
            getattr(changed if known else others, kind)[slug] = definition
    program = rebased(recorded, changed, Bundle())
    if file.redacted:
        program = redact_program(program, Redactor(rules=[rule(text) for text in file.rules]))
    return rebased(program, Bundle(), others)
