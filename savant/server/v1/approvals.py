"""Approvals over HTTP."""

from __future__ import annotations

from typing import Protocol

from savant.schemas.approvals import Approval, ApprovalAnswer, ApprovalList
from savant.schemas.base import Page
from savant.server.v1.stored import Id


class Approvals(Protocol):
    async def list(self, query: ApprovalList) -> Page[Approval]:
        """What runs ask, the newest first."""
        ...

    async def get(self, id: Id) -> Approval:
        """One question with, once it is answered, its answer."""
        ...

    async def approve(self, id: Id, answer: ApprovalAnswer) -> Approval:
        """Say yes."""
        ...

    async def deny(self, id: Id, answer: ApprovalAnswer) -> Approval:
        """Say no."""
        ...
