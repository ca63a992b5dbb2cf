"""What a server of either wire would send for a reply: one JSON object whole, or the events of a stream."""

from __future__ import annotations

import json
from typing import Any

from tests.stubs.replies import Reply

OPENAI, ANTHROPIC = "openai", "anthropic"
_FINISH = {
    OPENAI: {"end": "stop", "tool_calls": "tool_calls", "length": "length", "refused": "content_filter"},
    ANTHROPIC: {"end": "end_turn", "tool_calls": "tool_use", "length": "max_tokens", "refused": "refusal"},
}


def whole(wire: str, reply: Reply, model: str) -> dict[str, Any]:
    return _openai_whole(reply, model) if wire == OPENAI else _anthropic_whole(reply, model)


def events(wire: str, reply: Reply, model: str) -> list[bytes]:
    """The events in order, each with its blank line; a truncated stream lacks those that say it is over."""
    if reply.fault == "error_in_stream":
        return _failing(wire, reply, model)
    return _openai_events(reply, model) if wire == OPENAI else _anthropic_events(reply, model)


def error(wire: str, status: int, message: str, kind: str | None = None) -> dict[str, Any]:
    kind = kind or {401: "authentication_error", 404: "not_found_error", 429: "rate_limit_error"}.get(status)
    kind = kind or ("overloaded_error" if status == 529 else "invalid_request_error")
    inner = {"type": kind, "message": message}
    return {"type": "error", "error": inner} if wire == ANTHROPIC else {"error": inner | {"code": kind}}


def pieces(text: str) -> list[str]:
    words = text.split(" ")
    return [word + (" " if i < len(words) - 1 else "") for i, word in enumerate(words)] if text else []


def _split(text: str) -> list[str]:
    """In three, so that no piece is JSON by itself."""
    third = max(1, len(text) // 3)
    return [text[:third], text[third : 2 * third], text[2 * third :]]


def _finish(wire: str, reply: Reply) -> str:
    return _FINISH[wire][reply.stop or ("tool_calls" if reply.tools else "end")]


def _failing(wire: str, reply: Reply, model: str) -> list[bytes]:
    start = Reply(text=reply.text, fault="truncated")
    frames = events(wire, start, model)
    return [*frames, _event(error(wire, 529, "Overloaded", "overloaded_error"), "error", wire)]


def _event(data: dict[str, Any], name: str = "", wire: str = OPENAI) -> bytes:
    head = f"event: {name}\n" if wire == ANTHROPIC else ""
    return f"{head}data: {json.dumps(data)}\n\n".encode()


def _openai_usage(reply: Reply) -> dict[str, Any]:
    count = reply.usage
    return {
        "prompt_tokens": count["input"],
        "completion_tokens": count["output"],
        "total_tokens": count["input"] + count["output"],
        "prompt_tokens_details": {"cached_tokens": count.get("cached", 0)},
    }


def _openai_call(index: int, tool: dict[str, Any], reply: Reply) -> dict[str, Any]:
    arguments = tool["arguments"]
    sent = arguments if reply.fault == "object_arguments" else _as_text(arguments)
    call = {"id": f"call_{index}", "type": "function", "function": {"name": tool["name"], "arguments": sent}}
    return call if reply.fault == "whole_calls" else {"index": index, **call}


def _as_text(arguments: Any) -> str:
    return arguments if isinstance(arguments, str) else json.dumps(arguments)


def _openai_whole(reply: Reply, model: str) -> dict[str, Any]:
    message: dict[str, Any] = {"role": "assistant", "content": reply.text or None}
    if reply.tools:
        message["tool_calls"] = [_openai_call(i, tool, reply) for i, tool in enumerate(reply.tools)]
    choice = {"index": 0, "message": message, "finish_reason": _finish(OPENAI, reply)}
    usage = {} if reply.fault == "no_usage" else {"usage": _openai_usage(reply)}
    return {"id": "chatcmpl-1", "object": "chat.completion", "model": model, "choices": [choice], **usage}


def _openai_events(reply: Reply, model: str) -> list[bytes]:
    deltas: list[dict[str, Any]] = [{"role": "assistant", "content": None}]
    deltas += [{"content": piece} for piece in pieces(reply.text)]
    for index, tool in enumerate(reply.tools):
        deltas += _openai_call_deltas(index, tool, reply)
    head: dict[str, Any] = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "model": model}
    chunks: list[dict[str, Any]] = [
        head | {"choices": [{"index": 0, "delta": d, "finish_reason": None}]} for d in deltas
    ]
    if reply.fault == "truncated":
        return [_event(chunk) for chunk in chunks]
    chunks.append(head | {"choices": [{"index": 0, "delta": {}, "finish_reason": _finish(OPENAI, reply)}]})
    if reply.fault != "no_usage":
        chunks.append(head | {"choices": [], "usage": _openai_usage(reply)})
    return [*(_event(chunk) for chunk in chunks), b"data: [DONE]\n\n"]


