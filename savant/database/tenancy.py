"""Tenancy is the default: a session adds its workspace to every statement, and refuses what it cannot see through."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, TypeVar

from sqlalchemy import Connection, Table, TextClause, event
from sqlalchemy.orm import ORMExecuteState, Session, SessionTransaction, with_loader_criteria
from sqlalchemy.orm.context import FromStatement
from sqlalchemy.sql import visitors
from sqlalchemy.sql.base import Executable

from savant.database.declared import DECLARE, Declared
from savant.models.base import Base, OfPeople, Scoped, TenantOrSystem

ACROSS = "across_workspaces"
AnyStatement = TypeVar("AnyStatement", bound=Executable)


class TenantSession(Session):
    """A session in one name: `info["declared"]` says whose, in which workspace."""


class TenancyError(Exception):
    """A programming error: a statement or an object that would have crossed into another workspace."""


def across_workspaces(statement: AnyStatement) -> AnyStatement:
    """The statement, over all workspaces. Every use is listed in a test; say why beside it."""
    return statement.execution_options(**{ACROSS: True})


@event.listens_for(TenantSession, "do_orm_execute")
def _scope(state: ORMExecuteState) -> None:
    if state.execution_options.get(ACROSS) or state.is_column_load or state.is_relationship_load:
        return
    if not state.is_orm_statement:
        _refuse_unscoped(state.statement)
        return
    if state.is_insert:
        return
    if isinstance(state.statement, FromStatement):
        raise TenancyError(f"A session cannot see through a statement of one's own: {state.statement}")
    changes = state.is_update or state.is_delete
    state.statement = scoped(state.statement, state.session.info["declared"], changes=changes)


def scoped(statement: Any, who: Declared, *, changes: bool = False) -> Any:
    """A statement over models, restricted to what there is for a name; TenancyError if models are not what it is over.

    What `who` declares may be parameters of the statement.
    """
    if statement._propagate_attrs.get("compile_state_plugin") != "orm":
        raise TenancyError(f"Only a statement over models can be held to a workspace: {statement}")
    tables = {element for element in visitors.iterate(statement) if isinstance(element, Table)}
    for model in _scoped_models():
        if model.__table__ in tables:
            statement = statement.options(_criteria(model, who, changes))
    return statement


@lru_cache(maxsize=4096)
def _criteria(model: Any, who: Declared, changes: bool) -> Any:
    """What restricts a model to a name; rows of the system are read from everywhere and changed from nowhere."""
    if issubclass(model, OfPeople):
        where = model.seen_by(_known(who.team_id), _known(who.user_id))
    elif changes and issubclass(model, TenantOrSystem):
        where = model.workspace_id == who.workspace_id
    else:
        where = model.in_workspace(_known(who.workspace_id))
    return with_loader_criteria(model, where, include_aliases=True)


def _known(id: Any) -> Any:
    """What is declared; nobody has the number 0."""
    return 0 if id is None else id


def _refuse_unscoped(statement: Any) -> None:
    """Raise for a statement under the ORM that touches rows of a workspace, or has text in it and may."""
    scoped = _scoped_tables()
    for element in visitors.iterate(statement):
        if isinstance(element, TextClause) or element in scoped:
            raise TenancyError(f"Use models, or across_workspaces(), in a session: {statement}")


def _scoped_tables() -> set[Any]:
    return {model.__table__ for model in _scoped_models()}


def _scoped_models() -> list[Any]:
    return [mapper.class_ for mapper in Base.registry.mappers if issubclass(mapper.class_, Scoped | OfPeople)]


@event.listens_for(TenantSession, "after_begin")
def _declare(session: Session, transaction: SessionTransaction, connection: Connection) -> None:
    """Tell Postgres in whose name the transaction is; a savepoint is in the same."""
    if connection.dialect.name == "postgresql" and not transaction.nested:
        connection.execute(DECLARE, session.info["declared"].parameters())


@event.listens_for(TenantSession, "before_flush")
def _stamp(session: Session, context: Any, instances: Any) -> None:
    """Give new rows the session's workspace; refuse to change those of another, or of the system."""
    if session.info.get(ACROSS):
        return
    workspace_id: int = session.info["declared"].workspace_id
    for row in session.new:
        if isinstance(row, Scoped) and getattr(row, "workspace_id", 0) is None:
            row.workspace_id = workspace_id  # pyright: ignore[reportAttributeAccessIssue]
    for row in (*session.new, *session.dirty, *session.deleted):
        owner = getattr(row, "workspace_id", workspace_id)
        if isinstance(row, Scoped) and owner != workspace_id:
            raise TenancyError(f"{row} belongs to workspace {owner}, and this session to {workspace_id}.")
