"""How a model acts: by its own tool calls, or, where it has none, by answering with one JSON object."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import msgspec

from savant.runtime.agents.answers import Answer, Unusable, answer, answer_part, json_values
from savant.runtime.agents.prompt import Part
from savant.runtime.blobs import canonical
from savant.runtime.llm.base import Message, ModelResponse, ToolCall, ToolSchema
from savant.runtime.tools.base import ToolSpec

FINAL = "final"


class Result(NamedTuple):
    """What came of one call, as the model is told. `misused` says that the model called it wrongly."""

    call: ToolCall
    text: str
    is_error: bool = False
    denied: bool = False
    misused: bool = False
    path: str = ""


class NativeCalls:
    """The model is given tools and calls them; without tools it just answers."""

    def __init__(self, specs: Sequence[ToolSpec], output_schema: dict[str, Any] | None) -> None:
        self._output_schema = output_schema
        self.tools = [_schema_of(spec) for spec in specs]
        # Not every provider takes a response format beside tools; then the prompt alone asks for it.
        self.response_schema = None if specs else output_schema
        self.parts = [answer_part(output_schema)] if output_schema else []

    def offer(self, spec: ToolSpec) -> None:
        """Give the model one tool more from here on."""
        self.tools = [*self.tools, _schema_of(spec)]

    def said(self, response: ModelResponse, calls: Sequence[ToolCall]) -> Message:
        acted_in_json = bool(calls) and not response.tool_calls
        text = "" if acted_in_json else response.text
        return Message(role="assistant", content=text, tool_calls=list(calls))

    def read(self, response: ModelResponse) -> list[ToolCall] | Answer:
        """The calls the model asks for, or its answer; raises Unusable."""
        return response.tool_calls or answer(response.text, self._output_schema)

    def tell(self, results: Sequence[Result]) -> list[Message]:
        return [
            Message(role="tool", content=result.text, tool_call_id=result.call.id, is_error=result.is_error)
            for result in results
        ]


class JsonActions:
    """The model answers with `{"action": <tool or "final">, "arguments": {...}, "text": ...}`, one call a turn."""

    def __init__(self, specs: Sequence[ToolSpec], output_schema: dict[str, Any] | None) -> None:
        self._output_schema = output_schema
        self._calls = 0
        self._specs = list(specs)
        self.tools: list[ToolSchema] = []
        self.response_schema = _schema(specs, output_schema)
        self.parts = [Part("tools", _manual(specs, output_schema))]

    def offer(self, spec: ToolSpec) -> None:
        """Let the model name one tool more from here on; whoever offers it says how it is called."""
        self._specs.append(spec)
        self.response_schema = _schema(self._specs, self._output_schema)

    def said(self, response: ModelResponse, calls: Sequence[ToolCall]) -> Message:
        acts = [canonical({"action": call.name, "arguments": call.arguments}).decode() for call in response.tool_calls]
        return Message(role="assistant", content="\n".join([*([response.text] if response.text else []), *acts]))

    def read(self, response: ModelResponse) -> list[ToolCall] | Answer:
        """The call the model asks for, or its answer; raises Unusable."""
        for value in json_values(response.text):
            if isinstance(value, dict) and isinstance(value.get("action"), str):
                return self._act(value)
        raise Unusable('Answer with one JSON object that has the key "action", and nothing else.')

    def tell(self, results: Sequence[Result]) -> list[Message]:
        lines = [f"{'Error' if r.is_error else 'Result'} of {r.call.name}:\n{r.text}" for r in results]
        return [Message(role="user", content="\n\n".join(lines))]

    def _act(self, action: dict[str, Any]) -> list[ToolCall] | Answer:
        if action["action"] == FINAL:
            return self._final(action)
        self._calls += 1
        call = ToolCall(id=f"call_{self._calls}", name=action["action"])
        arguments = _object(action.get("arguments", {}))
        if arguments is None:
            call.invalid = canonical(action["arguments"]).decode()
        else:
            call.arguments = arguments
        return [call]

    def _final(self, action: dict[str, Any]) -> Answer:
        if self._output_schema is not None:
            return answer(canonical(action.get("output")).decode(), self._output_schema)
        text = action.get("text")
        if not isinstance(text, str) or not text.strip():
            raise Unusable('To finish, put your whole answer into "text".')
        return Answer(text)


def _schema_of(spec: ToolSpec) -> ToolSchema:
    return ToolSchema(name=spec.name, description=spec.description, input_schema=spec.input_schema)


def _object(value: Any) -> dict[str, Any] | None:
    if isinstance(value, str):  # some models write the object as text
        try:
            value = msgspec.json.decode(value)
        except msgspec.DecodeError:
            return None
    return value if isinstance(value, dict) else None


def _schema(specs: Sequence[ToolSpec], output_schema: dict[str, Any] | None) -> dict[str, Any]:
    """Flat, because the grammars of small local models follow that best; without tools there is only the answer."""
    answer_key, answer_schema = ("text", {"type": "string"}) if output_schema is None else ("output", output_schema)
    properties: dict[str, Any] = {"action": {"type": "string", "enum": [*(spec.name for spec in specs), FINAL]}}
    if specs:
        properties["arguments"] = specs[0].input_schema if len(specs) == 1 else {"type": "object"}
    properties[answer_key] = answer_schema
    return {"type": "object", "properties": properties, "required": ["action"] if specs else ["action", answer_key]}


def _manual(specs: Sequence[ToolSpec], output_schema: dict[str, Any] | None) -> str:
    final = '"text": "your answer"' if output_schema is None else '"output": your answer'
    lines = ["Answer with one JSON object and nothing else."]
    if specs:
        lines.append('To use a tool: {"action": "name of the tool", "arguments": {...}}')
    lines.append(f'To finish: {{"action": "{FINAL}", {final}}}')
    if specs:
        lines += ["Tools:", *(f"- {_signature(spec)}: {spec.description.strip()}" for spec in specs)]
    if output_schema is not None:
        lines.append(f'"output" must fit this JSON Schema: {canonical(output_schema).decode()}')
    return "\n".join(lines)


def _signature(spec: ToolSpec) -> str:
    """`git.log(range?: string, limit?: integer)`."""
    properties: dict[str, Any] = spec.input_schema.get("properties") or {}
    required: list[str] = spec.input_schema.get("required") or []
    shown = [f"{name}{'' if name in required else '?'}: {_type(schema)}" for name, schema in properties.items()]
    return f"{spec.name}({', '.join(shown)})"


def _type(schema: Any) -> str:
    if not isinstance(schema, dict):
        return "any"
    if "enum" in schema:
        return " or ".join(canonical(value).decode() for value in schema["enum"])
    named = schema.get("type", "any")
    return " or ".join(named) if isinstance(named, list) else str(named)
