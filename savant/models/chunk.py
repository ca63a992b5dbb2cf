"""Chunks: the pieces of a repository's files that are searched; their words are in each database's own full text."""

from __future__ import annotations

from sqlalchemy import CHAR, ColumnElement, Index, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from savant.models.base import Base, Identified, Scoped, owner_in, reference
from savant.models.repository import Repository


class Chunk(Identified, Scoped, Base):
    """Lines count from 1; `content_hash` is of the lines and the symbol; `embedding` is of 32-bit floats."""

    __tablename__ = "chunks"
    __table_args__ = (
        Index("idx_chunks_repository_id_symbol", "repository_id", "symbol"),
        {"sqlite_autoincrement": True},
    )

    repository_id: Mapped[int] = reference("repositories.id", "CASCADE", index=False)
    file_id: Mapped[int] = reference("repository_files.id", "CASCADE")
    first_line: Mapped[int]
    last_line: Mapped[int]
    symbol: Mapped[str] = mapped_column(String(500))
    kind: Mapped[str] = mapped_column(String(20))
    content_hash: Mapped[str] = mapped_column(CHAR(32))
    embedding: Mapped[bytes | None] = mapped_column(LargeBinary)

    @classmethod
    def in_workspace(cls, workspace_id: int) -> ColumnElement[bool]:
        return owner_in(Repository, cls.repository_id, workspace_id)
