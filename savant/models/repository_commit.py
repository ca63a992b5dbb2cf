"""Past commits of a repository: what a commit message says leads to the files it changed."""

from __future__ import annotations

from sqlalchemy import ColumnElement, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from savant.models.base import Base, Identified, Scoped, owner_in, reference
from savant.models.repository import Repository
from savant.models.types import VerbatimJson


class RepositoryCommit(Identified, Scoped, Base):
    """`paths` are the files that the commit changed; none of a commit that changed more than can mean something."""

    __tablename__ = "repository_commits"
    __table_args__ = (
        UniqueConstraint("repository_id", "sha"),
        Index("idx_repository_commits_repository_id_id", "repository_id", "id"),
        {"sqlite_autoincrement": True},
    )

    repository_id: Mapped[int] = reference("repositories.id", "CASCADE", index=False)
    sha: Mapped[str] = mapped_column(String(64))
    subject: Mapped[str]
    paths: Mapped[list[str]] = mapped_column(VerbatimJson, default=list)

    @classmethod
    def in_workspace(cls, workspace_id: int) -> ColumnElement[bool]:
        return owner_in(Repository, cls.repository_id, workspace_id)
