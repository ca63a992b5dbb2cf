"""Questions a run waits on, and their answers. An answer about an interrupted write is good for that attempt alone."""

from __future__ import annotations

import builtins
from typing import Any

import msgspec
from sqlalchemy import Select, or_, select

from savant import clock
from savant.database.work import Reading, UnitOfWork
from savant.errors import ErrorCode, SavantError
from savant.models.approval import Approval as Row
from savant.models.run import Run
from savant.models.step import Step
from savant.runtime.journal import Answer, Parked
from savant.schemas.approvals import Approval, ApprovalAnswer, ApprovalList
from savant.schemas.base import Page
from savant.services import admission, outcomes, records, sharing

UNCERTAIN = "uncertain_step"
_DENIALS = frozenset({"fail", "deny"})


async def list(work: Reading, query: ApprovalList) -> Page[Approval]:
    records.check_limit(query.limit)
    statement = _with_run(work).order_by(Row.id.desc()).limit(query.limit + 1)
    if query.status is not None:
        statement = statement.where(Row.status == query.status)
    if query.status == "pending":
        # A run that was stopped asks nobody any more; resumed, it does again.
        statement = statement.where(Run.status == "waiting")
    if query.run_id is not None:
        statement = statement.where(Row.run_id == query.run_id)
    if query.cursor is not None:
        statement = statement.where(Row.id < records.number(query.cursor))
    rows = (await work.session.execute(statement)).all()
    page, more = records.cut(rows, query.limit)
    return Page(items=[_shown(row, run) for row, run in page], next_cursor=str(page[-1][0].id) if more else None)


async def get(work: Reading, id: int) -> Approval:
    found = (await work.session.execute(_with_run(work).where(Row.id == id))).first()
    if found is None:
        raise _not_found(id)
    return _shown(*found)


async def approve(work: UnitOfWork, id: int, answer: ApprovalAnswer) -> Approval:
    """Say yes: the tool is called, the workflow goes on, the interrupted write is repeated (or, `done`, is not)."""
    row = await _open(work, id)
    if answer.done and row.kind != UNCERTAIN:
        raise SavantError(ErrorCode.VALIDATION, "Only an interrupted write can be `done`.", hint="Approve it plainly.")
    plain = "retry" if row.kind == UNCERTAIN else "approve"
    _settle(work, row, "done" if answer.done else plain, answer.reason)
    await _go_on(work, row)
    return await get(work, id)


async def deny(work: UnitOfWork, id: int, answer: ApprovalAnswer) -> Approval:
    """Say no: the model is told why, the workflow's step fails, the interrupted write counts as failed."""
    if answer.done:
        raise SavantError(ErrorCode.VALIDATION, "What is done is not denied.", hint="Approve it as done.")
    row = await _open(work, id)
    _settle(work, row, "fail" if row.kind == UNCERTAIN else "deny", answer.reason)
    await _go_on(work, row)
    return await get(work, id)


async def ask(work: Reading, run_id: int, parked: Parked) -> None:
    """Write the question down, unless it is already open."""
    open_question = select(Row.id).where(Row.run_id == run_id, Row.path == parked.path, Row.status == "pending")
    if await work.session.scalar(open_question) is None:
        work.session.add(
            Row(run_id=run_id, path=parked.path, kind=parked.kind, details=parked.details, status="pending")
        )


async def answer(
    work: UnitOfWork, run_id: int, uncertain: str | None, other: str | None, reason: str | None = None
) -> None:
    """Answer what the run waits for: `uncertain` for writes that may have happened, `other` for the rest.

    Raises APPROVAL_NEEDED for a question without an answer. A run that was killed did not come to ask; `uncertain`
    then answers for every write of it that is in doubt, and otherwise only for what was asked.
    """
    uncertain = None if uncertain == "ask" else uncertain
    pending = await _pending(work, run_id)
    for question in pending:
        decision = uncertain if question.kind == UNCERTAIN else other
        if decision is None:
            raise _unanswered(run_id, question)
        _settle(work, question, decision, reason)
    if uncertain is not None and not pending:
        for step in await _in_doubt(work, run_id):
            details = {"tool_name": step.tool_name, "attempt": step.attempt}
            question = Row(run_id=run_id, path=step.path, kind=UNCERTAIN, details=details)
            _settle(work, question, uncertain, reason)
            work.session.add(question)


async def decisions(work: Reading, run_id: int) -> dict[str, Answer]:
    """What was answered about the run's questions, by path; the last answer counts."""
    answered = await work.session.scalars(
        select(Row).where(Row.run_id == run_id, Row.decision.is_not(None)).order_by(Row.id)
    )
    last = await _last_steps(work, run_id)
    return {
        row.path: Answer(row.decision, row.reason)  # pyright: ignore[reportArgumentType]
        for row in answered
        if _is_good(row, last.get(row.path))
    }