def _openai_call_deltas(index: int, tool: dict[str, Any], reply: Reply) -> list[dict[str, Any]]:
    call = _openai_call(index, tool, reply)
    if reply.fault in ("whole_calls", "object_arguments"):
        return [{"tool_calls": [call]}]
    first, *rest = _split(call["function"]["arguments"])
    call["function"]["arguments"] = first
    later = [{"tool_calls": [{"index": index, "function": {"arguments": piece}}]} for piece in rest]
    return [{"tool_calls": [call]}, *later]


def _anthropic_usage(reply: Reply) -> dict[str, Any]:
    cached, written = reply.usage.get("cached", 0), reply.usage.get("cache_write", 0)
    return {
        "input_tokens": reply.usage["input"] - cached - written,
        "cache_read_input_tokens": cached,
        "cache_creation_input_tokens": written,
        "output_tokens": reply.usage["output"],
    }


def _anthropic_whole(reply: Reply, model: str) -> dict[str, Any]:
    blocks: list[dict[str, Any]] = [{"type": "text", "text": reply.text}] if reply.text else []
    blocks += [
        {"type": "tool_use", "id": f"toolu_{i}", "name": tool["name"], "input": tool["arguments"]}
        for i, tool in enumerate(reply.tools)
    ]
    head = {"id": "msg_1", "type": "message", "role": "assistant", "model": model}
    usage = {} if reply.fault == "no_usage" else {"usage": _anthropic_usage(reply)}
    return head | {"content": blocks, "stop_reason": _finish(ANTHROPIC, reply), **usage}


def _anthropic_events(reply: Reply, model: str) -> list[bytes]:
    counted = reply.fault != "no_usage"
    usage = _anthropic_usage(reply) | {"output_tokens": 1} if counted else None
    message = {"id": "msg_1", "type": "message", "role": "assistant", "model": model, "content": []}
    found: list[dict[str, Any]] = [
        {"type": "message_start", "message": message | ({"usage": usage} if usage else {})},
        {"type": "ping"},
    ]
    for index, (block, deltas) in enumerate(_anthropic_blocks(reply)):
        found.append({"type": "content_block_start", "index": index, "content_block": block})
        found += [{"type": "content_block_delta", "index": index, "delta": delta} for delta in deltas]
        found.append({"type": "content_block_stop", "index": index})
    if reply.fault != "truncated":
        delta = {"stop_reason": _finish(ANTHROPIC, reply), "stop_sequence": None}
        end = {"usage": {"output_tokens": reply.usage["output"]}} if counted else {}
        found += [{"type": "message_delta", "delta": delta, **end}, {"type": "message_stop"}]
    return [_event(event, event["type"], ANTHROPIC) for event in found]


def _anthropic_blocks(reply: Reply) -> list[tuple[dict[str, Any], list[dict[str, Any]]]]:
    blocks: list[tuple[dict[str, Any], list[dict[str, Any]]]] = []
    if reply.text:
        text = [{"type": "text_delta", "text": piece} for piece in pieces(reply.text)]
        blocks.append(({"type": "text", "text": ""}, text))
    for index, tool in enumerate(reply.tools):
        block = {"type": "tool_use", "id": f"toolu_{index}", "name": tool["name"], "input": {}}
        if reply.fault in ("whole_calls", "object_arguments"):
            blocks.append((block | {"input": tool["arguments"]}, []))
        else:
            split = _split(_as_text(tool["arguments"]))
            blocks.append((block, [{"type": "input_json_delta", "partial_json": part} for part in split]))
    return blocks
