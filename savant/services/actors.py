"""Who asks: from an API key, a session or a link, and the workspace they name, to an actor; and nowhere else."""

from __future__ import annotations

import asyncio
import hmac
from datetime import timedelta
from typing import NamedTuple
from weakref import WeakKeyDictionary

import msgspec

from savant import clock
from savant.database import lookups
from savant.database.connect import Database
from savant.errors import ErrorCode, SavantError
from savant.schemas.actors import Actor, steward
from savant.services import guests, tokens
from savant.services.app import App

KNOWN_SECONDS = 15.0
"""How long a key that was revoked, or a member who was removed, may still be known to a process."""
MOST_KNOWN = 10_000
NOTED_EVERY = timedelta(minutes=1)


class Credentials(msgspec.Struct, kw_only=True, frozen=True):
    """What came with a request: one of `api_key`, `session` and `share`, and `workspace` as `team/workspace`."""

    api_key: str | None = None
    session: str | None = None
    share: str | None = None
    workspace: str | None = None
    request_id: str | None = None
    ip_address: str | None = None
    user_agent: str | None = None


class _Known(NamedTuple):
    actor: Actor
    until: float


_Name = tuple[str, str | None]
_known: WeakKeyDictionary[Database, dict[_Name, _Known]] = WeakKeyDictionary()
_looking: WeakKeyDictionary[Database, dict[_Name, asyncio.Future[Actor]]] = WeakKeyDictionary()


async def identify(app: App, credentials: Credentials) -> Actor:
    """The actor behind a request; UNAUTHENTICATED without one, NOT_FOUND for a workspace they are not in."""
    if credentials.api_key is not None:
        actor = await _of_key(app, credentials, credentials.api_key)
    elif credentials.session is not None:
        actor = await _of_session(app, credentials, credentials.session)
    elif credentials.share is not None:
        actor = await _of_share(app, credentials.share)
    else:
        raise _unknown("You are not signed in.")
    return msgspec.structs.replace(
        actor,
        request_id=credentials.request_id,
        ip_address=credentials.ip_address,
        user_agent=credentials.user_agent,
    )


async def actor_of_user(app: App, user_id: int, workspace_id: int) -> Actor:
    """Somebody in whose name a job works: what they may now, not when they asked; FORBIDDEN once they have left."""
    found = await lookups.membership(app.database, user_id, workspace_id)
    if found is None:
        message = "The person this was started by is no longer in the workspace's team."
        raise SavantError(ErrorCode.FORBIDDEN, message, hint="Somebody who is must start it again.")
    return Actor(user_id=user_id, workspace_id=found.workspace_id, team_id=found.team_id, role=found.role)


async def steward_of(app: App, workspace_id: int) -> Actor | None:
    """The server itself in a workspace; None once that is gone."""
    team_id = await lookups.team_of(app.database, workspace_id)
    return None if team_id is None else steward(workspace_id, team_id)


async def home(app: App) -> App:
    """The same person in their own workspace, for a guest in another; FORBIDDEN for who has none."""
    actor = app.actor
    found = None if actor.home_id is None else await lookups.membership(app.database, actor.user_id, actor.home_id)
    if found is None:
        message = "Who has no workspace of their own can look at this, and not run it."
        raise SavantError(ErrorCode.FORBIDDEN, message, hint="Sign in, or ask somebody to invite you to a team.")
    return app.acting_as(msgspec.structs.replace(actor, **found._asdict(), home_id=None))


def forget(database: Database) -> None:
    """Look keys up again at the next request: one was revoked, or somebody's role changed."""
    _known.pop(database, None)
    _looking.pop(database, None)


async def _of_key(app: App, credentials: Credentials, text: str) -> Actor:
    known = _known.setdefault(app.database, {})
    name = (tokens.digest(text), credentials.workspace)
    if (hit := known.get(name)) is not None and hit.until > clock.monotonic():
        return hit.actor
    looking = _looking.setdefault(app.database, {})
    if (task := looking.get(name)) is None:
        task = looking[name] = asyncio.ensure_future(_look_up(app, credentials, text, known))
        task.add_done_callback(lambda done: _found(looking, name, done))
    return await asyncio.shield(task)


