"""Repositories: code that is indexed and searched."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec

from savant.schemas.base import Input, Name, Schema, Slug
from savant.schemas.secrets import SecretName

State = Literal["missing", "current", "stale", "indexing"]
Branch = Annotated[str, msgspec.Meta(min_length=1, max_length=255)]
MAX_FILE_BYTES = 1_000_000


class IndexConfig(Input):
    """What is indexed; `exclude` are globs of paths, `memory` the folders of notes that `memory` searches keep to.

    Of a URL: `token` is the name of the secret that opens it, and a `shallow` clone is without past commits.
    """

    max_file_bytes: int = MAX_FILE_BYTES
    max_files: int = 200_000
    max_commits: int = 10_000
    exclude: tuple[str, ...] = ()
    memory: tuple[str, ...] = (".savant/memory", "memory-bank")
    token: SecretName | None = None
    shallow: bool = False


class RepositoryCreate(Input):
    """A repository by `path` on this machine or by `url`; its name is that of its folder unless given."""

    path: str | None = None
    url: str | None = None
    name: Name | None = None
    slug: Slug | None = None
    branch: str | None = None
    config: IndexConfig = msgspec.field(default_factory=IndexConfig)


class RepositoryUpdate(Input):
    """What `repositories.update` takes; only what is given changes, and a `config` is given whole."""

    name: Name | msgspec.UnsetType = msgspec.UNSET
    branch: Branch | msgspec.UnsetType = msgspec.UNSET
    config: IndexConfig | msgspec.UnsetType = msgspec.UNSET


class IndexReport(Schema):
    """What an index run did: files and chunks there are now, what it changed, and what it left out and why.

    `left_out` maps reasons to numbers of files; `by_lines` languages to files whose grammar could not be used.
    `vectors` is how many chunks have one, `vectors_problem` why not all of them do.
    """

    files: int = 0
    chunks: int = 0
    bytes: int = 0
    added: int = 0
    changed: int = 0
    unchanged: int = 0
    removed: int = 0
    commits: int = 0
    seconds: float = 0.0
    commit: str | None = None
    branch: str | None = None
    left_out: dict[str, int] = {}
    examples: dict[str, list[str]] = {}
    by_lines: dict[str, int] = {}
    note: str | None = None
    vectors: int = 0
    vectors_problem: str | None = None


class Repository(Schema):
    """A stored repository; `indexed_commit` is HEAD's when it was last indexed to the end.

    `under_way` is of the answer to a request to index it: whether somebody had asked for that already.
    """

    id: int
    slug: str
    name: str
    source: str
    remote_url: str | None
    local_path: str | None
    branch: str
    index_status: str
    indexed_at: datetime | None
    indexed_commit: str | None
    index_config: dict[str, Any]
    index_report: dict[str, Any]
    created_at: datetime
    updated_at: datetime
    under_way: bool = False


class IndexStatus(Schema):
    """The index beside the working tree: how many files differ, some of their paths, and what to do about it.

    `vectors_compared_by` says who finds the nearest vectors; it is None without a model of embeddings.
    """

    repository: str
    state: State
    indexed_at: datetime | None = None
    indexed_commit: str | None = None
    head: str | None = None
    files: int = 0
    added: int = 0
    changed: int = 0
    removed: int = 0
    examples: list[str] = []
    advice: str | None = None
    left_out: dict[str, int] = {}
    vectors_compared_by: Literal["database", "savant"] | None = None


class IndexProgress(Schema):
    """How far an index run is; `seconds_left` is None until it can be told."""

    files: int
    files_total: int
    bytes: int
    bytes_total: int
    seconds_left: float | None = None
