"""A model that is missing, down, slow, limiting or talking garbage: each a clear error of its own, never a hang."""

from __future__ import annotations

import asyncio
import socket

import pytest

from savant.errors import ErrorCode, SavantError
from savant.runtime.llm.base import LLM, ModelRequest
from savant.runtime.llm.registry import ModelRegistry
from tests.runtime.llm.conftest import KEY, Stage, ask
from tests.stubs.models import Reply

E = ErrorCode
TEXT = "One two three four five six."


async def failure(model: LLM, request: ModelRequest | None = None, pieces: list[str] | None = None) -> SavantError:
    """The error, within a time that tells a slow answer from a hang."""
    on_delta = None if pieces is None else pieces.append
    with pytest.raises(SavantError) as caught:
        await asyncio.wait_for(model.complete(request or ask(), on_delta), 10)
    return caught.value


@pytest.mark.parametrize(
    ("status", "code", "requests"),
    [
        (400, E.MODEL_BAD_REQUEST, 1),
        (401, E.MODEL_DENIED, 1),
        (402, E.MODEL_DENIED, 1),
        (403, E.MODEL_DENIED, 1),
        (404, E.MODEL_NOT_FOUND, 1),
        (408, E.MODEL_TIMEOUT, 3),
        (409, E.MODEL_UNAVAILABLE, 3),
        (413, E.MODEL_CONTEXT_OVERFLOW, 1),
        (422, E.MODEL_BAD_REQUEST, 1),
        (429, E.MODEL_RATE_LIMITED, 3),
        (500, E.MODEL_UNAVAILABLE, 3),
        (502, E.MODEL_UNAVAILABLE, 3),
        (503, E.MODEL_UNAVAILABLE, 3),
        (529, E.MODEL_UNAVAILABLE, 3),
        (302, E.MODEL_BAD_RESPONSE, 1),
    ],
)
async def test_every_status_has_its_code(stage: Stage, status: int, code: ErrorCode, requests: int) -> None:
    scene = await stage(Reply(status=status, message="the provider's own words"))

    error = await failure(scene.model)

    assert error.code == code
    assert error.hint
    assert all(part in error.message for part in ("stub/some-model", f"127.0.0.1:{scene.stub.port}", str(status)))
    assert "the provider's own words" in error.message
    assert len(scene.stub.requests) == requests


@pytest.mark.parametrize(
    ("fault", "code", "says"),
    [
        ("hang", E.MODEL_TIMEOUT, "sent nothing for 0.15 s"),
        ("hang_mid", E.MODEL_TIMEOUT, "fell silent for 0.15 s"),
        ("reset", E.MODEL_UNREACHABLE, "cannot be reached"),
        ("reset_mid", E.MODEL_BAD_RESPONSE, "broke off"),
        ("html", E.MODEL_BAD_RESPONSE, "web page"),
        ("bad_json", E.MODEL_BAD_RESPONSE, "no model server says"),
        ("truncated", E.MODEL_BAD_RESPONSE, "in the middle"),
        ("empty_body", E.MODEL_BAD_RESPONSE, "in the middle"),
        ("error_in_stream", E.MODEL_UNAVAILABLE, "overloaded"),
    ],
)
async def test_every_fault_has_its_code(stage: Stage, fault: str, code: ErrorCode, says: str) -> None:
    scene = await stage(Reply(text=TEXT, fault=fault), read_timeout=0.15, attempts=2)

    error = await failure(scene.model)

    assert error.code == code
    assert says in error.message
    assert error.hint


async def test_a_server_that_never_ends_is_stopped_by_the_deadline(stage: Stage) -> None:
    scene = await stage(Reply(text=TEXT, fault="drip"))
    error = await failure(scene.model, ask(timeout=0.3))
    assert error.code == E.MODEL_TIMEOUT
    assert "did not finish within 0.3 s" in error.message


@pytest.mark.parametrize("fault", ["plain", None])
async def test_json_that_is_no_answer(stage: Stage, fault: str | None) -> None:
    scene = await stage(Reply(body='{"hello": "world"}', fault=fault))
    error = await failure(scene.model)
    assert error.code == E.MODEL_BAD_RESPONSE
    assert "hello" in error.message


async def test_an_error_with_status_200(stage: Stage) -> None:
    scene = await stage(Reply(body='{"error": {"type": "not_found_error", "message": "no model x"}}'))
    error = await failure(scene.model)
    assert error.code == E.MODEL_NOT_FOUND
    assert "no model x" in error.message


@pytest.mark.parametrize(
    "words",
    [
        "This model's maximum context length is 8192 tokens.",
        "prompt is too long: 210000 tokens > 200000 maximum",
        "request (5031 tokens) exceeds the available context size (4096 tokens)",
        "The input token count (99) exceeds the maximum number of tokens allowed (10).",
    ],
)
async def test_too_much_to_read_is_told_apart_from_a_bad_request(stage: Stage, words: str) -> None:
    scene = await stage(Reply(status=400, message=words))
    assert (await failure(scene.model)).code == E.MODEL_CONTEXT_OVERFLOW


async def test_a_used_up_quota_is_not_asked_again(stage: Stage) -> None:
    scene = await stage(Reply(status=429, kind="insufficient_quota", message="You exceeded your quota."))
    error = await failure(scene.model)
    assert (error.code, len(scene.stub.requests)) == (E.MODEL_RATE_LIMITED, 1)
    assert "billing" in (error.hint or "")


async def test_an_html_error_page_is_not_pasted_into_the_message(stage: Stage) -> None:
    scene = await stage(Reply(status=502, body="<html><h1>nginx</h1></html>"))
    error = await failure(scene.model)
    assert "web page" in error.message
    assert "nginx" not in error.message


async def test_nothing_listens_there(wire: str) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]  # bound but not listening: refuses for as long as we hold it
        fields = {"wire": wire, "base_url": f"http://127.0.0.1:{port}/v1", "backoff": 0.01}
        async with ModelRegistry({"gone": fields}) as registry:
            error = await failure(registry.get("gone/model"))
    assert error.code == E.MODEL_UNREACHABLE
    assert f"127.0.0.1:{port}" in error.message
    assert error.details["attempts"] == 3


async def test_a_key_never_reaches_a_message(stage: Stage) -> None:
    scene = await stage(Reply(text="unreached"), stub_key="another-key")
    error = await failure(scene.model)
    assert error.code == E.MODEL_DENIED
    assert "Incorrect API key" in error.message
    assert KEY not in f"{error} {error.details} {error.hint} {scene.registry.providers['stub']!r}"


async def test_a_header_is_a_secret_too(stage: Stage) -> None:
    scene = await stage(Reply(status=400, message="bad token tok-abcdefgh"), headers={"x-gateway": "tok-abcdefgh"})
    error = await failure(scene.model)
    assert scene.stub.requests[0].headers["x-gateway"] == "tok-abcdefgh"
    assert "tok-abcdefgh" not in str(error)


@pytest.mark.parametrize("base_url", ["http://[bad/v1", "http://127.0.0.1:99999/v1", "api.example.org", "", "http://"])
async def test_an_impossible_address_is_a_matter_of_configuration(wire: str, base_url: str) -> None:
    async with ModelRegistry({"odd": {"wire": wire, "base_url": base_url}}) as registry:
        with pytest.raises(SavantError) as caught:
            registry.get("odd/model")
    assert caught.value.code == E.MODEL_NOT_CONFIGURED
    assert "base_url" in (caught.value.hint or "")