def _found(looking: dict[_Name, asyncio.Future[Actor]], name: _Name, done: asyncio.Future[Actor]) -> None:
    """Nobody may be left who asked."""
    del looking[name]
    if not done.cancelled():
        done.exception()


async def _look_up(app: App, credentials: Credentials, text: str, known: dict[_Name, _Known]) -> Actor:
    """Once for all who come with the same key at the same time."""
    name = (tokens.digest(text), credentials.workspace)
    key = await _key(app.database, text, name[0])
    actor = await _member(app.database, key.user_id, credentials.workspace, key.workspace_id)
    actor = msgspec.structs.replace(actor, api_key_id=key.id, scopes=None if key.scopes is None else tuple(key.scopes))
    now = clock.now()
    if key.last_used_at is None or now - key.last_used_at > NOTED_EVERY:
        await lookups.note_use(app.database, key, now, credentials.ip_address)
    if len(known) >= MOST_KNOWN:
        known.clear()
    left = KNOWN_SECONDS if key.expires_at is None else (key.expires_at - now).total_seconds()
    known[name] = _Known(actor, clock.monotonic() + min(left, KNOWN_SECONDS))
    return actor


async def _key(database: Database, text: str, digest: str) -> lookups.FoundKey:
    if not tokens.is_key(text):
        raise _unknown("This is not an API key of Savant: it is cut off or mistyped.")
    key = await lookups.key(database, tokens.key_prefix(text), digest)
    if key is None or not hmac.compare_digest(key.key_hash, digest) or key.revoked_at is not None:
        raise _unknown("This API key is not valid.")
    if key.expires_at is not None and key.expires_at <= clock.now():
        raise _unknown("This API key has expired.")
    return key


async def _of_session(app: App, credentials: Credentials, text: str) -> Actor:
    session = await lookups.session(app.database, tokens.digest(text))
    if session is None or session.once or session.expires_at <= clock.now():
        raise _unknown("Your session has ended.")
    return await _member(app.database, session.user_id, credentials.workspace, session.workspace_id)


async def _of_share(app: App, text: str) -> Actor:
    share = await lookups.share(app.database, tokens.digest(text))
    if share is None or (share.expires_at is not None and share.expires_at <= clock.now()):
        raise _unknown("This link is not valid, or has expired.")
    return Actor(user_id=0, workspace_id=share.workspace_id, team_id=0, role="guest", share_id=share.id)


async def _member(database: Database, user_id: int, wanted: str | None, default: int | None) -> Actor:
    place = default if wanted is None else _slugs(wanted)
    found = await lookups.membership(database, user_id, place)
    if found is None and wanted is None and default is not None:
        found = await lookups.membership(database, user_id, None)  # their workspace is gone, or they left its team
    if found is None and wanted is not None:
        return await _guest(database, user_id, wanted, default)
    if found is None:
        raise SavantError(ErrorCode.FORBIDDEN, "You are in no team.", hint="Ask somebody to invite you.")
    return Actor(user_id=user_id, workspace_id=found.workspace_id, team_id=found.team_id, role=found.role)


async def _guest(database: Database, user_id: int, wanted: str, default: int | None) -> Actor:
    """In a workspace of others, for what is public there; where nothing is, it is as if there were no workspace."""
    actor = await guests.enter(database, user_id, *_slugs(wanted))
    if actor is None:
        raise SavantError(ErrorCode.NOT_FOUND, f"There is no workspace `{wanted}`.", hint="Name it as team/workspace.")
    own = await lookups.membership(database, user_id, default) or await lookups.membership(database, user_id, None)
    return msgspec.structs.replace(actor, home_id=own and own.workspace_id)


def _slugs(wanted: str) -> tuple[str, str]:
    team, _, workspace = wanted.partition("/")
    return team, workspace


def _unknown(message: str) -> SavantError:
    return SavantError(ErrorCode.UNAUTHENTICATED, message, hint="Sign in with `savant login`, or set SAVANT_API_KEY.")
