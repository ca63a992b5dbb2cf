"""What outlives a single unit of work: the settings, the database, and in whose name."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import msgspec

from savant.database.changes import watch
from savant.database.connect import Database
from savant.database.migrate import upgrade
from savant.database.seed import local_actor
from savant.database.work import Reading, UnitOfWork
from savant.schemas.actors import NOBODY, Actor
from savant.settings import Settings

Note = Callable[[UnitOfWork], Awaitable[None]]


class App:
    """Handed to what needs more than one transaction: carrying out a run, following it."""

    def __init__(self, settings: Settings, database: Database, actor: Actor, *, note: Note | None = None) -> None:
        self.settings = settings
        self.database = database
        self.actor = actor
        self._note = note

    @property
    def serves(self) -> bool:
        """Whether others ask from other machines; what is on this one is then not theirs to name."""
        return self.settings.serves

    @classmethod
    async def open(cls, settings: Settings) -> App:
        """The installation in the home folder, made or upgraded if need be, in the name of its local user."""
        database = Database.open(settings.database)
        await upgrade(database)
        return cls(settings, database, await local_actor(database))

    @classmethod
    def serving(cls, settings: Settings, *, serves: bool = True) -> App:
        """The installation behind a server, in nobody's name: every request brings its own."""
        database = Database.open(settings.database)
        if database.dialect == "postgresql":
            from savant.database.queue import PostgresQueue

            database.queue = PostgresQueue()
        return cls(msgspec.structs.replace(settings, serves=serves), database, NOBODY)

    def acting_as(self, actor: Actor) -> App:
        """The same installation, in another name; closing it is the first one's."""
        return App(self.settings, self.database, actor)

    def noting(self, note: Note) -> App:
        """The same, with `note` called at the end of each unit of work, in its transaction."""
        return App(self.settings, self.database, self.actor, note=note)

    def work(self) -> AbstractAsyncContextManager[UnitOfWork]:
        """One unit of work in the actor's name; committed when it ends well."""
        return self.database.work(self.actor) if self._note is None else self._noted(self._note)

    @asynccontextmanager
    async def _noted(self, note: Note) -> AsyncGenerator[UnitOfWork]:
        async with self.database.work(self.actor) as work:
            watch(work.session)
            yield work
            await note(work)

    def read(self) -> AbstractAsyncContextManager[Reading]:
        """A look at the data in the actor's name."""
        return self.database.read(self.actor)

    async def aclose(self) -> None:
        await self.database.close()
