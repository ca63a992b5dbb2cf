"""One row held until the transaction ends, so that what is compared with it stays true of it."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from savant.database.work import UnitOfWork
from savant.models.base import Base


async def hold(work: UnitOfWork, table: str, place: dict[str, Any]) -> None:
    """Lock the row of a table that its slug (`ref`) or number (`id`) names, if it is there.

    On SQLite nobody else writes meanwhile anyway, and FOR UPDATE says nothing.
    """
    model: Any = next(mapper.class_ for mapper in Base.registry.mappers if mapper.class_.__tablename__ == table)
    named = model.slug == place["ref"] if "ref" in place else model.id == place["id"]
    await work.session.execute(select(model.id).where(named).with_for_update())
