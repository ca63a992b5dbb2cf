"""A model behind HTTP: asks over its wire, reads what streams back, and asks again where that may help."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

import msgspec

from savant import clock
from savant.runtime.llm import failures, prices
from savant.runtime.llm.base import ModelRequest, ModelResponse, OnDelta, Usage
from savant.runtime.llm.failures import ModelFailure, Target
from savant.runtime.llm.providers import ProviderConfig
from savant.runtime.llm.sse import EventStream
from savant.runtime.llm.wires import Answer, Wire

if TYPE_CHECKING:  # loaded by who makes the connections, at the first model that needs them
    from savant.runtime.llm.http import Http, Reply

LONGEST_BACKOFF = 8.0
_LAST_BYTES = 0.2  # seconds a server has to close its stream after its last event


class Relay:
    """Passes text on as it arrives, and remembers whether anybody has seen some."""

    def __init__(self, on_delta: OnDelta | None) -> None:
        self._on_delta = on_delta
        self.seen = 0

    def __call__(self, text: str) -> None:
        if text and self._on_delta:
            self.seen += len(text)
            self._on_delta(text)


class RemoteModel:
    """An LLM over HTTP. `name` is the provider's own name of the model; raises as the LLM protocol says.

    Retried: 408, 409, 429, 5xx, overload, no connection, silence, and an answer cut off or empty; at most
    `attempts` times, within the time given. Once text has been passed to `on_delta` nothing is retried, since the
    reader would see a second answer begin; without `on_delta` nobody can have seen any.
    """

    def __init__(self, provider: ProviderConfig, name: str, wire: Wire, http: Http) -> None:
        self._provider = provider
        self._name = name
        self._wire = wire
        self._http = http
        self._target = provider.target(name)

    @property
    def id(self) -> str:
        return f"{self._provider.name}/{self._name}"

    @property
    def native_tools(self) -> bool:
        return self._provider.native_tools

    @property
    def context_window(self) -> int | None:
        provider = self._provider
        return provider.context_window or prices.context_window(provider.price_as, self._name)

    @property
    def max_output_tokens(self) -> int | None:
        return self._provider.max_output_tokens

    def cost(self, usage: Usage) -> float | None:
        """US dollars of a call with this usage; None where the price is unknown."""
        return 0.0 if self._provider.free else prices.cost(self._provider.price_as, self._name, usage)

    async def complete(self, request: ModelRequest, on_delta: OnDelta | None = None) -> ModelResponse:
        limit = request.timeout if request.timeout is not None else self._provider.timeout
        try:
            async with asyncio.timeout(limit):
                response = await self._persist(request, Relay(on_delta), clock.monotonic() + limit)
        except TimeoutError:
            raise failures.timed_out(self._target, f"did not finish within {limit:g} s.") from None
        response.model = response.model or self._name
        response.cost_usd = self.cost(response.usage)
        return response

    async def list_models(self) -> list[str]:
        """The names the provider lists, as it spells them."""
        url = f"{self._provider.base_url}/models"
        headers = self._headers()
        async with self._http.send(
            self._target, "GET", url, headers=headers, timeouts=self._provider.timeouts
        ) as reply:
            body = await reply.body()
            if reply.status // 100 != 2:
                raise failures.from_status(self._target, reply.status, reply.headers, body)
            return self._wire.model_ids(self._target, body)

    async def _persist(self, request: ModelRequest, relay: Relay, deadline: float) -> ModelResponse:
        content = msgspec.json.encode(self._wire.payload(self._provider, self._name, request))
        attempt = 0
        while True:
            attempt += 1
            try:
                return await self._ask(request, content, relay)
            except ModelFailure as failure:
                wait = self._wait(failure, attempt, relay, deadline)
                if wait is None:
                    failure.details["attempts"] = attempt
                    raise
                await asyncio.sleep(wait)

    def _wait(self, failure: ModelFailure, attempt: int, relay: Relay, deadline: float) -> float | None:
        """Seconds until the next attempt; None if there shall be none."""
        if not failure.retry or relay.seen or attempt >= self._provider.attempts:
            return None
        backoff = min(self._provider.backoff * 2 ** (attempt - 1), LONGEST_BACKOFF) * clock.jitter()
        wait = backoff if failure.wait is None else failure.wait
        return wait if clock.monotonic() + wait < deadline else None

    async def _ask(self, request: ModelRequest, content: bytes, relay: Relay) -> ModelResponse:
        url = f"{self._provider.base_url}{self._wire.path}"
        async with self._http.send(
            self._target,
            "POST",
            url,
            headers=self._headers(),
            content=content,
            timeouts=self._provider.timeouts,
        ) as reply:
            if reply.status // 100 != 2:
                raise failures.from_status(self._target, reply.status, reply.headers, await reply.body())
            answer = self._wire.answer(self._target, request)
            await _read(reply, self._target, answer, relay)
        return answer.response()

    def _headers(self) -> dict[str, str]:
        common = {"content-type": "application/json", "accept": "text/event-stream, application/json"}
        return common | self._wire.headers(self._provider) | self._provider.headers


async def _read(reply: Reply, target: Target, answer: Answer, relay: Relay) -> None:
    """Feed the answer from the reply, streamed or whole, until it is done."""
    stream = EventStream()
    chunks = reply.chunks()
    async for chunk in chunks:
        for data in stream.feed(chunk):
            relay(answer.feed(data))
        if answer.done:
            break
    for data in stream.close():
        relay(answer.feed(data))
    if stream.plain:
        _read_plain(stream.rest, reply, target, answer, relay)
    elif answer.done:
        await _drain(chunks)


def _read_plain(body: bytes, reply: Reply, target: Target, answer: Answer, relay: Relay) -> None:
    if body.lstrip().startswith(b"<"):
        kind = reply.headers.get("content-type", "of no declared type")
        raise failures.bad_response(target, f"answered with a web page ({kind}), not as a model server.")
    relay(answer.whole(body))


async def _drain(chunks: AsyncIterator[bytes]) -> None:
    """Read the end of a finished stream, so that its connection can be used again; some servers never end it."""
    try:
        async with asyncio.timeout(_LAST_BYTES):
            async for _ in chunks:
                pass
    except (TimeoutError, ModelFailure):
        pass  # the answer is complete; only the connection is lost
