"""Who asks: the person, in which workspace, as what."""

from __future__ import annotations

from typing import Literal, get_args

import msgspec

Role = Literal["owner", "admin", "member", "viewer"]
ActorRole = Literal["owner", "admin", "member", "viewer", "guest"]
ROLES: tuple[ActorRole, ...] = tuple(reversed(get_args(ActorRole)))
"""From the least to the most; a guest is not in the workspace's team, and is here by a link or for what is public."""


class Actor(msgspec.Struct, kw_only=True, frozen=True):
    """Authority follows the person at every door; `role` is theirs in the team that owns the workspace.

    `scopes` are those of the API key they use, None where nothing narrows what their role allows. A guest by a link is
    nobody in particular: `user_id` is 0, and `share_id` is the link they follow. A guest who is signed in has `team_id`
    0 here, and a workspace of their own, `home_id`, unless they are in no team at all.
    """

    user_id: int
    workspace_id: int
    team_id: int
    role: ActorRole
    scopes: tuple[str, ...] | None = None
    api_key_id: int | None = None
    share_id: int | None = None
    home_id: int | None = None
    request_id: str | None = None
    ip_address: str | None = None
    user_agent: str | None = None


NOBODY = Actor(user_id=0, workspace_id=0, team_id=0, role="guest", scopes=())
"""Who may do nothing, and sees nothing."""


def steward(workspace_id: int, team_id: int) -> Actor:
    """The server itself, for what it does in a workspace unasked."""
    return Actor(user_id=0, workspace_id=workspace_id, team_id=team_id, role="admin")
