"""The shell engine: commands that end, and leave nothing behind."""

import asyncio
import os
from pathlib import Path
from typing import Any

import psutil
import pytest

from savant.errors import ErrorCode, SavantError
from tests.runtime.engines.repositories import toolbox


async def run(root: Path, command: str, **arguments: Any) -> Any:
    return await toolbox(root, shell=True).call("shell.run", {"command": command, **arguments})


def alive(pid: int) -> bool:
    return psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE


async def gone(pid: int) -> None:
    async with asyncio.timeout(10):
        while alive(pid):
            await asyncio.sleep(0.01)


async def test_output_exit_code_folder_and_no_input(tmp_path: Path) -> None:
    (tmp_path / "dir").mkdir()
    answer = await run(tmp_path, "pwd; cat; echo oops >&2; exit 3", cwd="dir")
    assert (answer["stdout"], answer["stderr"], answer["exit_code"]) == (f"{tmp_path}/dir\n", "oops\n", 3)
    with pytest.raises(SavantError):
        await run(tmp_path, "pwd", cwd="..")


async def test_the_environment_holds_no_secrets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")
    answer = await run(tmp_path, "env", env={"MINE": "1"})
    assert "sk-secret" not in answer["stdout"]
    assert "MINE=1" in answer["stdout"]
    assert f"PATH={os.environ['PATH']}" in answer["stdout"]


async def test_of_long_output_the_start_and_the_end_are_kept(tmp_path: Path) -> None:
    answer = await run(tmp_path, "echo first; yes | head -c 300000; echo last", max_bytes=1000)
    assert answer["truncated"] is True
    assert answer["stdout"].startswith("first\n")
    assert answer["stdout"].endswith("last\n")
    assert "bytes left out" in answer["stdout"]
    assert len(answer["stdout"]) < 1100


async def test_a_time_out_ends_the_whole_group(tmp_path: Path) -> None:
    answer = await run(tmp_path, "echo begun; sleep 600 & echo $! > pid; wait", timeout=0.5)
    assert (answer["timed_out"], answer["exit_code"], answer["stdout"]) == (True, None, "begun\n")
    await gone(int((tmp_path / "pid").read_text()))


async def test_a_time_out_ends_what_left_the_group(tmp_path: Path) -> None:
    orphan = "(setsid sh -c 'echo $$ > orphan; exec sleep 600' &); setsid sh -c 'echo $$ > pid; exec sleep 600'"
    answer = await run(tmp_path, orphan, timeout=0.5)
    assert answer["timed_out"] is True
    for name in ("orphan", "pid"):
        await gone(int((tmp_path / name).read_text()))


async def test_what_is_left_in_the_background_ends_with_the_command(tmp_path: Path) -> None:
    answer = await run(tmp_path, "sleep 600 & echo $! > pid; echo done")
    assert (answer["stdout"], answer["exit_code"]) == ("done\n", 0)
    await gone(int((tmp_path / "pid").read_text()))


async def test_cancelling_at_any_moment_ends_the_command(tmp_path: Path) -> None:
    for pause in (0, 0.001, 0.005, 0.05):
        task = asyncio.create_task(run(tmp_path, "echo $$ > pid; exec sleep 600"))
        await asyncio.sleep(pause)
        task.cancel()
        async with asyncio.timeout(20):
            with pytest.raises(asyncio.CancelledError):
                await task
        if (pid := tmp_path / "pid").exists() and pid.read_text().strip():
            await gone(int(pid.read_text()))


async def test_a_command_that_cannot_be_is_refused(tmp_path: Path) -> None:
    for arguments in ({"command": ""}, {"command": "a\0b"}, {"command": "ls", "timeout": 0}):
        with pytest.raises(SavantError) as caught:
            await toolbox(tmp_path, shell=True).call("shell.run", arguments)
        assert caught.value.code == ErrorCode.TOOL_BAD_ARGUMENTS
    with pytest.raises(SavantError) as caught:
        await toolbox(tmp_path).call("shell.run", {"command": "ls"})
    assert caught.value.code == ErrorCode.TOOL_UNKNOWN
