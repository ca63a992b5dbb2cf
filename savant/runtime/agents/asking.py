"""Asking a model: the one place where limits are checked and money is set aside, and where models are called."""

from __future__ import annotations

from typing import Any

import msgspec

from savant.errors import ErrorCode, SavantError
from savant.runtime.agents.responses import failure_of
from savant.runtime.agents.seats import Seat
from savant.runtime.blobs import Conversation
from savant.runtime.execution import Execution
from savant.runtime.journal import Outcome
from savant.runtime.limits import Account, Hold
from savant.runtime.llm.base import ModelRequest, ModelResponse, ToolSchema

MARGIN = 1.5  # an estimate of tokens is at most this much too low


class Question(msgspec.Struct, kw_only=True):
    """What a model is asked. `counted` of its tokens are known, and `estimated` more are guessed.

    An answer that is no use fails the step, unless `lenient`; one that does not fit the model's window is told as
    such, never raised.
    """

    talk: Conversation
    tools: list[ToolSchema] = []
    response_schema: dict[str, Any] | None = None
    temperature: float | None = None
    max_output_tokens: int | None = None
    counted: int = 0
    estimated: int = 0
    lenient: bool = False
    streamed: bool = True

    @property
    def worst_tokens(self) -> int:
        return self.counted + int(self.estimated * MARGIN)


class Asker:
    """Asks the models of one agent, at the agent's expense."""

    def __init__(self, execution: Execution, slug: str, account: Account) -> None:
        self._execution = execution
        self._journal = execution.journal
        self._slug = slug
        self._account = account

    async def ask(self, seat: Seat, question: Question, path: str, steps: int = 0) -> ModelResponse:
        """The answer, served if the journal has it; raises what limits, models or the journal say.

        `steps` is how many calls the agent made before. Its `stop_reason` is `overflow` if it could not be read.
        """
        self._journal.judge(path, "limits", lambda call: self._account.refusal(steps, seat.id, call))
        if self._journal.serves(path):  # it was paid for, whatever the limits are now
            return await self._step(seat, question, path, Hold())
        self._account.check(steps, seat.id)
        tokens, most = question.worst_tokens, question.max_output_tokens
        async with self._account.hold(seat.model, tokens, most, path) as hold:
            try:
                return await self._step(seat, question, path, hold)
            finally:
                if hold.cost_usd and self._journal.broken:
                    hold.cost_usd = None  # what it cost is not in the record, and never will be

    async def _step(self, seat: Seat, question: Question, path: str, hold: Hold) -> ModelResponse:
        given = {
            "model": seat.id,
            "messages": question.talk,
            "tools": question.tools,
            "response_schema": question.response_schema,
            "temperature": question.temperature,
            "max_output_tokens": question.max_output_tokens,
        }
        output = await self._journal.step(
            path,
            "model",
            {name: value for name, value in given.items() if value is not None},
            "read",
            lambda: self._complete(seat, question, path, hold),
            agent=self._slug,
        )
        return msgspec.convert(output, ModelResponse)

    async def _complete(self, seat: Seat, question: Question, path: str, hold: Hold) -> Outcome:
        try:
            response = await self._call(seat, question, path, hold)
        except SavantError as error:
            # A call that timed out may have been answered, and charged, without us.
            hold.cost_usd = None if error.code is ErrorCode.MODEL_TIMEOUT else 0.0
            if error.code is not ErrorCode.MODEL_CONTEXT_OVERFLOW:
                raise
            return Outcome(ModelResponse(text=str(error), stop_reason="overflow", model=seat.id))
        hold.cost_usd = response.cost_usd
        return Outcome(
            response,
            cost_usd=response.cost_usd,
            input_tokens=response.usage.input_tokens,
            output_tokens=response.usage.output_tokens,
            error=_failure(response, seat, question, hold),
            payers=self._account.payers,
        )

    async def _call(self, seat: Seat, question: Question, path: str, hold: Hold) -> ModelResponse:
        request = ModelRequest(
            messages=list(question.talk.messages),
            tools=question.tools,
            response_schema=question.response_schema,
            temperature=question.temperature,
            max_output_tokens=hold.max_output_tokens,
        )

        def stream(text: str) -> None:
            self._journal.stream("text.delta", {"path": path, "agent": self._slug, "text": text})

        model = seat.model
        hold.cost_usd = None
        return await model.complete(request, stream if question.streamed else None)


def _failure(response: ModelResponse, seat: Seat, question: Question, hold: Hold) -> SavantError | None:
    asked, allowed = question.max_output_tokens, hold.max_output_tokens
    if response.stop_reason == "length" and allowed is not None and (asked is None or allowed < asked):
        return SavantError(
            ErrorCode.BUDGET,
            f"{seat.id} could not finish its answer in the {allowed} tokens that the budget allowed.",
            hint="Raise `budget_usd` and resume the run, or set `max_output_tokens` and ask for less.",
            details={"limit": "budget_usd", "text": response.text},
        )
    return None if question.lenient else failure_of(response, seat.id)
