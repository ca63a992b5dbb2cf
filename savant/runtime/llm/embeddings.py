"""Texts as vectors, from an endpoint that speaks OpenAI's `/embeddings`."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING

import msgspec

from savant import clock
from savant.runtime.llm import failures
from savant.runtime.llm.failures import ModelFailure
from savant.runtime.llm.providers import ProviderConfig
from savant.runtime.llm.wires import Wire

if TYPE_CHECKING:  # as for models: loaded by who makes the connections
    from savant.runtime.llm.http import Http

LONGEST_BACKOFF = 8.0


class _Item(msgspec.Struct):
    index: int
    embedding: list[float]


class _Answer(msgspec.Struct):
    data: list[_Item]


class Embedder:
    """One model of embeddings; a call is tried again where that may help, and raises ModelFailure otherwise."""

    def __init__(self, provider: ProviderConfig, name: str, wire: Wire, http: Http) -> None:
        self._provider = provider
        self._name = name
        self._http = http
        self._target = provider.target(name)
        self._headers = {"content-type": "application/json"} | wire.headers(provider) | provider.headers

    async def embed(self, texts: Sequence[str]) -> list[list[float]]:
        """A vector for each text, in their order, all of one length."""
        content = msgspec.json.encode({"model": self._name, "input": texts, "encoding_format": "float"})
        for attempt in range(1, self._provider.attempts + 1):
            try:
                async with asyncio.timeout(self._provider.timeout):
                    return await self._ask(content, len(texts))
            except TimeoutError:
                what = f"did not finish within {self._provider.timeout:g} s."
                raise failures.timed_out(self._target, what) from None
            except ModelFailure as failure:
                if not failure.retry or attempt == self._provider.attempts:
                    raise
                backoff = min(self._provider.backoff * 2 ** (attempt - 1), LONGEST_BACKOFF) * clock.jitter()
                await asyncio.sleep(backoff if failure.wait is None else failure.wait)
        raise AssertionError("the last attempt returns or raises")

    async def _ask(self, content: bytes, count: int) -> list[list[float]]:
        url = f"{self._provider.base_url}/embeddings"
        async with self._http.send(
            self._target, "POST", url, headers=self._headers, content=content, timeouts=self._provider.timeouts
        ) as reply:
            body = await reply.body()
        if reply.status // 100 != 2:
            raise failures.from_status(self._target, reply.status, reply.headers, body)
        try:
            items = sorted(msgspec.json.decode(body, type=_Answer).data, key=lambda item: item.index)
        except msgspec.MsgspecError:
            raise failures.bad_response(self._target, "answered with something that is no list of vectors.") from None
        lengths = {len(item.embedding) for item in items}
        if [item.index for item in items] != [*range(count)] or len(lengths) > 1 or 0 in lengths:
            raise failures.bad_response(self._target, f"did not answer with one vector for each of {count} texts.")
        return [item.embedding for item in items]
