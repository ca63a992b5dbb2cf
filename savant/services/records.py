"""What the services of every stored definition share: finding by slug, paging, and keeping versions."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from typing import Any, TypeVar

import msgspec
from sqlalchemy import Select, func, or_, select

from savant import clock
from savant.database.work import Reading, UnitOfWork
from savant.errors import ErrorCode, SavantError
from savant.models.definition_version import DefinitionVersion
from savant.models.types import Holds
from savant.models.workspace import Workspace
from savant.runtime.blobs import canonical, digest
from savant.schemas.base import slugify
from savant.schemas.lists import ListQuery
from savant.schemas.plans import Kind
from savant.services import sharing, sorting

Row = TypeVar("Row")
MAX_LIMIT = 1000


async def find(work: Reading, model: type[Row], kind: Kind, slug: str, *, part: bool = False) -> Row:
    """The row with this slug that the actor may read; NOT_FOUND, as for what is not there, names the nearest.

    `part` of something that they may run is found whoever may read it alone.
    """
    columns: Any = model
    wanted = select(model).where(columns.slug == slug)
    if not part:
        wanted = wanted.where(sharing.readable(work.actor, columns, kind))
    row = await work.session.scalar(wanted)
    if row is None:
        raise await _not_found(work, columns, kind, slug)
    return row


async def _not_found(work: Reading, columns: Any, kind: Kind, slug: str) -> SavantError:
    seen = sharing.readable(work.actor, columns, kind)
    slugs = (await work.session.scalars(select(columns.slug).where(seen))).all()
    near = difflib.get_close_matches(slug, slugs, 1)
    hint = f"Did you mean `{near[0]}`?" if near else f"`savant {kind}s list` shows what there is."
    return SavantError(ErrorCode.NOT_FOUND, f"There is no {kind} `{slug}`.", hint=hint)


async def refuse_duplicate(work: UnitOfWork, model: type[Any], kind: Kind, slug: str) -> None:
    """Raise CONFLICT if the slug is taken."""
    if await work.session.scalar(select(func.count(model.id)).where(model.slug == slug)):
        raise SavantError(
            ErrorCode.CONFLICT,
            f"There already is a {kind} `{slug}`.",
            hint=f"Change it with `savant {kind}s edit {slug}`, or choose another slug.",
        )


def check_limit(limit: int) -> None:
    """Raise VALIDATION_ERROR for a page that is empty or too long."""
    if not 1 <= limit <= MAX_LIMIT:
        raise SavantError(ErrorCode.VALIDATION, f"limit must be between 1 and {MAX_LIMIT}, not {limit}.")


def number(cursor: str) -> int:
    """The number in a cursor of a list that is in order of ids."""
    if not cursor.isdigit():
        raise SavantError(ErrorCode.VALIDATION, f"`{cursor}` is not a cursor of this list.")
    return int(cursor)


def listing(model: type[Any], query: ListQuery, selected: Select[Any]) -> Select[Any]:
    """`selected`, filtered and cut to one page (and one row more) in the order that is asked for."""
    check_limit(query.limit)
    statement = sorting.paged(selected, model, query.sort, query.cursor).limit(query.limit + 1)
    if query.q:
        word = query.q.lower()
        statement = statement.where(
            or_(func.lower(model.name).contains(word, autoescape=True), model.slug.contains(word, autoescape=True))
        )
    if query.tag and hasattr(model, "tags"):
        statement = statement.where(Holds(model.tags, query.tag))
    if query.status and hasattr(model, "status"):
        statement = statement.where(model.status == query.status)
    return statement


def cut(rows: Sequence[Any], limit: int) -> tuple[Sequence[Any], bool]:
    """The page itself, and whether there is more."""
    return rows[:limit], len(rows) > limit


def slug_of(definition: Any) -> str:
    """The slug a definition has or gets from its name."""
    return definition.slug or slugify(definition.name)


async def keep_version(
    work: UnitOfWork, kind: Kind, slug: str, definition: Any, source: str = "workspace"
) -> DefinitionVersion:
    """The version row of exactly this definition: the one there is, or a new one with the next number."""
    content = msgspec.to_builtins(definition)
    content_hash = digest(canonical(content))
    versions = select(DefinitionVersion).where(DefinitionVersion.kind == kind, DefinitionVersion.slug == slug)
    same = versions.where(DefinitionVersion.content_hash == content_hash)
    if (known := await work.session.scalar(same)) is not None:
        return known
    # One at a time makes new versions, so that no number is given twice; and the other may have made this very one.
    await work.session.execute(select(Workspace.id).where(Workspace.id == work.actor.workspace_id).with_for_update())
    if (known := await work.session.scalar(same)) is not None:
        return known
    latest = await work.session.scalar(
        select(func.max(DefinitionVersion.version)).where(
            DefinitionVersion.kind == kind, DefinitionVersion.slug == slug
        )
    )
    row = DefinitionVersion(
        kind=kind,
        slug=slug,
        version=(latest or 0) + 1,
        definition=content,
        content_hash=content_hash,
        source=source,
        created_by_id=work.actor.user_id,
        created_at=clock.now(),
    )
    work.session.add(row)
    await work.session.flush()
    return row


def given(update: msgspec.Struct) -> dict[str, Any]:
    """The fields of an update that were set."""
    return {name: value for name in update.__struct_fields__ if (value := getattr(update, name)) is not msgspec.UNSET}


def revised(definition: Any, update: msgspec.Struct) -> Any:
    """The definition with an update's fields; fields a definition has not (status) are left out."""
    changes = {name: value for name, value in given(update).items() if name in definition.__struct_fields__}
    return msgspec.structs.replace(definition, **changes)


def stamp(work: UnitOfWork, row: Any) -> None:
    """Creation and change times of a row, in the actor's name."""
    row.updated_at = clock.now()
    if row.created_at is None:
        row.created_at = row.updated_at
        row.created_by_id = work.actor.user_id
