"""Models over HTTP: time-outs, and every network failure as a named error."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import asynccontextmanager

import httpx2

from savant.runtime.connections import Connections
from savant.runtime.llm import failures
from savant.runtime.llm.failures import ModelFailure, Target
from savant.runtime.llm.providers import Timeouts

MOST_BYTES = 64 * 1024 * 1024


class Reply:
    """An answer whose headers have arrived. Header names are lower-case."""

    def __init__(self, response: httpx2.Response, target: Target, timeouts: Timeouts) -> None:
        self.status = response.status_code
        self.headers: Mapping[str, str] = response.headers
        self._response = response
        self._target = target
        self._timeouts = timeouts

    async def chunks(self) -> AsyncIterator[bytes]:
        """The body as it arrives; raises MODEL_TIMEOUT on a gap, MODEL_BAD_RESPONSE when cut off or endless."""
        size = 0
        try:
            async for chunk in self._response.aiter_bytes():
                size += len(chunk)
                if size > MOST_BYTES:
                    what = f"answered with more than {MOST_BYTES // 2**20} MiB."
                    raise failures.bad_response(self._target, what)
                yield chunk
        except httpx2.TimeoutException as error:
            what = f"fell silent for {self._timeouts.read:g} s in the middle of its answer."
            raise failures.timed_out(self._target, what, retry=True) from error
        except httpx2.HTTPError as error:
            what = f"broke off its answer ({_name(error)})."
            raise failures.bad_response(self._target, what, retry=True, hint="Try again.") from error

    async def body(self) -> bytes:
        return b"".join([chunk async for chunk in self.chunks()])


class Http:
    """Connections to model servers, kept open and shared; made on first use, closed by `aclose`."""

    def __init__(self) -> None:
        self._connections = Connections()

    @asynccontextmanager
    async def send(
        self,
        target: Target,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str],
        content: bytes | None = None,
        timeouts: Timeouts,
    ) -> AsyncGenerator[Reply]:
        """One request; the reply lives inside the block. Raises ModelFailure, whatever the network does."""
        response = await self._open(target, method, url, headers, content, timeouts)
        try:
            yield Reply(response, target, timeouts)
        finally:
            await response.aclose()

    async def aclose(self) -> None:
        await self._connections.aclose()

    async def _open(
        self,
        target: Target,
        method: str,
        url: str,
        headers: Mapping[str, str],
        content: bytes | None,
        timeouts: Timeouts,
    ) -> httpx2.Response:
        limits = httpx2.Timeout(timeouts.read, connect=timeouts.connect)
        try:
            client = self._connections.to(url)
            request = client.build_request(method, url, headers=headers, content=content, timeout=limits)
            return await client.send(request, stream=True)
        except httpx2.HTTPError as error:
            raise _failure(target, error, timeouts) from None  # its text may hold a header, and so a key
        except (httpx2.InvalidURL, ValueError, ImportError) as error:
            # A base URL or a proxy that no request can be made of; the text may hold a key, so it is not shown.
            what = f"cannot be asked: its base URL or the proxy in the environment is unusable ({_name(error)})."
            raise failures.not_configured(target, what, "Check the provider's base_url and HTTPS_PROXY.") from None


def _failure(target: Target, error: httpx2.HTTPError, timeouts: Timeouts) -> ModelFailure:
    match error:
        case httpx2.ConnectTimeout():
            return failures.unreachable(target, f"no connection within {timeouts.connect:g} s")
        case httpx2.TimeoutException():
            return failures.timed_out(target, f"sent nothing for {timeouts.read:g} s.", retry=True)
        case httpx2.ConnectError() if "CERTIFICATE" in str(error):
            return failures.unreachable(target, str(error), retry=False)
        case httpx2.UnsupportedProtocol() | httpx2.LocalProtocolError():
            what = f"cannot be asked: its base URL or a header is unusable ({_name(error)})."
            return failures.not_configured(target, what, "Check the provider's base_url, key and headers.")
        case httpx2.RemoteProtocolError() | httpx2.ReadError() | httpx2.WriteError():
            return failures.unreachable(target, "it closed the connection without an answer")
        case _:
            why = str(error).replace("All connection attempts failed", "nothing listens there")
            return failures.unreachable(target, why or _name(error))


def _name(error: Exception) -> str:
    return type(error).__name__
