"""What passes between reading a repository and storing it; plain tuples, since there are hundreds of thousands."""

from __future__ import annotations

from typing import NamedTuple, Protocol


class Chunk(NamedTuple):
    """Lines `first_line` to `last_line` (from 1) of a file, the names they are defined under, and what they are.

    `kind` is function, method, class, interface, trait, impl, type, module, macro, section or lines.
    """

    first_line: int
    last_line: int
    symbol: str
    kind: str


# What a chunk is found by: words of its symbol, its path and its text, and names; the order of the full text's columns.
Fields = tuple[str, str, str, str]
# A chunk, the hash of what it says, and its fields. There are very many, and they are sent between processes: a tuple
# of nothing but text and numbers costs least, and the collector of garbage lets it be.
Piece = tuple[int, int, str, str, str, str, str, str, str]
HASH, FIELDS = 4, 5


class Parsed(NamedTuple):
    """A file that is new or has changed; `path` as the file system has it, `shown` as it is stored.

    `structured` is false where its grammar could not be used.
    """

    path: str
    shown: str
    hash: str
    size: int
    language: str | None
    structured: bool
    text: str
    pieces: list[Piece]
    stamp: str | None = None


class PastCommit(NamedTuple):
    """A commit's subject and the files it changed."""

    sha: str
    subject: str
    paths: list[str]


class Query(NamedTuple):
    """`terms` are stems, `names` whole identifiers of several parts, `phrases` stems that must follow one another.

    With `fragments` a term stands for every word that begins with it.
    """

    text: str
    terms: tuple[str, ...]
    names: tuple[str, ...]
    phrases: tuple[str, ...]
    fragments: bool = False

    @property
    def empty(self) -> bool:
        return not (self.terms or self.names or self.phrases)


class Weights(NamedTuple):
    """What a word is worth by where it stands, and a file by what it is."""

    symbol: float = 3.0
    path: float = 5.0
    text: float = 1.0
    names: float = 2.0
    test: float = 0.8
    generated: float = 0.8
    prose: float = 0.9
    # What has been worked on of late comes a little earlier: at most by this much of what the best hit scores.
    recent: float = 0.2
    recent_commits: int = 50
    # Of a file that changed in many commits each says less about it; this many are as none.
    few_changes: int = 10
    # What changed together with the best hit in these many of its latest commits comes earlier: at most by this much of
    # what that scores. Few such commits say little; this many are as none.
    together: float = 0.35
    together_commits: int = 40
    few_together: int = 3


WEIGHTS = Weights()


class Vocabulary(Protocol):
    """How texts become the words they are found by; the same text gives the same words."""

    def fields(self, path: str, symbol: str, text: str) -> Fields: ...

    def stems(self, text: str) -> str: ...
