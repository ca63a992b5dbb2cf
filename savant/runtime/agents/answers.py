"""The final answer of an agent, and finding the JSON that a model wrapped in prose or fences."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, NamedTuple

import msgspec

from savant.runtime.agents.prompt import Part
from savant.runtime.blobs import canonical

MOST_STARTS = 200  # places in one text where JSON is looked for
_DECODER = json.JSONDecoder(strict=False)


class Answer(NamedTuple):
    """What the agent answers: the text, and with an `output_schema` the value that fits it."""

    text: str
    output: Any = None


class Unusable(Exception):
    """The model said something that it can be asked to mend; the message is for the model."""


def answer(text: str, schema: dict[str, Any] | None) -> Answer:
    """The answer in a model's text; raises Unusable if there is none that fits the schema."""
    if schema is None:
        return Answer(text)
    found = list(json_values(text))
    if not found:
        raise Unusable("Your answer is not JSON. Answer with one JSON value that fits the schema, and nothing else.")
    from savant.runtime.tools.validate import problems

    wrong = [problems(schema, value) for value in found]
    for value, errors in zip(found, wrong, strict=True):
        if not errors:
            return Answer(canonical(value).decode(), value)
    listed = "\n".join(f"- {line}" for line in wrong[0])
    raise Unusable(f"Your answer does not fit the schema:\n{listed}\nAnswer again, with the whole JSON value.")


def answer_part(schema: dict[str, Any]) -> Part:
    """What the model is told about its final answer."""
    return Part(
        "answer",
        "Your final answer must be one JSON value that fits this JSON Schema, with nothing around it:\n"
        + canonical(schema).decode(),
    )


def json_values(text: str) -> Iterator[Any]:
    """The JSON values in a text: all of it, or else the objects and arrays inside, in order, outermost only."""
    try:
        yield msgspec.json.decode(text)
        return
    except (msgspec.DecodeError, RecursionError):
        pass
    at, starts = 0, 0
    while starts < MOST_STARTS and (at := _next_start(text, at)) >= 0:
        starts += 1
        try:
            value, at = _DECODER.raw_decode(text, at)
            yield msgspec.json.decode(canonical(value))
        except (ValueError, RecursionError):
            at += 1


def _next_start(text: str, at: int) -> int:
    found = [place for place in (text.find("{", at), text.find("[", at)) if place >= 0]
    return min(found, default=-1)
