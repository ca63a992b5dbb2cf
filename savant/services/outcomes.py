"""What kept a run from succeeding, or from going on: the code of it, and how it is over."""

from __future__ import annotations

from savant import clock
from savant.errors import ErrorCode
from savant.models.run import UNSUCCESSFUL, Run

_GUESSED = {"stopped": ErrorCode.STOPPED, "waiting": ErrorCode.APPROVAL_NEEDED}


def go_on(row: Run) -> None:
    """Make a run ready to be taken up again."""
    row.status = "pending"
    row.error_code = row.error_message = row.failed_path = row.stop_requested_at = None
    row.updated_at = clock.now()


def error_code(status: str, given: str | None) -> str | None:
    """One of the enum where a run with this status did not succeed, and none where it did or goes on."""
    if status not in UNSUCCESSFUL:
        return None
    if given in ErrorCode.__members__.values():
        return given
    return _GUESSED.get(status, ErrorCode.UNEXPECTED).value
