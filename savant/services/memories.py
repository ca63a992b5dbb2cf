"""The memories of a workspace, as the runtime's memory store."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import Select, or_, select

from savant.models.memory import Memory as Row
from savant.models.types import Holds
from savant.runtime.indexing.words import stems
from savant.runtime.memory import EVERYBODY, Memory, NewMemory, query_words
from savant.services.app import App

MOST_SEARCHED = 20_000


class Memories:
    """Kept in the database; found by the same words, in the same order, on each."""

    def __init__(self, app: App) -> None:
        self._app = app

    async def remember(self, new: NewMemory) -> Memory:
        """Keep it. The same text for the same agent, or from the same step of a run, is there already, once."""
        async with self._app.work() as work:
            row = await work.session.scalar(_like(new))
            if row is None:
                words = stems(" ".join([new.text, *new.tags]))
                row = Row(**msgspec.structs.asdict(new), words=words, created_by_id=work.actor.user_id)
                work.session.add(row)
                await work.session.flush()
            return _shown(row)

    async def recall(self, query: str, *, agent: str, tags: Sequence[str], limit: int) -> list[Memory]:
        """The memories of this agent and of everybody, best first; without words in the query, the latest first."""
        wanted = query_words(query)
        async with self._app.read() as work:
            if not wanted:
                rows = await work.session.scalars(_seen(select(Row), agent, tags).limit(limit))
                return [_shown(row) for row in rows]
            seen = await work.session.execute(_seen(select(Row.id, Row.words), agent, tags).limit(MOST_SEARCHED))
            best = _best(wanted, [(row.id, set(row.words.split())) for row in seen])[:limit]
            rows = {row.id: row for row in await work.session.scalars(select(Row).where(Row.id.in_(best)))}
            return [_shown(rows[id]) for id in best]


def _like(new: NewMemory) -> Select[Row]:
    """What makes keeping it a second time needless."""
    same_text = (Row.agent == new.agent) & (Row.text == new.text)
    if new.path is None or new.run_id is None:
        return select(Row).where(same_text).limit(1)
    same_step = (Row.run_id == new.run_id) & (Row.path == new.path)
    return select(Row).where(or_(same_text, same_step)).limit(1)


def _seen(selected: Any, agent: str, tags: Sequence[str]) -> Any:
    statement = selected.where(Row.agent.in_({agent, EVERYBODY})).order_by(Row.id.desc())
    for tag in tags:
        statement = statement.where(Holds(Row.tags, tag))
    return statement


def _best(wanted: Sequence[str], seen: Sequence[tuple[int, set[str]]]) -> list[int]:
    """The numbers of those that have a wanted word: rare words count for more, and of equals the latest is first."""
    held = Counter(word for _, words in seen for word in words)
    weights = {word: math.log(1 + len(seen) / held[word]) for word in wanted if held[word]}
    scored = [(sum(weight for word, weight in weights.items() if word in words), id) for id, words in seen]
    return [id for score, id in sorted(scored, reverse=True) if score > 0]


def _shown(row: Row) -> Memory:
    return Memory(**{name: getattr(row, name) for name in Memory.__struct_fields__})
