"""A model with a price, which answers as long as it is let, so that every call costs as much as it may."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from savant.runtime.llm.base import ModelRequest, ModelResponse, OnDelta, Usage
from savant.runtime.llm.tokens import message_tokens
from tests.runtime.agents.running import MODEL

INPUT = 1e-6  # US dollars a token
OUTPUT = 1e-5


class Priced:
    """Lists files `turns` times, then answers; `length` gives the tokens of the answer to the nth call of all."""

    native_tools = True
    context_window: int | None = None

    def __init__(self, turns: int = 2, length: Callable[[int], int] = lambda n: 100, most: int | None = 2000) -> None:
        self.id = MODEL
        self.max_output_tokens = most
        self.requests: list[ModelRequest] = []
        self.paid = 0.0
        self.under_way = 0
        self.most_under_way = 0
        self._turns = turns
        self._length = length

    def cost(self, usage: Usage) -> float | None:
        return usage.input_tokens * INPUT + usage.output_tokens * OUTPUT

    async def complete(self, request: ModelRequest, on_delta: OnDelta | None = None) -> ModelResponse:
        self.requests.append(request)
        number = len(self.requests)
        self.under_way += 1
        self.most_under_way = max(self.most_under_way, self.under_way)
        await asyncio.sleep(0.001 * (number % 3))
        self.under_way -= 1
        return self._answer(request, number)

    def _answer(self, request: ModelRequest, number: int) -> ModelResponse:
        wanted = self._length(number)
        output = wanted if request.max_output_tokens is None else min(wanted, request.max_output_tokens)
        usage = Usage(input_tokens=sum(map(message_tokens, request.messages)), output_tokens=output)
        self.paid += self.cost(usage) or 0.0
        said = sum(message.role == "assistant" for message in request.messages)
        response = ModelResponse(usage=usage, cost_usd=self.cost(usage), model="priced", text="Done.")
        if output < wanted:
            response.stop_reason = "length"
        elif said < self._turns:
            response = _with_call(response, said)
        return response


def _with_call(response: ModelResponse, said: int) -> ModelResponse:
    from savant.runtime.llm.base import ToolCall

    response.text, response.stop_reason = "", "tool_calls"
    response.tool_calls = [ToolCall(id=f"call_{said}", name="fs.list", arguments={"depth": said + 1})]
    return response
