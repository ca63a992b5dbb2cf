"""Who asks: the person, in which workspace, as what."""

from __future__ import annotations

from typing import Literal

import msgspec

Role = Literal["owner", "admin", "member", "viewer"]


class Actor(msgspec.Struct, kw_only=True, frozen=True):
    """Authority follows the person at every door; `role` is theirs in the team that owns the workspace."""

    user_id: int
    workspace_id: int
    team_id: int
    role: Role
    ip_address: str | None = None
    user_agent: str | None = None
