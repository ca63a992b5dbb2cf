"""The first owner of a new server: let in once, with a key and a token that are shown this once."""

from __future__ import annotations

from datetime import timedelta
from typing import NamedTuple

from sqlalchemy import select

from savant import clock
from savant.database.seed import local_actor
from savant.models.api_key import ApiKey
from savant.models.login_session import LoginSession
from savant.services import tokens
from savant.services.app import App

MINUTES = 30


class Welcome(NamedTuple):
    api_key: str
    sign_in_token: str
    minutes: int


async def welcome(app: App) -> Welcome | None:
    """What the owner comes in with; None if they have been welcomed before."""
    owner = await local_actor(app.database)
    async with app.acting_as(owner).work() as work:
        if (await work.session.execute(select(ApiKey.id).limit(1))).first() is not None:
            return None
        key, once = tokens.make_key(), tokens.make_secret()
        work.session.add(
            ApiKey(
                workspace_id=owner.workspace_id, user_id=owner.user_id, name="first owner",
                prefix=key.prefix, key_hash=key.hash,
            )
        )  # fmt: skip
        work.session.add(
            LoginSession(
                user_id=owner.user_id, workspace_id=owner.workspace_id, token_hash=once.hash, once=True,
                expires_at=clock.now() + timedelta(minutes=MINUTES),
            )
        )  # fmt: skip
    return Welcome(key.text, once.text, MINUTES)
