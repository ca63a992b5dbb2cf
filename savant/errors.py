"""Every expected failure has a code, an exit code, an HTTP status and a message that says what to do next."""

from __future__ import annotations

from enum import IntEnum, StrEnum
from typing import Any, NamedTuple


class ExitCode(IntEnum):
    """What the process tells its caller. Documented in docs/exit-codes.md; each is tested in a real process."""

    DONE = 0
    UNEXPECTED = 1
    USAGE = 2
    DENIED = 3
    UNREACHABLE = 4
    RUN_FAILED = 5
    DIVERGED = 6
    LIMIT = 7
    APPROVAL_NEEDED = 8
    POLICY_DENIED = 9
    STOPPED = 10
    INTERRUPTED = 130
    BROKEN_PIPE = 141
    TERMINATED = 143


class ErrorCode(StrEnum):
    """The one enum of what can go wrong, used by runs, steps, the CLI's JSON and the REST error format."""

    UNEXPECTED = "unexpected"
    USAGE = "usage"
    INVALID_CONFIG = "invalid_config"
    INVALID_DEFINITION = "invalid_definition"
    VALIDATION = "validation_error"
    NOT_FOUND = "not_found"
    CONFLICT = "conflict"
    UNAUTHENTICATED = "not_signed_in"
    FORBIDDEN = "forbidden"
    UNREACHABLE = "unreachable"
    METHOD_NOT_ALLOWED = "method_not_allowed"
    PRECONDITION = "precondition_failed"
    TOO_LARGE = "too_large"
    UNSUPPORTED = "unsupported_media_type"
    RATE_LIMITED = "rate_limited"
    MODEL_NOT_CONFIGURED = "model_not_configured"
    MODEL_DENIED = "model_denied"
    MODEL_NOT_FOUND = "model_not_found"
    MODEL_UNREACHABLE = "model_unreachable"
    MODEL_RATE_LIMITED = "model_rate_limited"
    MODEL_UNAVAILABLE = "model_unavailable"
    MODEL_TIMEOUT = "model_timeout"
    MODEL_BAD_RESPONSE = "model_bad_response"
    MODEL_BAD_REQUEST = "model_bad_request"
    MODEL_CONTEXT_OVERFLOW = "model_context_overflow"
    TOOL_UNKNOWN = "tool_unknown"
    TOOL_BAD_ARGUMENTS = "tool_bad_arguments"
    TOOL_FAILED = "tool_failed"
    POLICY_DENIED = "policy_denied"
    EXPRESSION = "expression_error"
    STEP_FAILED = "step_failed"
    FAILED_BY_STEP = "failed_by_step"
    BAD_OUTPUT = "bad_output"
    STUCK = "stuck"
    MAX_STEPS = "max_steps"
    TOKEN_BUDGET = "token_budget"
    BUDGET = "budget"
    TIMEOUT = "timeout"
    STOPPED = "stopped"
    DIVERGENCE = "divergence"
    TEST_FAILED = "test_failed"
    APPROVAL_NEEDED = "approval_needed"
    UNCERTAIN_STEP = "uncertain_step"
    LEASE_LOST = "lease_lost"
    WORKER_LOST = "worker_lost"

    @property
    def exit_code(self) -> ExitCode:
        return _EXIT_CODES.get(self, ExitCode.RUN_FAILED)


_EXIT_CODES = {
    ErrorCode.UNEXPECTED: ExitCode.UNEXPECTED,
    ErrorCode.USAGE: ExitCode.USAGE,
    ErrorCode.INVALID_CONFIG: ExitCode.USAGE,
    ErrorCode.INVALID_DEFINITION: ExitCode.USAGE,
    ErrorCode.VALIDATION: ExitCode.USAGE,
    ErrorCode.NOT_FOUND: ExitCode.USAGE,
    ErrorCode.CONFLICT: ExitCode.USAGE,
    ErrorCode.METHOD_NOT_ALLOWED: ExitCode.USAGE,
    ErrorCode.PRECONDITION: ExitCode.USAGE,
    ErrorCode.TOO_LARGE: ExitCode.USAGE,
    ErrorCode.UNSUPPORTED: ExitCode.USAGE,
    ErrorCode.TOOL_UNKNOWN: ExitCode.USAGE,
    ErrorCode.MODEL_NOT_CONFIGURED: ExitCode.USAGE,
    ErrorCode.UNAUTHENTICATED: ExitCode.DENIED,
    ErrorCode.FORBIDDEN: ExitCode.DENIED,
    ErrorCode.MODEL_DENIED: ExitCode.DENIED,
    ErrorCode.UNREACHABLE: ExitCode.UNREACHABLE,
    ErrorCode.RATE_LIMITED: ExitCode.UNREACHABLE,
    ErrorCode.MODEL_NOT_FOUND: ExitCode.UNREACHABLE,
    ErrorCode.MODEL_UNREACHABLE: ExitCode.UNREACHABLE,
    ErrorCode.MODEL_RATE_LIMITED: ExitCode.UNREACHABLE,
    ErrorCode.MODEL_UNAVAILABLE: ExitCode.UNREACHABLE,
    ErrorCode.MODEL_TIMEOUT: ExitCode.UNREACHABLE,
    ErrorCode.MODEL_BAD_RESPONSE: ExitCode.UNREACHABLE,
    ErrorCode.MODEL_BAD_REQUEST: ExitCode.UNREACHABLE,
    ErrorCode.DIVERGENCE: ExitCode.DIVERGED,
    ErrorCode.TEST_FAILED: ExitCode.DIVERGED,
    ErrorCode.MAX_STEPS: ExitCode.LIMIT,
    ErrorCode.TOKEN_BUDGET: ExitCode.LIMIT,
    ErrorCode.BUDGET: ExitCode.LIMIT,
    ErrorCode.APPROVAL_NEEDED: ExitCode.APPROVAL_NEEDED,
    ErrorCode.UNCERTAIN_STEP: ExitCode.APPROVAL_NEEDED,
    ErrorCode.POLICY_DENIED: ExitCode.POLICY_DENIED,
    ErrorCode.STOPPED: ExitCode.STOPPED,
    ErrorCode.TIMEOUT: ExitCode.STOPPED,
}


class Position(NamedTuple):
    """A place in a file a person can open; line and column count from 1."""

    file: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


class SavantError(Exception):
    """An expected failure: what is wrong (`message`), where (`position`), and what to do (`hint`).

    `details` is JSON-serialisable and reaches `--json` output and REST errors unchanged.
    """

    def __init__(
        self,
        code: ErrorCode,
        message: str,
        *,
        hint: str | None = None,
        position: Position | None = None,
        details: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.hint = hint
        self.position = position
        self.details = details or {}

    @property
    def exit_code(self) -> ExitCode:
        return self.code.exit_code

    def __str__(self) -> str:
        place = f"{self.position}: " if self.position else ""
        hint = f" {self.hint}" if self.hint else ""
        return f"{place}{self.message}{hint}"


class DatabaseUnusable(SavantError):
    """The database cannot be used. Why is for who keeps it: a server does not pass it on."""


class SavantErrors(SavantError):
    """Several findings at once (a validation shows all of them, not the first)."""

    def __init__(self, errors: list[SavantError]) -> None:
        listed = "; ".join(str(error) for error in errors)
        super().__init__(errors[0].code, f"{len(errors)} problems found: {listed}")
        self.errors = errors
