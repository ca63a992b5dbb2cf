"""A run that is stopped, times out or fails in one branch leaves nothing running, real processes included."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import psutil
import pytest

from savant.client import Client, connect
from savant.runtime.engines import process, shell
from savant.schemas.programs import Bundle
from savant.schemas.runs import Run, RunConfig, RunCreate
from savant.schemas.workflows import WorkflowDefinition
from savant.services import leases
from savant.settings import Settings

STUBBORN = "trap '' TERM; setsid sleep 60 & (setsid sleep 60 &); touch {name}.began; sleep 60 & wait; sleep 60"


@pytest.fixture
async def client(settings: Settings) -> AsyncIterator[Client]:
    """Here alone: a server runs no shell."""
    async with connect(msgspec.structs.replace(settings, shell=True)) as opened:
        yield opened


def sleeping(name: str, **more: Any) -> dict[str, Any]:
    """A step whose process says that it began, and then sleeps for a minute, deaf to SIGTERM.

    So do three children: one beside it, one in a session of its own, and one of nobody's any more.
    """
    return {"id": name, "tool": "shell.run", "with": {"command": STUBBORN.format(name=name)}, **more}


def create(root: Path, *steps: dict[str, Any], **config: Any) -> RunCreate:
    definition = WorkflowDefinition(name="W", steps=[*steps])
    bundle = Bundle(workflows={"w": definition})
    return RunCreate(type="workflow", slug="w", bundle=bundle, config=RunConfig(root=str(root), **config))


async def began(root: Path, *names: str) -> None:
    async with asyncio.timeout(60):
        while not all((root / f"{name}.began").exists() for name in names):
            await asyncio.sleep(0.01)


async def ended(client: Client, run: Run) -> Run:
    async for _ in client.runs.follow(run.id):
        pass
    return await client.runs.get(run.id)


def left_in(root: Path) -> list[psutil.Process]:
    """Processes that still work in the folder."""
    found: list[psutil.Process] = []
    for each in psutil.process_iter():
        try:
            if each.status() != psutil.STATUS_ZOMBIE and each.cwd() == str(root):
                found.append(each)
        except psutil.Error:
            continue
    return found


async def test_stopping_a_run_reaches_every_branch_and_what_it_started(client: Client, root: Path) -> None:
    inner = sleeping("in${{ item }}") | {"id": "inner"}
    loop = {"id": "each", "foreach": [1, 2], "max_parallel": 2, "steps": [{"parallel": [inner]}]}
    both = {
        "id": "both",
        "parallel": [sleeping("one"), {"id": "deep", "condition": True, "then": [sleeping("two")]}, loop],
    }
    run = await client.runs.start(create(root, both))
    await began(root, "one", "two", "in1", "in2")
    assert len(left_in(root)) >= 16
    asked = time.monotonic()
    await client.runs.stop(run.id)
    stopped = await ended(client, run)
    took = time.monotonic() - asked
    assert (stopped.status, stopped.error_code) == ("stopped", "stopped")
    assert left_in(root) == []
    sys.stdout.write(f"It took {took:.2f} s.")
    assert took < 5, "as often as not this machine has much else to do; what is waited for is below"


def test_what_is_waited_for_until_a_stop_has_reached_all_is_well_within_a_second() -> None:
    """Until it is noticed, until the deaf are killed, and for a pipe that somebody out of reach holds open."""
    assert leases.POLL_SECONDS + shell.GRACE_SECONDS + process.CUT_DRAIN_SECONDS < 0.75


async def test_a_failure_beside_them_ends_them(client: Client, root: Path) -> None:
    failing = {
        "id": "bad",
        "tool": "shell.run",
        "with": {"command": "while [ ! -e slow.began ]; do sleep 0.01; done; exit 3"},
    }
    stop = {"id": "stop", "if": "${{ steps.bad.output.exit_code != 0 }}", "fail": "It failed."}
    branch = {"id": "first", "condition": True, "then": [failing, stop]}
    run = await ended(
        client, await client.runs.start(create(root, {"id": "both", "parallel": [sleeping("slow"), branch]}))
    )
    assert run.status == "failed"
    assert left_in(root) == []


async def test_a_step_that_takes_too_long_is_ended_and_recovered_from(client: Client, root: Path) -> None:
    slow = sleeping("slow", timeout="500ms", on_error=[{"id": "note", "set": {"code": "${{ steps.slow.error.code }}"}}])
    run = await ended(client, await client.runs.start(create(root, slow)))
    assert run.status == "completed", run.error_message
    assert [step.error_code for step in await client.runs.steps(run.id)] == ["timeout", None]
    assert left_in(root) == []


async def test_a_run_that_takes_too_long_is_ended(client: Client, root: Path) -> None:
    run = await ended(client, await client.runs.start(create(root, {"parallel": [sleeping("slow")]}, timeout=1.0)))
    assert (run.status, run.error_code) == ("failed", "timeout")
    assert left_in(root) == []
