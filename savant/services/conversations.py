"""Conversations: the verbs. A turn is started as a run that names its conversation."""

from __future__ import annotations

import builtins
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, select, true

from savant import clock, policies
from savant.database.work import Reading, UnitOfWork
from savant.errors import ErrorCode, SavantError
from savant.models.conversation import Conversation as Row
from savant.models.conversation_turn import ConversationTurn
from savant.models.run import Run
from savant.schemas.base import Page
from savant.schemas.conversations import (
    Conversation,
    ConversationCreate,
    ConversationList,
    ConversationUpdate,
    Turn,
)
from savant.schemas.programs import Said
from savant.services import records

MOST_TURNS = 200  # that a run is told of; the prompt keeps as many of them as its model can read
STOPPED = "(This turn was not finished.)"


async def list(work: Reading, query: ConversationList) -> Page[Conversation]:
    records.check_limit(query.limit)
    statement = select(Row).where(_own(work)).order_by(Row.updated_at.desc(), Row.id.desc()).limit(query.limit)
    if query.agent is not None:
        statement = statement.where(Row.agent == query.agent)
    return Page(items=[_shown(row, []) for row in await work.session.scalars(statement)])


async def get(work: Reading, id: int) -> Conversation:
    row = await find(work, id)
    return _shown(row, [_turn(turn, run) for turn, run in await _turns(work, id)])


async def create(work: UnitOfWork, create: ConversationCreate) -> Conversation:
    row = Row(agent=create.agent, model=create.model)
    work.session.add(row)
    records.stamp(work, row)
    await work.session.flush()
    return _shown(row, [])


async def update(work: UnitOfWork, id: int, update: ConversationUpdate) -> Conversation:
    row = await find(work, id)
    if update.model is not msgspec.UNSET:
        row.model = update.model
    row.updated_at = clock.now()
    return await get(work, id)


async def delete(work: UnitOfWork, id: int) -> None:
    """Forget that these runs belong together; the runs stay."""
    await work.session.delete(await find(work, id))


async def find(work: Reading, id: int) -> Row:
    row = await work.session.scalar(select(Row).where(Row.id == id, _own(work)))
    if row is None:
        raise SavantError(ErrorCode.NOT_FOUND, f"There is no conversation {id}.")
    return row


def _own(work: Reading) -> ColumnElement[bool]:
    """A conversation is its person's, and the admins'."""
    if policies.has_role(work.actor, "admin"):
        return true()
    return Row.created_by_id == work.actor.user_id


async def add(work: UnitOfWork, id: int, run_id: int, said: str) -> None:
    """A run becomes the next turn."""
    row = await find(work, id)
    work.session.add(ConversationTurn(conversation_id=id, run_id=run_id, said=said))
    row.title = row.title or " ".join(said.split())[:80]
    row.updated_at = clock.now()


async def said(work: Reading, id: int) -> builtins.list[Said]:
    """What was said before, as the next run's program holds it."""
    turns = (await _turns(work, id))[-MOST_TURNS:]
    return [Said(user=run.goal or turn.said, agent=_answer(run.result) or STOPPED) for turn, run in turns]


async def _turns(work: Reading, id: int) -> builtins.list[tuple[ConversationTurn, Run]]:
    found = await work.session.execute(
        select(ConversationTurn, Run)
        .join(Run, Run.id == ConversationTurn.run_id)
        .where(ConversationTurn.conversation_id == id)
        .order_by(ConversationTurn.id)
    )
    return [(turn, run) for turn, run in found]


def _turn(turn: ConversationTurn, run: Run) -> Turn:
    answer = _answer(run.result)
    fields: dict[str, Any] = {"run_id": run.id, "said": turn.said, "answer": answer, "status": run.status}
    return msgspec.convert({**fields, "error_message": run.error_message}, Turn)


def _answer(result: Any) -> str | None:
    if not isinstance(result, dict):
        return None
    return result.get("text") or (
        None if result.get("output") is None else msgspec.json.encode(result["output"]).decode()
    )


def _shown(row: Row, turns: builtins.list[Turn]) -> Conversation:
    fields = {name: getattr(row, name) for name in Conversation.__struct_fields__ if hasattr(row, name)}
    return msgspec.convert({**fields, "turns": turns}, Conversation)
