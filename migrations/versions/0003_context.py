"""Files, chunks and past commits of repositories, and the full text that finds them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from savant.models.types import BigId, Json, Moment, VerbatimJson

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

TABLES = ["repository_files", "chunks", "repository_commits"]
WORDS = ["chunk_words", "commit_words"]


def upgrade() -> None:
    for column in _columns():
        op.add_column("repositories", column)
    _files()
    _chunks()
    _commits()
    for statement in _full_text(op.get_bind().dialect.name):
        op.execute(statement)


def downgrade() -> None:
    for table in WORDS:
        op.execute(f"DROP TABLE {table}")
    for table in reversed(TABLES):
        op.drop_table(table)
    with op.batch_alter_table("repositories") as batch:
        for column in _columns():
            batch.drop_column(column.name)


def _columns() -> list[sa.Column]:
    return [
        sa.Column("index_report", Json(), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("indexed_commit", sa.String(length=64), nullable=True),
        sa.Column("lease_holder", sa.String(length=255), nullable=True),
        sa.Column("lease_expires_at", Moment(), nullable=True),
    ]


def _files() -> None:
    op.create_table(
        "repository_files",
        sa.Column("id", BigId, sa.Identity(), nullable=False),
        sa.Column("repository_id", BigId, nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("raw_path", sa.LargeBinary(), nullable=True),
        sa.Column("content_hash", sa.CHAR(length=64), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("language", sa.String(length=50), nullable=True),
        sa.Column("structured", sa.Boolean(), server_default=sa.true(), nullable=False),
        sa.Column("commit", sa.String(length=64), nullable=True),
        sa.Column("changes", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("indexed_at", Moment(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["repository_id"], ["repositories.id"], name="fk_repository_files_repository_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_repository_files"),
        sa.UniqueConstraint("repository_id", "path", name="uq_repository_files_repository_id_path"),
        sqlite_autoincrement=True,
    )


def _chunks() -> None:
    op.create_table(
        "chunks",
        sa.Column("id", BigId, sa.Identity(), nullable=False),
        sa.Column("repository_id", BigId, nullable=False),
        sa.Column("file_id", BigId, nullable=False),
        sa.Column("first_line", sa.Integer(), nullable=False),
        sa.Column("last_line", sa.Integer(), nullable=False),
        sa.Column("symbol", sa.String(length=500), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("content_hash", sa.CHAR(length=32), nullable=False),
        sa.Column("embedding", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(
            ["repository_id"], ["repositories.id"], name="fk_chunks_repository_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["file_id"], ["repository_files.id"], name="fk_chunks_file_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_chunks"),
        sqlite_autoincrement=True,
    )
    op.create_index("idx_chunks_file_id", "chunks", ["file_id"])
    op.create_index("idx_chunks_repository_id_symbol", "chunks", ["repository_id", "symbol"])


def _commits() -> None:
    op.create_table(
        "repository_commits",
        sa.Column("id", BigId, sa.Identity(), nullable=False),
        sa.Column("repository_id", BigId, nullable=False),
        sa.Column("sha", sa.String(length=64), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("paths", VerbatimJson(), nullable=False),
        sa.ForeignKeyConstraint(
            ["repository_id"], ["repositories.id"], name="fk_repository_commits_repository_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_repository_commits"),
        sa.UniqueConstraint("repository_id", "sha", name="uq_repository_commits_repository_id_sha"),
        sqlite_autoincrement=True,
    )


def _full_text(dialect: str) -> list[str]:
    """Tables that hold words alone, which each database keeps in its own way; the rows' ids are those of the texts."""
    if dialect == "sqlite":
        how = "content='', tokenize='unicode61 remove_diacritics 0 tokenchars ''_'''"
        return [
            f"CREATE VIRTUAL TABLE chunk_words USING fts5(scope, symbol, path, text, names, {how})",
            f"CREATE VIRTUAL TABLE commit_words USING fts5(scope, text, {how})",
        ]
    return [
        "CREATE TABLE chunk_words (id BIGINT PRIMARY KEY REFERENCES chunks (id) ON DELETE CASCADE,"
        " repository_id BIGINT NOT NULL, length INTEGER NOT NULL, words TSVECTOR NOT NULL)",
        "CREATE INDEX idx_chunk_words_words ON chunk_words USING gin (words)",
        "CREATE TABLE commit_words (id BIGINT PRIMARY KEY REFERENCES repository_commits (id) ON DELETE CASCADE,"
        " repository_id BIGINT NOT NULL, length INTEGER NOT NULL, words TSVECTOR NOT NULL)",
        "CREATE INDEX idx_commit_words_words ON commit_words USING gin (words)",
    ]
