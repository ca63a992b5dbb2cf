"""Which models an agent has: a small one to go first, and the one that takes over from it."""

from __future__ import annotations

from functools import cached_property
from typing import NamedTuple

from savant.errors import ErrorCode, SavantError
from savant.runtime.execution import Execution
from savant.runtime.llm.base import LLM
from savant.schemas.agents import AgentDefinition
from savant.schemas.programs import ModelFacts

ASSUMED_WINDOW = 128_000  # tokens, where nobody says
MOST_OF_AN_OUTPUT = 15_000  # tokens of one turn's tool outputs that a model is shown, whatever its window is


class Seat:
    """A model of the run. What the program says of it is believed: a replay never has to look for the model."""

    def __init__(self, execution: Execution, id: str) -> None:
        self.id = id
        self._models = execution.models
        self._facts = execution.program.model_facts.get(id)

    @cached_property
    def model(self) -> LLM:
        """The model itself; raises MODEL_NOT_CONFIGURED."""
        return self._models.get(self.id)

    @cached_property
    def facts(self) -> ModelFacts:
        if self._facts is not None:
            return self._facts
        return ModelFacts(native_tools=self.model.native_tools, context_window=self.model.context_window)

    @property
    def native_tools(self) -> bool:
        return self.facts.native_tools

    @property
    def window(self) -> int:
        """Tokens it can read and answer together."""
        return self.facts.context_window or ASSUMED_WINDOW

    @property
    def room(self) -> int:
        """Tokens a conversation may have before it is compacted; the rest is for the next turn and the answer."""
        return self.window * 9 // 16

    @property
    def share(self) -> int:
        """Tokens that the tool outputs of one turn may have together before they are digested."""
        return min(MOST_OF_AN_OUTPUT, self.window // 4)


class Seats(NamedTuple):
    """`small` is None where one model does all."""

    large: Seat
    small: Seat | None = None


def seats(execution: Execution, slug: str, agent: AgentDefinition) -> Seats:
    """The models of an agent; the model of the run, if one is named, does all. Raises MODEL_NOT_CONFIGURED."""
    program, config = execution.program, execution.config
    if config.model is not None:
        return Seats(Seat(execution, config.model))
    small = program.small_models.get(slug) or agent.config.slm_model
    large = program.models.get(slug) or agent.config.llm_model or small
    if large is None:
        raise SavantError(
            ErrorCode.MODEL_NOT_CONFIGURED,
            f"Agent `{slug}` has no model.",
            hint="Set `config.llm_model`, or run with --model provider/model.",
        )
    if small is None or small == large:
        return Seats(Seat(execution, large))
    return Seats(Seat(execution, large), Seat(execution, small))
