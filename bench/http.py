"""A client that costs little: requests written out once, and answers read from kept connections."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec


class Connection:
    """One kept connection to a server on loopback."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self._writer = writer

    @classmethod
    async def open(cls, port: int) -> Connection:
        return cls(*await asyncio.open_connection("127.0.0.1", port))

    def send(self, request: bytes) -> None:
        self._writer.write(request)

    async def ask(self, request: bytes) -> bytes:
        """The body of the answer; RuntimeError if it says anything but 2xx."""
        self.send(request)
        head = await self.reader.readuntil(b"\r\n\r\n")
        length = head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0]
        body = await self.reader.readexactly(int(length))
        if head[9:10] != b"2":
            raise RuntimeError((head + body).decode())
        return body

    def close(self) -> None:
        self._writer.close()


async def once(port: int, asked: bytes) -> bytes:
    """Ask over a connection of its own."""
    connection = await Connection.open(port)
    try:
        return await connection.ask(asked)
    finally:
        connection.close()


def request(method: str, path: str, key: str, body: Any = None) -> bytes:
    """A request as it goes over the wire."""
    data = b"" if body is None else msgspec.json.encode(body)
    head = f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {key}\r\n"
    return f"{head}Content-Type: application/json\r\nContent-Length: {len(data)}\r\n\r\n".encode() + data


async def many(port: int, asked: bytes, count: int, at_once: int) -> None:
    """Ask the same `count` times over `at_once` connections."""

    async def some() -> None:
        connection = await Connection.open(port)
        for _ in range(count // at_once):
            await connection.ask(asked)
        connection.close()

    await asyncio.gather(*(some() for _ in range(at_once)))
