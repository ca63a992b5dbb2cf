"""What can go wrong with a model, as named errors: which model, on which host, what happened, what to do."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import Any, NamedTuple

import msgspec

from savant import clock
from savant.errors import ErrorCode, SavantError


class ModelFailure(SavantError):
    """A SavantError that knows whether asking again may help (`retry`), and after how many seconds (`wait`)."""

    retry: bool = False
    wait: float | None = None


class Target(msgspec.Struct, frozen=True):
    """Who is being asked: `model` is `provider/model`, `host` the URL's host; `secrets` never reach a message."""

    model: str
    host: str
    secrets: tuple[str, ...] = ()
    key_hint: str = "Check the API key of this provider."
    start_hint: str = "Check that the server is running and that its base URL is right."

    def scrub(self, text: str) -> str:
        for secret in self.secrets:
            text = text.replace(secret, "***")
        return text

    def failure(
        self, code: ErrorCode, what: str, hint: str, *, retry: bool = False, wait: float | None = None
    ) -> ModelFailure:
        failure = ModelFailure(code, f"{self.model} at {self.host} {self.scrub(what)}", hint=self.scrub(hint))
        failure.details = {"model": self.model, "host": self.host}
        failure.retry, failure.wait = retry, wait
        return failure


class _Rule(NamedTuple):
    code: ErrorCode
    what: str
    hint: str
    retry: bool = False


_LIST = "`savant models list` shows the models there are; the base URL may also be wrong."
_LATER = "Try again later, or choose another model."
_BILLING = "Check the plan and billing of this account, or choose another model."
_SHORTER = "Give it less to read: a shorter goal, fewer files, or a model with a larger window."
_URL = "The base URL may point at something else than a model server; check it with `savant models test`."

_RULES: dict[int, _Rule] = {
    400: _Rule(ErrorCode.MODEL_BAD_REQUEST, "did not accept the request", "Change what its answer names."),
    401: _Rule(ErrorCode.MODEL_DENIED, "refused the API key", "key"),
    402: _Rule(ErrorCode.MODEL_DENIED, "wants to be paid first", _BILLING),
    403: _Rule(ErrorCode.MODEL_DENIED, "does not allow this key to use it", "key"),
    404: _Rule(ErrorCode.MODEL_NOT_FOUND, "does not exist", _LIST),
    405: _Rule(ErrorCode.MODEL_NOT_FOUND, "is not served there", _LIST),
    408: _Rule(ErrorCode.MODEL_TIMEOUT, "timed out on its own side", _LATER, True),
    409: _Rule(ErrorCode.MODEL_UNAVAILABLE, "is in conflict with another request", _LATER, True),
    410: _Rule(ErrorCode.MODEL_NOT_FOUND, "does not exist any more", _LIST),
    413: _Rule(ErrorCode.MODEL_CONTEXT_OVERFLOW, "was given more than it can read", _SHORTER),
    429: _Rule(ErrorCode.MODEL_RATE_LIMITED, "limits how often it may be asked", _LATER, True),
    529: _Rule(ErrorCode.MODEL_UNAVAILABLE, "is overloaded", _LATER, True),
}
_SERVER_ERROR = _Rule(ErrorCode.MODEL_UNAVAILABLE, "failed on its own side", _LATER, True)
_REDIRECT = _Rule(ErrorCode.MODEL_BAD_RESPONSE, "answered with a redirect", _URL)
_OUT_OF_QUOTA = _Rule(ErrorCode.MODEL_RATE_LIMITED, "says the quota is used up", _BILLING)

# Errors inside a stream, or with status 200, have only a word for their kind.
_KINDS: dict[str, int] = {
    "authentication_error": 401,
    "billing_error": 402,
    "permission_error": 403,
    "not_found_error": 404,
    "request_too_large": 413,
    "invalid_request_error": 400,
    "rate_limit_error": 429,
    "rate_limit_exceeded": 429,
    "insufficient_quota": 429,
    "overloaded_error": 529,
    "exceed_context_size_error": 413,
    "context_length_exceeded": 413,
}
_TOO_LONG = re.compile(
    r"context.?length|context.?window|context size|maximum context|prompt is too long|too many tokens"
    r"|input is too long|token count.*exceeds|reduce the length",
    re.IGNORECASE,
)
_NO_SUCH_MODEL = re.compile(
    r"model\b.{0,80}(not found|does not exist|is not a valid|unknown model)|not a valid model|model_not_found",
    re.IGNORECASE,
)


