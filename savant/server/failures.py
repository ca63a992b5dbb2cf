"""Every failure as an answer: the code is ours, the status follows from it, and nothing of the inside shows."""

from __future__ import annotations

import logging
from typing import Any

from litestar import Request, Response
from litestar.exceptions import HTTPException

from savant.errors import DatabaseUnusable, ErrorCode, SavantError, SavantErrors
from savant.server.envelope import ErrorBody, failure
from savant.server.requests import request_id

logger = logging.getLogger("savant.server")

STATUSES: dict[ErrorCode, int] = {
    ErrorCode.UNEXPECTED: 500,
    ErrorCode.UNAUTHENTICATED: 401,
    ErrorCode.FORBIDDEN: 403,
    ErrorCode.NOT_FOUND: 404,
    ErrorCode.METHOD_NOT_ALLOWED: 405,
    ErrorCode.CONFLICT: 409,
    ErrorCode.APPROVAL_NEEDED: 409,
    ErrorCode.PRECONDITION: 412,
    ErrorCode.TOO_LARGE: 413,
    ErrorCode.UNSUPPORTED: 415,
    ErrorCode.RATE_LIMITED: 429,
    ErrorCode.UNREACHABLE: 503,
}
"""All other codes say that what was asked cannot be done as it was asked: 422."""
CODES = {status: code for code, status in STATUSES.items() if code is not ErrorCode.APPROVAL_NEEDED}


def status_of(code: ErrorCode) -> int:
    return STATUSES.get(code, 422)


def expected(request: Request[Any, Any, Any], error: SavantError) -> Response[bytes]:
    """A failure we have a name for."""
    if isinstance(error, DatabaseUnusable):
        error = without_reason(error)
    details = dict(error.details)
    if isinstance(error, SavantErrors):
        details["errors"] = [{"code": one.code.value, "message": str(one)} for one in error.errors]
    body = ErrorBody(code=error.code.value, message=error.message, details=details, hint=error.hint)
    answer = failure(body, request_id(request.scope), status_of(error.code))
    if error.code is ErrorCode.UNAUTHENTICATED:
        answer.headers["WWW-Authenticate"] = "Bearer"
    if error.code is ErrorCode.RATE_LIMITED:
        answer.headers["Retry-After"] = str(error.details["retry_after"])
    return answer


def without_reason(error: DatabaseUnusable) -> SavantError:
    """The same for who asks, who need not know where the database is and who works in it; the log has it whole."""
    logger.error("%s", error.message)
    return SavantError(error.code, "The database cannot be used now.", hint="Try again later.")


def refused(request: Request[Any, Any, Any], error: HTTPException) -> Response[bytes]:
    """What the web framework refuses before a handler is reached."""
    if error.status_code >= 500:
        return unexpected(request, error)
    code = CODES.get(error.status_code, ErrorCode.VALIDATION)
    said = {
        ErrorCode.NOT_FOUND: "There is nothing at this address.",
        ErrorCode.METHOD_NOT_ALLOWED: f"{request.method} is not for this address.",
        ErrorCode.TOO_LARGE: "The body is too large.",
    }
    body = ErrorBody(code=code.value, message=said.get(code, "The request cannot be read."), details={})
    answer = failure(body, request_id(request.scope), error.status_code)
    answer.headers.update(error.headers or {})
    return answer


def unexpected(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    """A fault of ours: told in full to the log, and by its number to the caller."""
    id = request_id(request.scope)
    logger.error("request %s failed: %s %s", id, request.method, request.url.path, exc_info=error)
    body = ErrorBody(
        code=ErrorCode.UNEXPECTED.value, message="Something went wrong here.", details={},
        hint=f"Tell whoever keeps this server: request {id}.",
    )  # fmt: skip
    return failure(body, id, 500)


HANDLERS: Any = {SavantError: expected, HTTPException: refused, Exception: unexpected}
