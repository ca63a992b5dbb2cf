"""What one model call may cost at worst, before it is made."""

from __future__ import annotations

from typing import NamedTuple

from savant.runtime.llm.base import LLM, Usage

DEFAULT_OUTPUT = 8192  # tokens an answer may have under a money budget, where neither agent nor model says
LEAST_OUTPUT = 1024  # tokens that money must be left for; with less, no useful answer can be expected
_SAMPLE = 1000


class Quote(NamedTuple):
    """US dollars: `input` for reading, `token` for each token answered, at most `tokens` of them."""

    input: float
    token: float
    tokens: int

    @property
    def most(self) -> float:
        return self.input + self.token * self.tokens

    @property
    def least(self) -> float:
        """The price of the shortest answer worth asking for."""
        return self.input + self.token * min(self.tokens, LEAST_OUTPUT)

    def affords(self, usd: float) -> int:
        """How many tokens may be answered for `usd`, at most `tokens`."""
        if usd >= self.most:
            return self.tokens
        return min(self.tokens, max(1, int((usd - self.input) / self.token)))


def quote(model: LLM, input_tokens: int, output_tokens: int | None) -> Quote | None:
    """The worst case of a call that reads `input_tokens`; None where the price of the model is not known."""
    read = _worst(model, input_tokens, 0)
    answered = _worst(model, input_tokens, _SAMPLE)
    if read is None or answered is None:
        return None
    tokens = output_tokens or model.max_output_tokens or DEFAULT_OUTPUT
    return Quote(read, max(0.0, answered - read) / _SAMPLE, tokens)


def _worst(model: LLM, input_tokens: int, output_tokens: int) -> float | None:
    """The dearer of reading everything plainly and writing all of it to the provider's cache."""
    plain = Usage(input_tokens=input_tokens, output_tokens=output_tokens)
    written = Usage(input_tokens=input_tokens, output_tokens=output_tokens, cache_write_tokens=input_tokens)
    costs = [model.cost(plain), model.cost(written)]
    known = [cost for cost in costs if cost is not None]
    return max(known) if len(known) == len(costs) else None
