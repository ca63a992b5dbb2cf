"""The words of a model, told to whoever follows in another process as they come; they are stored nowhere."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import msgspec
from sqlalchemy.exc import SQLAlchemyError

from savant.database import listening
from savant.errors import SavantError
from savant.schemas.runs import Event
from savant.services.app import App

DELTA = "text.delta"
PAUSE_SECONDS = 0.05
MOST_LETTERS = 1000
"""So many of any alphabet, escaped, fit into one notification."""


class Deltas:
    """A listener of a run: it gathers words for a moment, and tells them together."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._waiting: list[Event] = []
        self._some = asyncio.Event()

    def __call__(self, event: Event) -> None:
        if event.type == DELTA:
            self._waiting.append(event)
            self._some.set()

    async def tell(self) -> None:
        """Go on telling until cancelled; a database that cannot be reached for a moment costs words, never the run."""
        while True:
            await self._some.wait()
            await asyncio.sleep(PAUSE_SECONDS)
            await self.flush()

    async def flush(self) -> None:
        self._some.clear()
        waiting, self._waiting = self._waiting, []
        with contextlib.suppress(SavantError, SQLAlchemyError, OSError):
            for event in _joined(waiting):
                await listening.notify(self._app.database, listening.DELTAS, msgspec.json.encode(event).decode())


@asynccontextmanager
async def telling(app: App) -> AsyncGenerator[Deltas]:
    """A listener to carry out a run with, where others follow from elsewhere."""
    deltas = Deltas(app)
    task = asyncio.create_task(deltas.tell())
    try:
        yield deltas
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await deltas.flush()


def _joined(events: list[Event]) -> list[Event]:
    """Neighbours from one place as one event each, none of them too long; the events themselves stay as they are."""
    texts: list[tuple[Event, str]] = []
    for event in events:
        if texts and _place(texts[-1][0]) == _place(event):
            first, text = texts[-1]
            texts[-1] = (first, text + event.payload["text"])
        else:
            texts.append((event, event.payload["text"]))
    return [
        msgspec.structs.replace(event, payload={**event.payload, "text": text[at : at + MOST_LETTERS]})
        for event, text in texts
        for at in range(0, len(text), MOST_LETTERS)
    ]


def _place(event: Event) -> tuple[object, ...]:
    return event.run_id, event.payload.get("path"), event.payload.get("agent")
