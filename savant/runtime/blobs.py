"""Content addressing: a large value is stored once, by the SHA-256 of its bytes.

A JSON value is kept inline while it is small. Otherwise the large members of an object, or the whole value, become
`{"$blob": sha256}`. A conversation becomes `{"$chain": sha256, "length": n}`: a linked list, one blob a message,
so that forty calls that repeat a growing conversation store each of its messages once.
"""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Any

import msgspec

from savant.runtime.llm.base import Message

INLINE_BYTES = 2048
MEMBER_BYTES = 512
_ENCODER = msgspec.json.Encoder(order="sorted")
_RESERVED = (b'"$blob"', b'"$chain"')

ReadBlobs = Callable[[Sequence[str]], Awaitable[dict[str, bytes]]]


def canonical(value: Any) -> bytes:
    """The one JSON text of a value: sorted keys, no white space; raises TypeError if it is not JSON."""
    return _ENCODER.encode(value)


def digest(data: bytes) -> str:
    """SHA-256 as hex."""
    return hashlib.sha256(data).hexdigest()


class Conversation:
    """Messages in order, append only, with the hash of every prefix kept: adding one costs the same at any length."""

    def __init__(self, messages: Iterable[Message] = ()) -> None:
        self.messages: list[Message] = []
        self.head = ""
        self._nodes: list[tuple[str, bytes]] = []
        for message in messages:
            self.append(message)

    def append(self, message: Message) -> None:
        node = canonical({"message": message, "parent": self.head})
        self.head = digest(node)
        self.messages.append(message)
        self._nodes.append((self.head, node))

    def nodes(self, since: int = 0) -> list[tuple[str, bytes]]:
        """The blobs of the messages from number `since` on."""
        return self._nodes[since:]

    def __len__(self) -> int:
        return len(self.messages)

    @property
    def reference(self) -> dict[str, Any]:
        return {"$chain": self.head, "length": len(self)}


def pack(raw: bytes, value: Any, blobs: dict[str, bytes]) -> msgspec.Raw:
    """The stored form of a value whose canonical text is `raw`; what it refers to is added to `blobs`."""
    if has_conversation(value):
        return msgspec.Raw(canonical({key: _pack_member(member, blobs) for key, member in value.items()}))
    if _mentions_reserved(raw):
        return msgspec.Raw(canonical(_to_blob(raw, blobs)))
    if len(raw) <= INLINE_BYTES:
        return msgspec.Raw(raw)
    if isinstance(value, dict):
        large: dict[str, bytes] = {}
        text = canonical({key: _pack_member(member, large) for key, member in value.items()})
        if len(text) <= INLINE_BYTES:
            blobs.update(large)
            return msgspec.Raw(text)
    return msgspec.Raw(canonical(_to_blob(raw, blobs)))


def has_conversation(value: Any) -> bool:
    """Whether a member of an object is a conversation."""
    if isinstance(value, dict):
        for member in value.values():
            if type(member) is Conversation:
                return True
    return False


def _mentions_reserved(raw: bytes) -> bool:
    """Whether a value could be taken for a reference; one that only mentions the words is stored as a blob too."""
    return b'"$' in raw and any(word in raw for word in _RESERVED)


def _pack_member(member: Any, blobs: dict[str, bytes]) -> Any:
    if isinstance(member, Conversation):
        return member.reference
    raw = canonical(member)
    if len(raw) > MEMBER_BYTES or _mentions_reserved(raw):
        return _to_blob(raw, blobs)
    return msgspec.Raw(raw)


def _to_blob(raw: bytes, blobs: dict[str, bytes]) -> dict[str, str]:
    key = digest(raw)
    blobs[key] = raw
    return {"$blob": key}


async def unpack(stored: Any, read: ReadBlobs) -> Any:
    """The value behind a stored form; raises KeyError for a blob that is gone."""
    if isinstance(stored, msgspec.Raw):
        stored = msgspec.json.decode(stored)
    if not isinstance(stored, dict):
        return stored
    if _is_reference(stored):
        return await _resolve(stored, read)
    return {key: await _resolve(member, read) if _is_reference(member) else member for key, member in stored.items()}


def _is_reference(value: Any) -> bool:
    return isinstance(value, dict) and (value.keys() == {"$blob"} or value.keys() == {"$chain", "length"})


async def _resolve(reference: dict[str, Any], read: ReadBlobs) -> Any:
    if "$blob" in reference:
        key = reference["$blob"]
        return msgspec.json.decode((await read([key]))[key])
    messages: list[Any] = []
    head = reference["$chain"]
    while head:
        node = msgspec.json.decode((await read([head]))[head])
        messages.append(node["message"])
        head = node["parent"]
    return messages[::-1]
