"""Questions a run waits on, and their answers. An answer about an interrupted write is good for that attempt alone."""

from __future__ import annotations

from typing import get_args

from sqlalchemy import select

from savant import clock
from savant.database.work import Reading, UnitOfWork
from savant.errors import ErrorCode, SavantError
from savant.models.approval import Approval
from savant.models.step import Step
from savant.runtime.journal import Decision, Parked

UNCERTAIN = "uncertain_step"


async def ask(work: Reading, run_id: int, parked: Parked) -> None:
    """Write the question down, unless it is already open."""
    open_question = select(Approval.id).where(
        Approval.run_id == run_id, Approval.path == parked.path, Approval.status == "pending"
    )
    if await work.session.scalar(open_question) is None:
        work.session.add(
            Approval(run_id=run_id, path=parked.path, kind=parked.kind, details=parked.details, status="pending")
        )


async def answer(work: UnitOfWork, run_id: int, uncertain: str | None, other: str | None) -> None:
    """Answer what the run waits for: `uncertain` for writes that may have happened, `other` for the rest.

    Raises APPROVAL_NEEDED for a question without an answer. A run that was killed did not come to ask; `uncertain`
    answers for every write of it that is in doubt.
    """
    uncertain = None if uncertain == "ask" else uncertain
    for question in await _pending(work, run_id):
        decision = uncertain if question.kind == UNCERTAIN else other
        if decision is None:
            raise _open_question(run_id, question)
        _settle(work, question, decision)
    if uncertain is not None:
        for step in await _in_doubt(work, run_id):
            details = {"tool_name": step.tool_name, "attempt": step.attempt}
            question = Approval(run_id=run_id, path=step.path, kind=UNCERTAIN, details=details)
            _settle(work, question, uncertain)
            work.session.add(question)


async def decisions(work: Reading, run_id: int) -> dict[str, Decision]:
    """What was answered about the run's questions, by path; the last answer counts."""
    answered = await work.session.scalars(
        select(Approval).where(Approval.run_id == run_id, Approval.status != "pending").order_by(Approval.id)
    )
    attempts = {step.path: step.attempt for step in await _in_doubt(work, run_id)}
    return {
        question.path: question.reason  # pyright: ignore[reportReturnType]
        for question in answered
        if question.reason in get_args(Decision)
        and (question.kind != UNCERTAIN or question.details.get("attempt") == attempts.get(question.path))
    }


async def _pending(work: Reading, run_id: int) -> list[Approval]:
    pending = select(Approval).where(Approval.run_id == run_id, Approval.status == "pending")
    return list(await work.session.scalars(pending))


async def _in_doubt(work: Reading, run_id: int) -> list[Step]:
    """The writes whose end nobody saw, by path; a later attempt at one takes its place."""
    steps = select(Step).where(Step.run_id == run_id, Step.effect == "write").order_by(Step.step_number)
    last = {step.path: step for step in await work.session.scalars(steps)}
    return [step for step in last.values() if step.status in ("running", "interrupted")]


def _settle(work: UnitOfWork, question: Approval, decision: str) -> None:
    question.status = "denied" if decision in ("fail", "deny") else "approved"
    question.reason = decision
    question.answered_at = clock.now()
    question.answered_by_id = work.actor.user_id


def _open_question(run_id: int, question: Approval) -> SavantError:
    if question.kind == UNCERTAIN:
        hint = f"savant runs resume {run_id} --on-uncertain retry repeats it, `done` takes it as done, `fail` fails."
    else:
        hint = f"savant runs resume {run_id} --approve, or --deny."
    return SavantError(
        ErrorCode.APPROVAL_NEEDED,
        f"Run {run_id} waits for an answer about {question.path} ({question.kind}).",
        hint=hint,
        details={"approval_id": question.id, "path": question.path, "kind": question.kind},
    )
