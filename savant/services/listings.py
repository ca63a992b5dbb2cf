"""Lists of stored definitions: one statement for each shape of question, compiled once and asked with other values."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Generic, NamedTuple, TypeVar

import msgspec
from sqlalchemy import BigInteger, ColumnElement, Integer, String, bindparam, func, or_, select

from savant import clock
from savant.database.looks import AnySelect, Look
from savant.database.work import Reading
from savant.models.types import Holds, Moment
from savant.schemas.actors import Actor, ActorRole
from savant.schemas.base import Page
from savant.schemas.lists import ListQuery
from savant.schemas.plans import Kind
from savant.services import records, sharing, sorting

Shown = TypeVar("Shown")
Fields = dict[str, Any]


class Shape(NamedTuple):
    """What makes the statement of one list another than that of the next; the rest is values."""

    role: ActorRole
    by_link: bool
    sort: str
    after: bool
    filters: frozenset[str]


class Asker(NamedTuple):
    """An actor whose numbers are parameters."""

    role: ActorRole
    share_id: Any
    user_id: Any = bindparam("user_id", type_=BigInteger())
    team_id: Any = bindparam("team_id", type_=BigInteger())


class Listing(Generic[Shown]):
    """A list of a model's rows as `schema`; `show` makes them of the rows' fields and of what is looked up beside.

    `widen` adds to the statement what is not in the model; `beside` gives the statements of what else is needed of
    a page, from the one of its numbers.
    """

    def __init__(
        self,
        kind: Kind,
        model: Any,
        schema: type[Shown],
        *,
        show: Callable[..., list[Shown]] | None = None,
        widen: Callable[[AnySelect], AnySelect] = lambda statement: statement,
        beside: Callable[[AnySelect], Sequence[AnySelect]] = lambda ids: (),
    ) -> None:
        self._kind: Kind = kind
        self._model = model
        self._show = show or (lambda rows: msgspec.convert(rows, list[schema]))
        self._names = [name for name in schema.__struct_fields__ if hasattr(model, name)]  # pyright: ignore[reportAttributeAccessIssue]
        self._widen = widen
        self._beside = beside
        self._looks: dict[Shape, tuple[Look, ...]] = {}

    async def page(self, work: Reading, query: ListQuery) -> Page[Shown]:
        records.check_limit(query.limit)
        shape = self._shape(work.actor, query)
        looks = self._looks.get(shape) or self._looks.setdefault(shape, self._written(shape))
        rows, *beside = await work.look(*looks, **_values(work.actor, query))
        names = looks[0].names
        page: list[Fields] = [dict(zip(names, row, strict=True)) for row in rows[: query.limit]]
        cursor = None
        if len(rows) > query.limit:
            last = page[-1]
            cursor = sorting.cursor_at(query.sort, last[query.sort.removeprefix("-")], last["id"])
        return Page(items=self._show(page, *beside), next_cursor=cursor)

    def _written(self, shape: Shape) -> tuple[Look, ...]:
        columns = [getattr(self._model, name) for name in self._names]
        statement = self._widen(self._asked(select(*columns), shape))
        beside = self._beside(self._asked(select(self._model.id), shape))
        return (Look(statement), *map(Look, beside))

    def _asked(self, statement: AnySelect, shape: Shape) -> AnySelect:
        """The statement, held to what the shape asks for."""
        model = self._model
        link = bindparam("share_id", type_=BigInteger()) if shape.by_link else None
        now = bindparam("now", type_=Moment())
        statement = statement.where(sharing.readable(Asker(shape.role, link), model, self._kind, now))
        for name in shape.filters:
            statement = statement.where(_FILTERS[name](model))
        place = (
            bindparam("last", type_=sorting.column(model, shape.sort).type),
            bindparam("last_id", type_=BigInteger()),
        )
        statement = sorting.ordered(statement, model, shape.sort, place if shape.after else None)
        return statement.limit(bindparam("most", type_=Integer()))

    def _shape(self, actor: Actor, query: ListQuery) -> Shape:
        given = frozenset(name for name in _FILTERS if getattr(query, name))
        filters = frozenset(name for name in given if name == "q" or hasattr(self._model, _COLUMNS[name]))
        return Shape(actor.role, actor.share_id is not None, query.sort, query.cursor is not None, filters)


def _named(model: Any) -> ColumnElement[bool]:
    word = bindparam("q", type_=String())
    return or_(func.lower(model.name).like(word, escape="/"), model.slug.like(word, escape="/"))


_COLUMNS = {"tag": "tags", "status": "status"}
_FILTERS: dict[str, Callable[[Any], ColumnElement[bool]]] = {
    "q": _named,
    "tag": lambda model: Holds(model.tags, bindparam("tag", type_=String())),
    "status": lambda model: model.status == bindparam("status", type_=String()),
}


def _values(actor: Actor, query: ListQuery) -> dict[str, Any]:
    """What the parameters of a statement stand for this time."""
    last, last_id = sorting.place(query.sort, query.cursor) if query.cursor is not None else (None, None)
    word = (query.q or "").lower().replace("/", "//").replace("%", "/%").replace("_", "/_")
    return {
        "share_id": actor.share_id, "user_id": actor.user_id, "team_id": actor.team_id, "now": clock.now(),
        "last": last, "last_id": last_id, "most": query.limit + 1,
        "q": f"%{word}%", "tag": query.tag, "status": query.status,
    }  # fmt: skip
