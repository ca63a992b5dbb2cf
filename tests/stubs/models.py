"""A model server on loopback that speaks both wires, streams, and fails as told.

In a test:       async with ModelStub([Reply(text="Hello")]) as stub: ... stub.url, stub.requests
In a process:    python -m tests.stubs.models --port 0 --script FILE

The process prints its port on one line, and ends with its stdin or on a signal. FILE is YAML (so JSON too):
`{replies: [{text: Hello}, {status: 429, retry_after: 0, times: 2}], by: conversation, key: k}`. Replies are given
out by the number of the request, or, with `by: conversation`, by the assistant messages in it, so that several
conversations can run at once.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import sys
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from tests.stubs import frames
from tests.stubs.replies import Reply, choose

__all__ = ["ModelStub", "Reply", "Seen"]


@dataclass
class Seen:
    """A request as it came; header names are lower-case."""

    method: str
    path: str
    headers: dict[str, str]
    body: Any


class ModelStub:
    def __init__(
        self,
        replies: list[Reply] | None = None,
        *,
        by: str = "request",
        key: str | None = None,
        models: list[str] | None = None,
    ) -> None:
        self.replies = replies or [Reply(text="Hello from the stub.")]
        self.requests: list[Seen] = []
        self.connections = 0
        self.topics: list[list[str]] = []
        self._by = by
        self._key = key
        self._models = models or ["stub-model", "stub-small"]
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    @property
    def port(self) -> int:
        assert self._server
        return self._server.sockets[0].getsockname()[1]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    async def start(self, port: int = 0) -> None:
        self._server = await asyncio.start_server(self._connection, "127.0.0.1", port)

    async def stop(self) -> None:
        if self._server:
            self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def _connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task
        self._tasks.add(task)
        self.connections += 1
        try:
            while await self._request(reader, writer):
                pass
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            pass  # the client went away, or the stub is stopped
        finally:
            self._tasks.discard(task)
            writer.close()

    async def _request(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        seen = await _read(reader)
        number = len(self.requests)
        self.requests.append(seen)
        wire = frames.ANTHROPIC if "anthropic-version" in seen.headers else frames.OPENAI
        if self._key and not _has_key(seen, wire, self._key):
            given = seen.headers.get("authorization") or seen.headers.get("x-api-key")
            return await _send_json(writer, 401, frames.error(wire, 401, f"Incorrect API key provided: {given}"))
        if seen.method == "GET" and seen.path.endswith("/models"):
            return await _send_json(writer, 200, {"object": "list", "data": [{"id": id} for id in self._models]})
        if seen.path.endswith("/embeddings"):
            return await self._embed(writer, seen.body, number)
        if not seen.path.endswith("/messages" if wire == frames.ANTHROPIC else "/chat/completions"):
            return await _send_json(writer, 404, frames.error(wire, 404, f"no such path: {seen.path}"))
        if self._by == "conversation":
            number = sum(message["role"] == "assistant" for message in seen.body["messages"])
        return await _reply(writer, choose(self.replies, number), wire, seen.body)

    async def _embed(self, writer: asyncio.StreamWriter, body: Any, number: int) -> bool:
        """Vectors that are near where texts share a topic of `topics`; or the fault of a reply."""
        reply = choose(self.replies, number)
        if reply.fault or reply.status != 200 or reply.body is not None:
            return await _reply(writer, reply, frames.OPENAI, {**body, "messages": []})
        vectors = [
            [float(any(word in text.lower() for word in topic)) for topic in self.topics] for text in body["input"]
        ]
        data = [{"index": at, "embedding": [*vector, 0.01]} for at, vector in enumerate(vectors)]
        return await _send_json(writer, 200, {"object": "list", "data": data[::-1]})


def _has_key(seen: Seen, wire: str, key: str) -> bool:
    if wire == frames.ANTHROPIC:
        return seen.headers.get("x-api-key") == key
    return seen.headers.get("authorization") == f"Bearer {key}"


async def _read(reader: asyncio.StreamReader) -> Seen:
    head = (await reader.readuntil(b"\r\n\r\n")).decode()
    first, *lines = head.strip().split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    body = await reader.readexactly(int(headers.get("content-length", 0)))
    method, path, _ = first.split(" ")
    return Seen(method, path, headers, json.loads(body) if body else None)


async def _reply(writer: asyncio.StreamWriter, reply: Reply, wire: str, body: dict[str, Any]) -> bool:
    """Send it; whether the connection can be used again."""
    if reply.delay:
        await asyncio.sleep(reply.delay)
    if reply.fault == "hang":
        await asyncio.Event().wait()
    if reply.fault == "reset":
        writer.transport.abort()
        return False
    if reply.status != 200 or reply.body is not None:
        return await _send_error(writer, reply, wire)
    if reply.fault == "html":
        return await _send(writer, 200, "text/html", b"<!doctype html><title>Sign in to the Wi-Fi</title>")
    if reply.fault == "empty_body":
        return await _send(writer, 200, "application/json", b"")
    model = body["model"]
    if reply.fault == "plain" or not body.get("stream"):
        return await _send_json(writer, 200, frames.whole(wire, reply, model))
    return await _stream(writer, reply, frames.events(wire, reply, model))


async def _stream(writer: asyncio.StreamWriter, reply: Reply, events: list[bytes]) -> bool:
    kind = "text/plain" if reply.fault == "wrong_type" else "text/event-stream; charset=utf-8"
    head = f"HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nTransfer-Encoding: chunked\r\n\r\n"
    writer.write(head.encode())
    if reply.fault in ("hang_mid", "reset_mid", "bad_json", "drip"):
        events = events[: len(events) // 2 + 1]
    for event in events:
        _chunk(writer, event)
    await writer.drain()
    match reply.fault:
        case "hang_mid" | "never_closes":
            await asyncio.Event().wait()
        case "drip":
            while True:
                _chunk(writer, b": still here\n\n")
                await writer.drain()
                await asyncio.sleep(0.02)
        case "reset_mid":
            await asyncio.sleep(0.02)  # so that what was sent is read before the connection is cut
            writer.transport.abort()
            return False
        case "bad_json":
            _chunk(writer, b'data: {"choices": [{"del\n\n')
        case _:
            pass
    writer.write(b"0\r\n\r\n")
    await writer.drain()
    return True


def _chunk(writer: asyncio.StreamWriter, data: bytes) -> None:
    writer.write(b"%x\r\n%s\r\n" % (len(data), data))


async def _send_error(writer: asyncio.StreamWriter, reply: Reply, wire: str) -> bool:
    headers = dict(reply.headers)
    if reply.retry_after is not None:
        headers["Retry-After"] = str(reply.retry_after)
    if reply.body is not None:
        return await _send(writer, reply.status, "text/html", reply.body.encode(), headers)
    data = json.dumps(frames.error(wire, reply.status, reply.message, reply.kind)).encode()
    return await _send(writer, reply.status, "application/json", data, headers)


async def _send_json(writer: asyncio.StreamWriter, status: int, data: dict[str, Any]) -> bool:
    return await _send(writer, status, "application/json", json.dumps(data).encode())


async def _send(
    writer: asyncio.StreamWriter, status: int, kind: str, body: bytes, headers: dict[str, str] | None = None
) -> bool:
    lines = [f"HTTP/1.1 {status} Stub", f"Content-Type: {kind}", f"Content-Length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    writer.write("\r\n".join([*lines, "", ""]).encode() + body)
    await writer.drain()
    return True


async def _serve(port: int, script: dict[str, Any]) -> None:
    replies = [Reply(**reply) for reply in script.pop("replies", [])]
    stub = ModelStub(replies, **script)
    await stub.start(port)
    sys.stdout.write(f"{stub.port}\n")
    sys.stdout.flush()
    await _end_of_stdin()
    await stub.stop()


async def _end_of_stdin() -> None:
    """In a daemon thread, which holds up neither a signal nor the end of the process."""
    loop, ended = asyncio.get_running_loop(), asyncio.Event()

    def wait() -> None:
        sys.stdin.read()
        loop.call_soon_threadsafe(ended.set)

    threading.Thread(target=wait, daemon=True).start()
    await ended.wait()


def main() -> None:
    import yaml

    parser = argparse.ArgumentParser(description="A model server on loopback for tests and benchmarks.")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--script", type=Path)
    options = parser.parse_args()
    script = yaml.safe_load(options.script.read_text()) if options.script else {}
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_serve(options.port, script))


if __name__ == "__main__":
    main()
