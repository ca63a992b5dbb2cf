"""Blobs: large payloads of runs, stored once by the SHA-256 of their content."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CHAR, ForeignKey, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from savant import clock
from savant.models.base import NOW, Base, Tenant
from savant.models.types import BigId, Moment


class Blob(Tenant, Base):
    """`size` is of the content in bytes; `data` is zlib-compressed exactly when it is shorter than that.

    `kept_at` is when somebody asked for it to be kept, to within `database.blobs.TOUCHED`.
    """

    __tablename__ = "blobs"

    workspace_id: Mapped[int] = mapped_column(
        BigId, ForeignKey("workspaces.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    sha256: Mapped[str] = mapped_column(CHAR(64), primary_key=True)
    size: Mapped[int] = mapped_column(BigId)
    data: Mapped[bytes] = mapped_column(LargeBinary)
    kept_at: Mapped[datetime] = mapped_column(Moment, default=clock.now, server_default=NOW)
