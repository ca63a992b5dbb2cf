"""Secrets are taken out of whatever tools answer, in every way they are commonly written."""

from __future__ import annotations

import base64
import json
import urllib.parse
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from savant.errors import ErrorCode, SavantError
from savant.runtime.secrets import HIDDEN, HidingToolbox, Mask
from tests.runtime.workflows.running import Tools, World

SECRETS = st.text(min_size=4, max_size=40)
WAYS = {
    "as it is": lambda text: text,
    "json": json.dumps,
    "json in full": lambda text: json.dumps(text, ensure_ascii=False),
    "url": lambda text: urllib.parse.quote(text, safe=""),
    "form": urllib.parse.quote_plus,
    "base64": lambda text: base64.b64encode(text.encode()).decode(),
    "url-safe base64": lambda text: base64.urlsafe_b64encode(text.encode()).decode(),
}


@pytest.mark.parametrize("way", WAYS)
@given(secret=SECRETS.filter(lambda text: not any(c in text for c in "*<>") and text.isprintable()))
def test_no_way_of_writing_it_is_left(way: str, secret: str) -> None:
    written = WAYS[way](secret)
    shown = Mask([secret]).hide({"a": [f"<{written}>"]})
    assert written not in json.dumps(shown, ensure_ascii=False)
    assert HIDDEN in shown["a"][0]


def test_it_is_hidden_in_names_numbers_and_lines() -> None:
    mask = Mask(["12345678", "-----BEGIN-----\nabcdefgh\n-----END-----", "tok"])
    assert mask.hide({"12345678": 12345678, "n": 1, "b": True, "line": "> abcdefgh"}) == {
        HIDDEN: HIDDEN,
        "n": 1,
        "b": True,
        "line": f"> {HIDDEN}",
    }


def test_the_longer_of_two_is_hidden_whole() -> None:
    assert Mask(["hunter", "hunter22"]).hide("hunter22 hunter") == f"{HIDDEN} {HIDDEN}"


class Kept:
    """A vault with one secret in it."""

    async def values(self) -> dict[str, str]:
        return {"TOKEN": "hunter22"}


class Failing(Tools):
    async def call(self, name: str, arguments: dict[str, Any]) -> Any:
        raise SavantError(ErrorCode.TOOL_FAILED, "no hunter22", hint="hunter22?", details={"a": ["hunter22"]})


async def test_answers_and_errors_of_tools_are_masked() -> None:
    world = World()
    assert await HidingToolbox(Tools(world), Kept()).call("t.echo", {"value": ["hunter22"]}) == [HIDDEN]
    assert world.calls == [("t.echo", {"value": ["hunter22"]})]
    with pytest.raises(SavantError) as failed:
        await HidingToolbox(Failing(world), Kept()).call("t.echo", {})
    error = failed.value
    assert (error.code, error.message, error.hint, error.details) == (
        ErrorCode.TOOL_FAILED,
        f"no {HIDDEN}",
        f"{HIDDEN}?",
        {"a": [HIDDEN]},
    )
    assert error.__suppress_context__
