"""How many tokens a text is, near enough, without the tokenizer of any model."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from savant.runtime.llm.base import Message, ToolSchema

CHARACTERS = 4  # of one token, in English and in code
OF_A_MESSAGE = 4  # tokens a message has besides its text


def tokens(text: str) -> int:
    """A quarter of the ASCII characters, and one for each other character: other scripts have no longer tokens."""
    if text.isascii():
        return -(-len(text) // CHARACTERS)
    ascii = len(text.encode("ascii", "ignore"))
    return -(-ascii // CHARACTERS) + len(text) - ascii


def message_tokens(message: Message) -> int:
    """The tokens of one message, with the calls in it."""
    calls = sum(tokens(call.name) + _json_tokens(call.arguments) for call in message.tool_calls)
    return OF_A_MESSAGE + tokens(message.content) + calls


def tool_tokens(tools: Iterable[ToolSchema]) -> int:
    """The tokens of the tools that a model is given."""
    return sum(tokens(tool.name) + tokens(tool.description) + _json_tokens(tool.input_schema) for tool in tools)


def _json_tokens(value: object) -> int:
    return tokens(msgspec.json.encode(value).decode())
