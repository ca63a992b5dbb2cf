"""The context engine: code found by words, names or expressions, and read where it stands now."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta

from savant.errors import ErrorCode, SavantError
from savant.runtime.engines.beneath import Beneath, relative
from savant.runtime.engines.texts import MAX_FILE, FileText, excerpt
from savant.runtime.indexing.chunker import outline
from savant.runtime.indexing.contents import decoded
from savant.runtime.indexing.index import CodeIndex, Unindexed
from savant.runtime.indexing.languages import language_of
from savant.runtime.tools.engine import Engine, bad_argument, tool, tool_failed
from savant.schemas.repositories import IndexStatus
from savant.schemas.search import SearchQuery, SearchResult

Path_ = Annotated[str, Meta(description="Path relative to the repository's top folder, such as `src/app.py`")]
Slug = Annotated[str | None, Meta(description="A repository by its slug; the one of this run without it")]
Everywhere = Annotated[bool, Meta(description="Search all indexed repositories, not only this run's")]
Languages = Annotated[tuple[str, ...], Meta(description="Only in these languages, such as `python`")]
Paths = Annotated[tuple[str, ...], Meta(description="Only in files that match one of these globs, such as `src/**`")]
Limit = Annotated[int, Meta(ge=1, le=100)]
Line = Annotated[int, Meta(ge=1)]
LastLine = Annotated[Annotated[int, Meta(ge=1)] | None, Meta(description="To the end of the file without it")]


class Found(msgspec.Struct, kw_only=True):
    """A definition: what it is called, what it is, and where; lines count from 1."""

    repository: str
    path: str
    symbol: str | None
    kind: str
    first_line: int
    last_line: int


class Symbols(msgspec.Struct, kw_only=True):
    """Definitions, exact names first; `truncated`: there are more."""

    symbols: list[Found]
    truncated: bool


class Definition(msgspec.Struct, kw_only=True):
    """A definition or a section of a file; lines count from 1."""

    symbol: str
    kind: str
    first_line: int
    last_line: int


class Outline(msgspec.Struct, kw_only=True):
    """The definitions of a file by line; empty where its language is not known."""

    path: str
    language: str | None
    lines: int
    definitions: list[Definition]


class Indexed(msgspec.Struct, kw_only=True):
    """A repository that can be searched."""

    slug: str
    name: str
    where: str | None
    state: str
    files: int
    commit: str | None


class Repositories(msgspec.Struct, kw_only=True):
    """Every repository, and which of them this run works in."""

    repositories: list[Indexed]
    here: str | None


class Context(Engine):
    """Finding what matters in indexed repositories. Run `savant index` once; search says when the index is stale."""

    name = "context"

    def __init__(self, root: Path, index: CodeIndex | None = None) -> None:
        self._root = root
        self._files = Beneath(root)
        self._index: CodeIndex = index or Unindexed()

    @tool(effect="read")
    async def search(
        self,
        *,
        query: Annotated[str, Meta(min_length=1, description='Words in any form; "..." for a phrase')],
        regex: Annotated[bool, Meta(description="The query is a regular expression; every line is found")] = False,
        symbol: Annotated[str | None, Meta(description="Only in what is defined under this name")] = None,
        languages: Languages = (),
        paths: Paths = (),
        tests: Annotated[bool | None, Meta(description="Only tests, or none; without it tests come later")] = None,
        memory: Annotated[bool, Meta(description="Only in the notes of the memory bank")] = False,
        everywhere: Everywhere = False,
        limit: Limit = 10,
        context: Annotated[int, Meta(ge=0, le=50, description="Lines around each match")] = 3,
    ) -> SearchResult:
        """Find code by what it is about, best first: files with the lines that matter, and what is stale."""
        return await self._index.search(
            SearchQuery(
                query=query, regex=regex, symbol=symbol, languages=languages, paths=paths, tests=tests, memory=memory,
                limit=limit, context=context, repositories=await self._scope(everywhere),
            )
        )  # fmt: skip

    @tool(effect="read")
    async def read(
        self, *, path: Path_, first_line: Line = 1, last_line: LastLine = None, repository: Slug = None
    ) -> FileText:
        """Lines of a file as they are now, such as those of a hit."""
        files = await self._beneath(repository)
        data = await asyncio.to_thread(files.read, path, MAX_FILE)
        return excerpt(relative(path), data, first_line, last_line, 200_000)

    @tool(effect="read")
    async def symbols(
        self,
        *,
        name: Annotated[str, Meta(min_length=1, description="A name, or the end of a dotted one; any case")],
        everywhere: Everywhere = False,
        limit: Limit = 20,
    ) -> Symbols:
        """Where something is defined, by its name."""
        query = SearchQuery(symbol=name, limit=limit, context=0, repositories=await self._scope(everywhere))
        found = await self._index.search(query)
        return Symbols(
            symbols=[
                Found(
                    repository=hit.repository, path=hit.path, symbol=hit.symbol, kind=hit.kind,
                    first_line=hit.first_line, last_line=hit.last_line,
                )
                for hit in found.hits
            ],
            truncated=found.truncated,
        )  # fmt: skip

    @tool(effect="read")
    async def outline(self, *, path: Path_, repository: Slug = None) -> Outline:
        """The definitions or headings of one file as it is now, with their lines."""
        files = await self._beneath(repository)
        return await asyncio.to_thread(_outline, files, path)

    @tool(effect="read")
    async def repositories(self) -> Repositories:
        """The repositories that are indexed."""
        known = await self._index.repositories()
        return Repositories(
            repositories=[
                Indexed(
                    slug=each.slug, name=each.name, where=each.local_path or each.remote_url, state=each.index_status,
                    files=each.index_report.get("files", 0), commit=each.indexed_commit,
                )
                for each in known
            ],
            here=await self._index.here(self._root),
        )  # fmt: skip

    @tool(effect="read")
    async def status(self, *, repository: Slug = None) -> IndexStatus:
        """How the index differs from the files as they are now, and what to do about it."""
        return await self._index.status(repository or await self._here())

    async def _scope(self, everywhere: bool) -> tuple[str, ...]:
        return () if everywhere or isinstance(self._index, Unindexed) else (await self._here(),)

    async def _here(self) -> str:
        slug = await self._index.here(self._root)
        if slug is None:
            raise tool_failed(f"{self._root.name} is not indexed.", "Someone must run `savant index` in it.")
        return slug

    async def _beneath(self, slug: str | None) -> Beneath:
        if slug is None or slug == await self._index.here(self._root):
            return self._files
        for each in await self._index.repositories():
            if each.slug == slug and each.local_path:
                return Beneath(Path(each.local_path))
        raise bad_argument(f"There is no repository `{slug}` on this machine.", "See context.repositories.")


def _outline(files: Beneath, path: str) -> Outline:
    text = decoded(files.read(path, MAX_FILE))
    if text is None:
        raise SavantError(ErrorCode.TOOL_FAILED, f"`{path}` is binary.")
    language = language_of(path, text[:200].partition("\n")[0])
    found = [Definition(symbol=s, kind=k, first_line=a, last_line=b) for s, k, a, b in outline(language, text)]
    return Outline(path=relative(path), language=language, lines=text.count("\n") + 1, definitions=found)
