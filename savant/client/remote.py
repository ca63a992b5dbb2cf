"""The remote transport: a server over HTTP. It knows no service, no table and no runtime but the connections."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, TypeVar, get_origin
from urllib.parse import quote

import httpx2
import msgspec

from savant.client.streaming import SILENCE_SECONDS, stream
from savant.errors import ErrorCode, SavantError
from savant.runtime.connections import Connections
from savant.schemas.base import Page
from savant.schemas.replays import RunFork, RunRetry
from savant.schemas.routes import route
from savant.schemas.runs import Event, Run, RunCreate, RunResume

T = TypeVar("T")
TIMEOUTS = httpx2.Timeout(300.0, connect=10.0)
STREAMING = httpx2.Timeout(SILENCE_SECONDS, connect=10.0)
LOCAL = frozenset({"databases", "master_keys"})
"""Nouns that are of this machine alone."""
HERE = frozenset({"listener"})
"""Arguments that cannot go over the wire."""


class _Problem(msgspec.Struct):
    code: str
    message: str
    hint: str | None = None
    details: dict[str, Any] = {}


class _Failure(msgspec.Struct):
    error: _Problem


class RemoteTransport:
    """Everything is done by the server; a run goes on there whether or not this process does."""

    def __init__(self, url: str, api_key: str | None, workspace: str | None = None) -> None:
        self._url = url.rstrip("/")
        self.headers = {"Accept": "application/json"}
        if api_key is not None:
            self.headers["Authorization"] = f"Bearer {api_key}"
        if workspace is not None:
            self.headers["X-Savant-Workspace"] = workspace
        self._connections = Connections()

    async def call(self, noun: str, verb: str, returns: type[T], /, **arguments: Any) -> T:
        if noun in LOCAL:
            raise SavantError(
                ErrorCode.USAGE,
                f"`{noun}` are of one machine; they are not reached through a server.",
                hint="Run the command on the server's own machine, or without SAVANT_URL and --profile.",
            )
        where = route(noun, verb)
        place, rest = _placed(where.path, arguments)
        if where.method in ("GET", "DELETE"):
            # An argument that is nothing is left out; a field of a filter says so, where that is not its default.
            content, query = None, _query(_sent({name: value for name, value in rest.items() if value is not None}))
        else:
            content, query = msgspec.json.encode(_sent(rest)), None
        return _result(await self.send(where.method, place, content, query), returns)

    async def start(self, create: RunCreate, *, detach: bool) -> Run:
        return await self.call("runs", "start", Run, create=create)

    async def resume(self, run_id: int, options: RunResume, *, detach: bool) -> Run:
        return await self.call("runs", "resume", Run, id=run_id, options=options)

    async def fork(self, run_id: int, options: RunFork, *, detach: bool) -> Run:
        return await self.call("runs", "fork", Run, id=run_id, options=options)

    async def retry(self, run_id: int, options: RunRetry, *, detach: bool) -> Run:
        return await self.call("runs", "retry", Run, id=run_id, options=options)

    def follow(self, run_id: int, after: int = 0) -> AsyncIterator[Event]:
        return stream(lambda since: self._streamed(f"/runs/{run_id}/events", since), run_id, after)

    async def aclose(self) -> None:
        await self._connections.aclose()

    @asynccontextmanager
    async def _streamed(self, place: str, since: Mapping[str, str]) -> AsyncGenerator[httpx2.Response]:
        """A stream below `/v1` once it is open; raises what the server refuses, or UNREACHABLE."""
        url = f"{self._url}/v1{place}"
        headers = {**self.headers, **since, "Accept": "text/event-stream"}
        try:
            client = self._connections.to(url)
            answer = await client.send(
                client.build_request("GET", url, headers=headers, timeout=STREAMING), stream=True
            )
        except (httpx2.HTTPError, httpx2.InvalidURL, ValueError) as error:
            raise _unreachable(self._url, error) from None
        try:
            if not answer.is_success:
                await answer.aread()
                raise _failure(answer, self._url)
            yield answer
        finally:
            await answer.aclose()

    async def send(
        self, method: str, place: str, content: bytes | None, query: Mapping[str, Any] | None = None
    ) -> httpx2.Response:
        """One request below `/v1`; raises what the server says is wrong, or UNREACHABLE."""
        headers = self.headers if content is None else {**self.headers, "Content-Type": "application/json"}
        url = f"{self._url}/v1{place}"
        try:
            client = self._connections.to(url)
            answer = await client.request(method, url, content=content, params=query, headers=headers, timeout=TIMEOUTS)
        except (httpx2.HTTPError, httpx2.InvalidURL, ValueError) as error:
            raise _unreachable(self._url, error) from None  # its text may hold a header, and so the key
        if not answer.is_success:
            raise _failure(answer, self._url)
        return answer


def _placed(path: str, arguments: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """The path with what stands in it filled in, and the arguments that are left."""
    rest = {name: value for name, value in arguments.items() if name not in HERE}
    for name in [name for name in rest if f"{{{name}}}" in path]:
        path = path.replace(f"{{{name}}}", quote(str(rest.pop(name)), safe=""))
    return path, rest


def _sent(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """A struct that is alone is not wrapped; what is as it is without being said, is not said."""
    if len(arguments) == 1 and isinstance(alone := next(iter(arguments.values())), msgspec.Struct):
        said = {field.encode_name: getattr(alone, field.name) for field in msgspec.structs.fields(alone)}
        defaults = {field.encode_name: field.default for field in msgspec.structs.fields(alone)}
        arguments = {name: value for name, value in said.items() if value != defaults[name]}
    else:
        arguments = {name: value for name, value in arguments.items() if value is not None}
    return msgspec.to_builtins(
        {name: value for name, value in arguments.items() if value is not msgspec.UNSET}, enc_hook=str
    )


def _query(sent: Mapping[str, Any]) -> dict[str, Any]:
    """Values as they are written in a query: JSON, but texts without their quotes."""
    return {
        name: value if isinstance(value, str | list) else msgspec.json.encode(value).decode()
        for name, value in sent.items()
    }


def _result(answer: httpx2.Response, returns: Any) -> Any:
    """What is in the envelope."""
    if answer.status_code == 204:
        return None
    try:
        body = msgspec.json.decode(answer.content, type=dict[str, msgspec.Raw])
        if get_origin(returns) is Page:
            cursor = msgspec.json.decode(body["meta"], type=dict[str, Any]).get("next_cursor")
            items = msgspec.json.decode(body["data"], type=list[returns.__args__[0]])
            return Page(items=items, next_cursor=cursor)
        return msgspec.json.decode(body["data"], type=returns)
    except (msgspec.DecodeError, KeyError) as error:
        message = f"The server's answer cannot be read: {error}."
        raise SavantError(ErrorCode.UNEXPECTED, message, hint="Is it of the same version as this?") from None


def _failure(answer: httpx2.Response, url: str) -> SavantError:
    try:
        problem = msgspec.json.decode(answer.content, type=_Failure).error
        code = ErrorCode(problem.code)
    except (msgspec.DecodeError, ValueError):
        message = f"{url} answered with status {answer.status_code}, and not as a Savant server does."
        return SavantError(ErrorCode.UNREACHABLE, message, hint="Check the address of the server.")
    return SavantError(code, problem.message, hint=problem.hint, details=problem.details)


def _unreachable(url: str, error: Exception) -> SavantError:
    why = "no connection in time" if isinstance(error, httpx2.ConnectTimeout) else type(error).__name__
    if isinstance(error, httpx2.ConnectError):
        why = "nothing listens there" if "connection attempts failed" in str(error) else str(error)
    return SavantError(ErrorCode.UNREACHABLE, f"The server {url} cannot be reached: {why}.", hint="Is it running?")
