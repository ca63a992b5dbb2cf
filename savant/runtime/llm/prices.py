"""What a call costs, from the table of genai-prices, which is part of the package and asks nobody.

Importing the table takes about 0.2 s, so it happens at the first question about a priced provider.
"""

from __future__ import annotations

import re
from datetime import date
from functools import cache
from typing import Any

from savant import clock
from savant.runtime.llm.base import Usage

_DATE = re.compile(r"\b20\d\d-\d\d-\d\d\b")


def cost(provider: str | None, model: str, usage: Usage) -> float | None:
    """US dollars of one call; None where provider or model is not in the table."""
    found = _model(provider, model)
    if found is None:
        return None
    from genai_prices import Usage as Tokens

    tokens = Tokens(
        input_tokens=usage.input_tokens,
        output_tokens=usage.output_tokens,
        cache_read_tokens=usage.cached_tokens,
        cache_write_tokens=usage.cache_write_tokens,
    )
    owner, info = found
    price = info.calc_price(tokens, owner, genai_request_timestamp=clock.now())
    return float(price.total_price)


def context_window(provider: str | None, model: str) -> int | None:
    """Tokens the model can read, where the table says so."""
    found = _model(provider, model)
    return found[1].context_window if found else None


@cache
def table_date() -> date | None:
    """The latest day the table itself speaks of: how old its newest prices are at most."""
    from genai_prices.data import providers

    today = clock.now().date().isoformat()
    days = {day for provider in providers for text in _notes(provider) for day in _DATE.findall(text)}
    past = [day for day in days if day <= today]
    return date.fromisoformat(max(past)) if past else None


@cache
def _model(provider: str | None, model: str) -> tuple[Any, Any] | None:
    if provider is None:
        return None
    from genai_prices.data_snapshot import get_snapshot

    try:
        return get_snapshot().find_provider_model(model, None, provider, None)
    except LookupError:
        return None


def _notes(provider: Any) -> list[str]:
    texts = [provider.price_comments, *(model.price_comments for model in provider.models)]
    return [text for text in texts if text]
