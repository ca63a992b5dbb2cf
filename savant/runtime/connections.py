"""Connections over HTTP, kept open and shared: the only place that makes them."""

from __future__ import annotations

from urllib.parse import urlsplit

import httpx2

_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


class Connections:
    """Made on first use, closed by `aclose`; one set for other machines, and one for this."""

    def __init__(self) -> None:
        self._clients: dict[bool, httpx2.AsyncClient] = {}

    def to(self, url: str) -> httpx2.AsyncClient:
        """Loopback needs neither certificates, which cost 50 ms to load, nor a proxy, which could not reach it."""
        parts = urlsplit(url)
        near = parts.scheme == "http" and parts.hostname in _LOOPBACK
        if near not in self._clients:
            limits = httpx2.Limits(max_connections=None, max_keepalive_connections=20)
            self._clients[near] = httpx2.AsyncClient(verify=not near, trust_env=not near, limits=limits)
        return self._clients[near]

    async def aclose(self) -> None:
        clients, self._clients = self._clients, {}
        for client in clients.values():
            await client.aclose()