def from_status(target: Target, status: int, headers: Mapping[str, str], body: bytes) -> ModelFailure:
    """The failure an HTTP answer other than 2xx means."""
    kind, words = _said(body)
    rule = _rule(status, kind, words)
    return _failure(target, rule, str(status), words, retry_after(headers))


def from_error(target: Target, error: Any) -> ModelFailure:
    """The failure an error object means that came inside a stream or an answer of status 200."""
    kind, words = _kind_and_words(error)
    code = error.get("code") if isinstance(error, dict) else None
    status = code if isinstance(code, int) and 400 <= code < 600 else _KINDS.get(kind, 500)
    return _failure(target, _rule(status, kind, words), kind or "error", words, None)


def unreachable(target: Target, why: str, *, retry: bool = True) -> ModelFailure:
    what = f"cannot be reached ({_short(target.scrub(why))})."
    return target.failure(ErrorCode.MODEL_UNREACHABLE, what, target.start_hint, retry=retry)


def timed_out(target: Target, what: str, *, retry: bool = False) -> ModelFailure:
    hint = "Give it more time (`timeout`), ask for less, or choose a faster model."
    return target.failure(ErrorCode.MODEL_TIMEOUT, what, hint, retry=retry)


def bad_response(target: Target, what: str, *, retry: bool = False, hint: str = _URL) -> ModelFailure:
    return target.failure(ErrorCode.MODEL_BAD_RESPONSE, what, hint, retry=retry)


def not_configured(target: Target, what: str, hint: str) -> ModelFailure:
    return target.failure(ErrorCode.MODEL_NOT_CONFIGURED, what, hint)


def excerpt(target: Target, raw: bytes) -> str:
    """The first 80 characters, on one line, for a message; secrets go before the cut, or half of one would stay."""
    return _short(target.scrub(raw.decode(errors="replace")), 80)


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds the server asks us to wait (`Retry-After-Ms`, `Retry-After` in seconds or as a date), if it does."""
    try:
        if "retry-after-ms" in headers:
            return max(0.0, float(headers["retry-after-ms"]) / 1000)
        return max(0.0, float(headers["retry-after"]))
    except KeyError:
        return None
    except ValueError:
        return _until(headers["retry-after"]) if "retry-after" in headers else None


def _until(date: str) -> float | None:
    try:
        when = parsedate_to_datetime(date)
    except ValueError:
        return None
    when = when if when.tzinfo else when.replace(tzinfo=UTC)
    return max(0.0, (when - clock.now()).total_seconds())


def _failure(target: Target, rule: _Rule, mark: str, words: str, wait: float | None) -> ModelFailure:
    said = f": {_short(target.scrub(words))}" if words else ""
    hint = target.key_hint if rule.hint == "key" else rule.hint
    failure = target.failure(rule.code, f"{rule.what} ({mark}{said}).", hint, retry=rule.retry, wait=wait)
    if wait is not None:
        failure.details["retry_after"] = wait
    return failure


def _rule(status: int, kind: str, words: str) -> _Rule:
    if status in (400, 413, 422, 500) and (_TOO_LONG.search(words) or _KINDS.get(kind) == 413):
        return _RULES[413]
    if status in (400, 422) and (_NO_SUCH_MODEL.search(words) or kind == "model_not_found"):
        return _RULES[404]
    if status == 429 and kind == "insufficient_quota":
        return _OUT_OF_QUOTA
    if status in _RULES:
        return _RULES[status]
    if status < 400:
        return _REDIRECT
    return _RULES[400] if status < 500 else _SERVER_ERROR


def _said(body: bytes) -> tuple[str, str]:
    """The kind and the words of an error body, whatever its shape; an HTML page is only called that."""
    if body.lstrip()[:1] == b"<":
        return "", "a web page, not a model's answer"
    try:
        data: Any = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return "", body.decode(errors="replace")
    if isinstance(data, list) and data:  # Gemini's compatible endpoint wraps its error in a list
        data = data[0]
    return _kind_and_words(data)


def _kind_and_words(data: Any) -> tuple[str, str]:
    if not isinstance(data, dict):
        return "", str(data)
    inner = data.get("error")
    if isinstance(inner, dict):
        return _kind_and_words(inner)
    words = data.get("message") or inner or data.get("detail") or ""
    kinds = [kind for kind in (data.get("code"), data.get("type")) if isinstance(kind, str)]
    known = [kind for kind in kinds if kind in _KINDS or kind == "model_not_found"]
    return (known or kinds or [""])[0], str(words)


def _short(text: str, length: int = 300) -> str:
    line = " ".join(text.split())
    return line if len(line) <= length else line[: length - 1] + "…"
