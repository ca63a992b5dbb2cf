"""The unit of work: a session, who asks, and the one commit."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import asynccontextmanager, contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select
from sqlalchemy.exc import DatabaseError, IntegrityError, InterfaceError, OperationalError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from savant import clock
from savant.database.declared import Declared
from savant.database.tenancy import TenantSession
from savant.errors import DatabaseUnusable, ErrorCode, SavantError
from savant.schemas.actors import Actor

if TYPE_CHECKING:
    from savant.database.connect import Database
    from savant.database.looks import Look, Rows


class Reading:
    """A session that is never committed, and who asks; what only looks needs none."""

    def __init__(self, database: Database, session: Callable[[], AsyncSession], actor: Actor) -> None:
        self.database = database
        self.actor = actor
        self._open = session
        self._session: AsyncSession | None = None

    @property
    def session(self) -> AsyncSession:
        """Opened when it is first asked for."""
        if self._session is None:
            self._session = self._open()
        return self._session

    async def close(self) -> None:
        """Give the session back, if there ever was one."""
        if self._session is not None:
            await self._session.close()

    async def look(self, *looks: Look, **values: Any) -> list[Rows]:
        """The rows of each, in the actor's name; on Postgres beside the session, in one round trip."""
        if self._session is None and (fast := self.database.looks) is not None:
            return await fast.fetch(declared_by(self.actor), looks, values)
        return [(await self.session.execute(look.statement, values)).all() for look in looks]

    async def now(self) -> datetime:
        """The time by the one clock that all machines share: the database's; SQLite has that of its only machine."""
        if self.database.dialect == "sqlite":
            return clock.now()
        return (await self.session.execute(select(func.clock_timestamp()))).scalar_one()


class UnitOfWork(Reading):
    """A session that is committed once, when the work is done, and who asks."""

    def __init__(self, database: Database, session: AsyncSession, actor: Actor) -> None:
        super().__init__(database, lambda: session, actor)
        self._session = session
        self.afterwards: list[Callable[[], None]] = []
        """What is called once it is committed, and never if it is not."""


@asynccontextmanager
async def working(database: Database, actor: Actor) -> AsyncGenerator[UnitOfWork, None]:
    """Commit at the end; roll back on any error. Unknown conflicts come out as SavantError(CONFLICT)."""
    # A flush sorts tables by their foreign keys, so it needs all of them; a read does not, and starts sooner.
    import savant.models.all  # noqa: F401  # pyright: ignore[reportUnusedImport]

    with named_errors():
        async with _session(database.engine, actor) as session:
            work = UnitOfWork(database, session, actor)
            yield work
            await session.commit()
    for then in work.afterwards:
        then()


@asynccontextmanager
async def reading(database: Database, actor: Actor) -> AsyncGenerator[Reading, None]:
    """Roll back at the end: there is nothing to keep."""
    with named_errors():
        work = Reading(database, lambda: _session(database.reader, actor), actor)
        try:
            yield work
        finally:
            await work.close()


def _session(engine: AsyncEngine, actor: Actor) -> AsyncSession:
    return AsyncSession(
        engine,
        sync_session_class=TenantSession,
        expire_on_commit=False,
        info={"declared": declared_by(actor)},
    )


def declared_by(actor: Actor) -> Declared:
    """In whose name an actor's transactions are."""
    return Declared(actor.workspace_id, actor.team_id, actor.user_id)


@contextmanager
def named_errors() -> Generator[None, None, None]:
    """Turn what the driver raises into an error that says what to do."""
    try:
        yield
    except IntegrityError as error:
        raise driver_error(error.orig, conflict=True) from error
    except (OperationalError, InterfaceError) as error:
        raise driver_error(error.orig, conflict=False) from error
    except DatabaseError as error:
        if type(error) is not DatabaseError:
            raise  # A wrong statement or value is a fault of ours, and is seen as one.
        raise driver_error(error.orig, conflict=False) from error


def lease_lost() -> SavantError:
    """Somebody else carries the run out by now, or ended it: what this process still has to say is not written."""
    return SavantError(ErrorCode.LEASE_LOST, "This process no longer carries out the run.", hint="Nothing is lost.")


_BROKEN = "Look with `savant db check`; `savant db restore FILE` brings a backup back."
_HINTS = {
    "disk is full": "Make room on its disk; a run that was under way can be resumed then.",
    "No space left": "Make room on its disk; a run that was under way can be resumed then.",
    "not a database": _BROKEN,
    "malformed": _BROKEN,
    "readonly": "Check the permissions of its file and folder, or set SAVANT_HOME to another folder.",
    "": "Check the database's address, and that it is running and not held by another process.",
}


def driver_error(error: BaseException | None, *, conflict: bool) -> SavantError:
    """What a database's driver raised, in our words."""
    reason = (str(error).strip().splitlines() or ["no reason given"])[0].rstrip(".")
    if conflict:
        return SavantError(
            ErrorCode.CONFLICT,
            f"The change contradicts what is stored: {reason}.",
            hint="Something else uses or already has this; look at it and try again.",
        )
    hint = next((hint for part, hint in _HINTS.items() if part in reason), _HINTS[""])
    return DatabaseUnusable(ErrorCode.UNREACHABLE, f"The database cannot be used: {reason}.", hint=hint)
