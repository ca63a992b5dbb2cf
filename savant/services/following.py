"""Following runs that are carried out anywhere: one reader a run and process, and as many followers as there are."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator
from contextlib import aclosing
from weakref import WeakKeyDictionary

import msgspec
from sqlalchemy import BigInteger, bindparam, select

from savant import clock, policies
from savant.database import listening
from savant.database.connect import Database
from savant.database.looks import Look
from savant.errors import ErrorCode, SavantError
from savant.models.run import Run
from savant.schemas.actors import Actor, ActorRole
from savant.schemas.runs import Event
from savant.schemas.traces import Trace
from savant.services import runs, sharing
from savant.services.app import App
from savant.services.listings import Asker
from savant.services.perform import perform

KEPT = 512
"""Events of a run that a process keeps for its followers; who is further behind reads on from the database."""
PAGE = 500
LOOK_SECONDS = {"sqlite": 0.2, "postgresql": 2.0}
"""How often a run is looked at without having heard of it."""
STOPPING = SavantError(ErrorCode.UNREACHABLE, "The server is stopping.", hint="Come back in a moment.")
UNDER_WAY = ("pending", "running")


async def follow(app: App, id: int, after: int = 0, pulse: float | None = None) -> AsyncGenerator[Event | None]:
    """Events with a `seq` above `after`, and words as they come; ends when the run waits or is finished.

    None comes whenever there was nothing for `pulse` seconds. Whoever may not see the run is told so at once.
    """
    await permit(app, id)
    return _followed(app, id, after, pulse)


async def permit(app: App, id: int) -> None:
    """Whoever may not see the run is told so, as by looking at it."""
    policies.permit(app.actor, "runs", "get")
    actor = app.actor
    look = _SEEN.get(actor.role) or _SEEN.setdefault(actor.role, _seen(actor.role))
    async with app.read() as work:
        (found,) = await work.look(look, id=id, user_id=actor.user_id)
    if not found:
        await perform(app, "runs", "get", id=id)


async def still_permit(app: App, id: int, seconds: float) -> None:
    """The same, asked once in so many seconds for all who follow the run in one name."""
    actor = msgspec.structs.replace(app.actor, request_id=None, ip_address=None, user_agent=None)
    asked = _asked.setdefault(app.database, {})
    now = clock.monotonic()
    if (held := asked.get((actor, id))) is None or now - held[0] > seconds or _went_wrong(held[1]):
        if len(asked) >= MOST_ASKED:
            asked.clear()
        held = asked[actor, id] = now, asyncio.ensure_future(permit(app.acting_as(actor), id))
    await asyncio.shield(held[1])


def _went_wrong(task: asyncio.Future[None]) -> bool:
    return task.done() and (task.cancelled() or task.exception() is not None)


def _seen(role: ActorRole) -> Look:
    """The number of a run, if somebody with this role sees it."""
    return Look(
        select(Run.id).where(
            Run.id == bindparam("id", type_=BigInteger()), sharing.readable_runs(Asker(role, None), Run)
        )
    )


_SEEN: dict[ActorRole, Look] = {}
_asked: WeakKeyDictionary[Database, dict[tuple[Actor, int], tuple[float, asyncio.Future[None]]]] = WeakKeyDictionary()
MOST_ASKED = 10_000


async def _followed(app: App, id: int, after: int, pulse: float | None) -> AsyncGenerator[Event | None]:
    room = _hub(app.database).enter(app, id)
    try:
        async with aclosing(room.events(after, pulse)) as events:
            async for event in events:
                yield event
    finally:
        _hub(app.database).leave(room)


def let_go(database: Database) -> None:
    """Send away who follows, and let nobody in any more: this process stops, and others go on."""
    if (hub := _hubs.get(database)) is not None:
        hub.let_go()


async def close(database: Database) -> None:
    """Stop listening; who follows is let go."""
    hub = _hubs.pop(database, None)
    if hub is not None:
        await hub.close()


class _Room:
    """A run that somebody follows. `events` are the last ones; `count` says how many there ever were."""

    def __init__(self, app: App, id: int) -> None:
        self.id = id
        self.followers = 0
        self.over = False
        self._app = app
        self._kept: deque[Event] = deque(maxlen=KEPT)
        self._count = 0
        self._seq = 0
        self._based = asyncio.Event()
        self._failed: BaseException | None = None
        self._moved = asyncio.Event()
        self._wake = asyncio.Event()
        self._task = asyncio.create_task(self._read())

    def wake(self) -> None:
        self._wake.set()

    def tell(self, event: Event) -> None:
        """Hand an event to everybody here."""
        self._kept.append(event)
        self._count += 1
        self._move()

    def close(self, why: SavantError | None = None) -> None:
        """Let everybody go; with a reason, for them to come back."""
        self._task.cancel()
        self._failed = self._failed or why
        self.over = True
        self._based.set()
        self._move()

    async def events(self, after: int, pulse: float | None) -> AsyncGenerator[Event | None]:
        await self._based.wait()
        place = self._count  # what comes from now on is not missed while the past is read
        seq = after
        if after < self._seq:
            async for event in self._past(after):
                seq = event.seq or seq
                yield event
        while True:
            moved, over = self._moved, self.over
            if self._count - place > len(self._kept):  # too far behind: the rest of it is in the database
                place = self._count
                async for event in self._past(seq):
                    seq = event.seq or seq
                    yield event
            elif place < self._count:
                event = self._kept[len(self._kept) - (self._count - place)]
                place += 1
                if event.seq is None or event.seq > seq:
                    seq = event.seq or seq
                    yield event
            elif self._failed is not None:
                raise self._failed
            elif over:
                return
            elif not await _within(pulse, moved):
                yield None

    def _move(self) -> None:
        self._moved.set()
        self._moved = asyncio.Event()

    async def _past(self, after: int) -> AsyncGenerator[Event]:
        while traces := await self._traces(after):
            for trace in traces:
                after = trace.seq
                yield trace.event(self.id)

    async def _read(self) -> None:
        """Read on whenever something is heard of the run, until it goes no further."""
        try:
            async with self._app.read() as work:
                self._seq = await runs.last_seq(work, self.id)
            self._based.set()
            while not self.over:
                self._wake.clear()
                await self._look()
                if not self.over:
                    await _within(LOOK_SECONDS[self._app.database.dialect], self._wake)
        except Exception as error:  # noqa: BLE001  (whatever it is, those who follow are told, not left waiting)
            self._failed, self.over = error, True
            self._based.set()
        self._move()

    async def _look(self) -> None:
        async with self._app.read() as work:
            under_way = (await runs.find(work, self.id)).status in UNDER_WAY
        # Asked first: what a run wrote before it ended is there once it has ended.
        while traces := await self._traces(self._seq):
            self._seq = traces[-1].seq
            for trace in traces:
                self.tell(trace.event(self.id))
        self.over = not under_way

    async def _traces(self, after: int) -> list[Trace]:
        async with self._app.read() as work:
            return await runs.traces(work, self.id, after, PAGE)


class _Hub:
    """The rooms of a process over one database."""

    def __init__(self, database: Database) -> None:
        self._rooms: dict[tuple[int, int], _Room] = {}
        self._stopping = False
        self._listening = listening.Listening(database, self._heard)

    def enter(self, app: App, id: int) -> _Room:
        if self._stopping:
            raise STOPPING
        self._listening.start()
        key = (app.actor.workspace_id, id)
        room = self._rooms.get(key)
        if room is None or room.over:
            # The room reads for all who are let in, each of whom was asked for their own right to be here.
            reader = msgspec.structs.replace(app.actor, role="owner", scopes=None)
            room = self._rooms[key] = _Room(app.acting_as(reader), id)
        room.followers += 1
        return room

    def leave(self, room: _Room) -> None:
        room.followers -= 1
        if room.followers == 0:
            self._rooms = {key: each for key, each in self._rooms.items() if each is not room}
            room.close()

    def let_go(self) -> None:
        self._stopping = True
        for room in self._rooms.values():
            room.close(STOPPING)

    async def close(self) -> None:
        await self._listening.close()
        self.let_go()

    def _heard(self, channel: str, payload: str) -> None:
        if channel == listening.DELTAS:
            event = msgspec.json.decode(payload, type=Event)
            for room in self._of(event.run_id):
                room.tell(event)
            return
        for room in self._of(int(payload)) if payload else self._rooms.values():
            room.wake()

    def _of(self, id: int) -> list[_Room]:
        return [room for room in self._rooms.values() if room.id == id]


_hubs: WeakKeyDictionary[Database, _Hub] = WeakKeyDictionary()


def _hub(database: Database) -> _Hub:
    hub = _hubs.get(database)
    if hub is None:
        hub = _hubs[database] = _Hub(database)
    return hub


async def _within(seconds: float | None, event: asyncio.Event) -> bool:
    """Whether it came in time; without a task of its own, for there are thousands of these."""
    try:
        async with asyncio.timeout(seconds):
            return await event.wait()
    except TimeoutError:
        return False
