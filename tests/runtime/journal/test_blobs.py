"""What goes into the store comes out again, and what is large or repeated is stored once."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from savant.errors import ErrorCode, SavantError
from savant.runtime.blobs import Conversation, canonical, pack, unpack
from savant.runtime.journal import Journal
from savant.runtime.journal_store import MemoryStore
from savant.runtime.llm.base import Message

KEYS = st.sampled_from(["$blob", "$chain", "length", "a", "text"]) | st.text(max_size=5)
LEAVES = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=20)
    | st.integers(1, 4000).map(lambda n: "x" * n)
)  # fmt: skip
VALUES = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4), max_leaves=12
)


async def packed_and_back(value: Any) -> tuple[Any, dict[str, bytes]]:
    blobs: dict[str, bytes] = {}
    stored = pack(canonical(value), value, blobs)

    async def read(hashes: Any) -> dict[str, bytes]:
        return {key: blobs[key] for key in hashes}

    return await unpack(stored, read), blobs


@given(VALUES)
async def test_any_value_comes_back_as_it_was(value: Any) -> None:
    back, _ = await packed_and_back(value)
    assert back == msgspec.json.decode(canonical(value))


@pytest.mark.parametrize(
    "value",
    [
        {"$blob": "0" * 64},
        {"$chain": "0" * 64, "length": 2},
        {"a": {"$blob": "0" * 64}, "b": "x" * 5000},
        {"a": {"$chain": "0" * 64, "length": 1}},
        {"deep": [{"$blob": "no"}]},
        ["$blob", "$chain"],
    ],
)
async def test_a_value_that_looks_like_a_reference_is_not_followed(value: Any) -> None:
    assert (await packed_and_back(value))[0] == value


async def test_a_large_member_becomes_a_blob_and_small_ones_stay_readable() -> None:
    value = {"path": "a.py", "text": "x" * 10_000}
    blobs: dict[str, bytes] = {}
    stored = msgspec.json.decode(pack(canonical(value), value, blobs))
    assert stored["path"] == "a.py"
    assert list(blobs) == [stored["text"]["$blob"]]


async def test_a_value_stored_whole_is_not_stored_in_parts_as_well() -> None:
    value = {"big": "x" * 600, **{f"k{n}": "y" * 400 for n in range(10)}}
    back, blobs = await packed_and_back(value)
    assert back == value
    assert len(blobs) == 1


@given(st.lists(st.text(max_size=30), max_size=8))
async def test_a_conversation_comes_back_in_order(texts: list[str]) -> None:
    value = {"messages": Conversation(Message(role="user", content=text) for text in texts), "model": "m"}
    store = MemoryStore()
    journal = Journal(store)

    async def answer() -> str:
        return "ok"

    await journal.step("model", "model", value, "read", answer)
    back = await journal.value(store.steps[1].input)
    assert [message.get("content", "") for message in back["messages"]] == texts
    await journal.aclose()


async def test_forty_turns_store_each_message_once() -> None:
    def stored_after(turns: int, sizes: dict[int, int]) -> None:
        sizes[turns] = sum(map(len, store.blobs.values())) + sum(len(s.input) for s in store.steps.values())

    store, sizes = MemoryStore(), {}
    journal = Journal(store)
    talk = Conversation([Message(role="system", content="s" * 3000)])

    async def answer() -> str:
        return "ok"

    for turn in range(1, 41):
        talk.append(Message(role="user", content=f"{turn}:" + "u" * 1000))
        await journal.step(f"{turn}/model", "model", {"messages": talk, "tools": ["t" * 3000]}, "read", answer)
        stored_after(turn, sizes)
    growth = [sizes[turn + 1] - sizes[turn] for turn in range(1, 40)]
    assert max(growth) - min(growth) <= 8  # the same for the fortieth turn as for the second, but for digits
    assert len((await journal.value(store.steps[40].input))["messages"]) == 41
    await journal.aclose()


async def test_a_blob_that_was_removed_is_named() -> None:
    store = MemoryStore()
    journal = Journal(store)

    async def large() -> str:
        return "x" * 5000

    await journal.step("a", "tool", {}, "read", large)
    store.blobs.clear()
    with pytest.raises(SavantError, match="gone") as caught:
        await journal.step("a", "tool", {}, "read", large)
    assert caught.value.code is ErrorCode.NOT_FOUND
    await journal.aclose()
