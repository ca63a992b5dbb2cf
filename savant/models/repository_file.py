"""Files of a repository, as they were when they were indexed."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CHAR, ColumnElement, LargeBinary, String, UniqueConstraint, true
from sqlalchemy.orm import Mapped, mapped_column

from savant.models.base import Base, Identified, Scoped, number, owner_in, reference
from savant.models.repository import Repository


class RepositoryFile(Identified, Scoped, Base):
    """`raw_path` is given where the path is not UTF-8, `text` is decoded; `commit` is HEAD's when it was indexed.

    `structured` is false where the language is known but the file was cut by lines; `changes` counts commits.
    `stamp` says when and as which file the content was seen, None where that says too little.
    """

    __tablename__ = "repository_files"
    __table_args__ = (UniqueConstraint("repository_id", "path"), {"sqlite_autoincrement": True})

    repository_id: Mapped[int] = reference("repositories.id", "CASCADE", index=False)
    path: Mapped[str]
    raw_path: Mapped[bytes | None] = mapped_column(LargeBinary)
    content_hash: Mapped[str] = mapped_column(CHAR(64))
    size: Mapped[int]
    language: Mapped[str | None] = mapped_column(String(50))
    structured: Mapped[bool] = mapped_column(default=True, server_default=true())
    commit: Mapped[str | None] = mapped_column(String(64))
    changes: Mapped[int] = number()
    stamp: Mapped[str | None] = mapped_column(String(100))
    indexed_at: Mapped[datetime]
    text: Mapped[str]

    @classmethod
    def in_workspace(cls, workspace_id: int) -> ColumnElement[bool]:
        return owner_in(Repository, cls.repository_id, workspace_id)
