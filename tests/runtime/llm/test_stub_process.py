"""The stub as a process of its own, as tests of the command line and benchmarks use it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from savant.runtime.llm.base import Message
from savant.runtime.llm.registry import ModelRegistry
from tests.runtime.llm.conftest import ask

ROOT = Path(__file__).parents[3]


async def test_it_prints_its_port_answers_by_conversation_and_ends_with_its_stdin(wire: str, tmp_path: Path) -> None:
    script = tmp_path / "script.yaml"
    script.write_text("{by: conversation, replies: [{text: First.}, {text: Second.}]}")
    command = [sys.executable, "-m", "tests.stubs.models", "--port", "0", "--script", str(script)]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, cwd=ROOT, stdin=pipe, stdout=pipe, text=True) as process:
        assert process.stdout
        assert process.stdin
        url = f"http://127.0.0.1:{int(process.stdout.readline())}/v1"
        async with ModelRegistry({"stub": {"wire": wire, "base_url": url}}) as registry:
            model = registry.get("stub/m")
            later = ask(Message(role="user", content="a"), Message(role="assistant", content="First."))
            assert (await model.complete(later)).text == "Second."
            assert (await model.complete(ask())).text == "First."
        process.stdin.close()
        assert process.wait(10) == 0