async def waiting_for(work: Reading, run_ids: builtins.list[int]) -> dict[int, int]:
    """The open question of each run that has one, by its number."""
    if not run_ids:
        return {}
    found = select(Row.run_id, Row.id).where(Row.run_id.in_(run_ids), Row.status == "pending").order_by(Row.id.desc())
    return dict((await work.session.execute(found)).all())


def question(kind: str, path: str, details: dict[str, Any]) -> str:
    """What is asked, in a sentence."""
    what = details.get("tool_name") or details.get("message") or kind
    if kind == UNCERTAIN:
        return f"{path} ({what}) was interrupted and may have happened; it is not repeated unasked."
    if kind == "tool":
        who = f"agent {details['agent']}" if details.get("agent") else path
        return f"{who} wants to call {what}, which needs approval."
    return f"{path} asks: {what}"


def _with_run(work: Reading) -> Select[Row, Run]:
    return select(Row, Run).join(Run, Run.id == Row.run_id).where(sharing.readable_runs(work.actor, Run))


async def _open(work: UnitOfWork, id: int) -> Row:
    """The question, and its run with it, locked as everybody locks them: the run first."""
    asking = Run.id.in_(select(Row.run_id).where(Row.id == id))
    await work.session.scalar(select(Run).where(asking, sharing.readable_runs(work.actor, Run)).with_for_update())
    of_seen_run = Row.run_id.in_(select(Run.id).where(sharing.readable_runs(work.actor, Run)))
    row = await work.session.scalar(select(Row).where(Row.id == id, of_seen_run).with_for_update())
    if row is None:
        raise _not_found(id)
    if row.status != "pending":
        raise SavantError(
            ErrorCode.CONFLICT,
            f"Approval {id} was already {row.status}.",
            hint=f"See what came of it: savant runs show {row.run_id}",
        )
    return row


async def _pending(work: Reading, run_id: int) -> builtins.list[Row]:
    pending = select(Row).where(Row.run_id == run_id, Row.status == "pending")
    return [*await work.session.scalars(pending)]


async def _in_doubt(work: Reading, run_id: int) -> builtins.list[Step]:
    """The writes whose end nobody saw, by path; a later attempt at one takes its place."""
    last = await _last_steps(work, run_id)
    return [step for step in last.values() if step.effect == "write" and step.status in ("running", "interrupted")]


async def _last_steps(work: Reading, run_id: int) -> dict[str, Step]:
    """The last attempt at each path where a person was or may be asked."""
    asked = or_(Step.effect == "write", Step.step_type == "approval")
    steps = select(Step).where(Step.run_id == run_id, asked).order_by(Step.step_number)
    return {step.path: step for step in await work.session.scalars(steps)}


def _is_good(row: Row, step: Step | None) -> bool:
    """Whether an answer still answers: one about a write only for its attempt, a denial until it has failed the run."""
    if row.kind == UNCERTAIN:
        return step is not None and step.status != "completed" and row.details.get("attempt") == step.attempt
    return step is None or step.status != "failed"


async def _go_on(work: UnitOfWork, row: Row) -> None:
    """On a server a run goes on by itself when nothing more is asked of it, whoever answered."""
    await work.session.flush()
    run = await work.session.get_one(Run, row.run_id)
    if work.database.queue is None or run.status != "waiting" or await _pending(work, run.id):
        return
    outcomes.go_on(run)
    await admission.fill(work)


def _settle(work: UnitOfWork, row: Row, decision: str, reason: str | None) -> None:
    row.status = "denied" if decision in _DENIALS else "approved"
    row.decision = decision
    row.reason = (reason or "").strip() or None
    row.answered_at = clock.now()
    row.answered_by_id = work.actor.user_id


def _not_found(id: int) -> SavantError:
    hint = "`savant approvals list` shows what waits for an answer."
    return SavantError(ErrorCode.NOT_FOUND, f"There is no approval {id}.", hint=hint)


def _unanswered(run_id: int, row: Row) -> SavantError:
    if row.kind == UNCERTAIN:
        hint = f"savant runs resume {run_id} --on-uncertain retry repeats it, `done` takes it as done, `fail` fails."
    else:
        hint = f"savant approvals approve {row.id}, or savant approvals deny {row.id} --reason WHY."
    return SavantError(
        ErrorCode.APPROVAL_NEEDED,
        f"Run {run_id} waits for an answer about {row.path} ({row.kind}).",
        hint=hint,
        details={"approval_id": row.id, "path": row.path, "kind": row.kind},
    )


def _shown(row: Row, run: Run) -> Approval:
    own = {name: getattr(row, name) for name in Approval.__struct_fields__ if hasattr(row, name)}
    own |= {"runnable_type": run.runnable_type, "runnable_slug": run.runnable_slug}
    return msgspec.convert({**own, "question": question(row.kind, row.path, row.details)}, Approval)
