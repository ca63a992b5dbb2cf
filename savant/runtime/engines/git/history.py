"""Commits, and who changed a line last."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, timezone

from savant.errors import SavantError
from savant.runtime.engines.beneath import relative, shown
from savant.runtime.engines.git import diffs, revisions
from savant.runtime.engines.git.command import Repository
from savant.runtime.engines.git.results import Blame, BlamedLines, Commit, LastChange, Log, Recent
from savant.runtime.tools.engine import bad_argument, tool_failed

_FORMAT = "--format=tformat:%H%x00%P%x00%aN%x00%aE%x00%aI%x00%s%x00%b"
_FIELDS = 7
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}\Z")
_WHEN = re.compile(
    r"(\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2})?(Z|[+-]\d{2}:?\d{2})?)?"
    r"|\d+ (second|minute|hour|day|week|month|year)s?( ago)?|yesterday)\Z"
)


async def log(
    repository: Repository,
    revisions_: Sequence[str],
    *,
    paths: Sequence[str],
    limit: int,
    filters: Sequence[str],
    files: bool,
) -> Log:
    """At most `limit` commits that `revisions_` (ids, `^` before those left out) reach."""
    arguments = ["-z", _FORMAT, f"--max-count={limit + 1}", *filters, *revisions_]
    out = await repository.bytes("log", *arguments, *diffs.pathspecs(paths))
    commits = parse(out.decode("utf-8", "replace"))
    kept = commits[:limit]
    if files and kept:
        changes = await diffs.changes_of(repository, [commit.commit for commit in kept])
        for commit in kept:
            commit.files = [change.shown() for change in changes.get(commit.commit, [])]
    return Log(commits=kept, truncated=len(commits) > limit)


def parse(out: str) -> list[Commit]:
    """`_FORMAT`'s output as commits."""
    fields = out.split("\0")
    return [_commit(*fields[at : at + _FIELDS]) for at in range(0, len(fields) - _FIELDS + 1, _FIELDS)]


def _commit(commit: str, parents: str, author: str, email: str, date: str, subject: str, body: str) -> Commit:
    return Commit(
        commit=commit,
        parents=parents.split(),
        author=author,
        email=email,
        date=date,
        subject=subject,
        body=body.strip(),
    )


def when(option: str, text: str | None) -> list[str]:
    """`--since=...` for a date; git itself would take any nonsense for now, so the forms it may have are checked."""
    if text is None:
        return []
    if not _WHEN.match(text):
        raise bad_argument(
            f"`{text}` is not a date.", "Write it like 2026-03-31, 2026-03-31T12:00:00Z, `2 weeks ago` or yesterday."
        )
    # A bare date would mean that day at the present time of day.
    return [f"--{option}={text}{'T00:00:00' if _DATE.match(text) else ''}"]


async def recent(repository: Repository, head: str, limit: int) -> Recent:
    """The range of the last `limit` commits along first parents; less where the history is shorter."""
    arguments = ["--first-parent", f"--max-count={limit + 1}", head]
    commits = (await repository.text("rev-list", *arguments, "--")).split()
    if len(commits) > limit:
        return Recent(base=commits[-1], head=commits[0], commits=limit, complete=True)
    if await is_shallow(repository):
        return Recent(base=commits[-1], head=commits[0], commits=len(commits) - 1, complete=False)
    beginning = await revisions.empty_tree(repository)
    return Recent(base=beginning, head=commits[0], commits=len(commits), complete=len(commits) == limit)


async def is_shallow(repository: Repository) -> bool:
    """Whether older commits are missing from this clone."""
    return await repository.text("rev-parse", "--is-shallow-repository") == "true"


async def blame(
    repository: Repository, path: str, commit: str, ranges: Sequence[tuple[int, int | None]]
) -> list[BlamedLines]:
    """The lines of `path` (as git names it) at `commit`, within `ranges` if any, in runs of one commit each."""
    lines = [f"-L{first},{last or ''}" for first, last in ranges]
    # Without --root, git marks the first commit of a history as it marks the end of a shallow clone.
    root = [] if await is_shallow(repository) else ["--root"]
    try:
        out = await repository.bytes("blame", "--porcelain", "--no-textconv", *root, *lines, commit, "--", path)
    except SavantError as error:
        if "no such path" not in error.message:
            raise
        raise tool_failed(f"`{shown(path)}` is not a file in {commit[:12]}.", "See git.show for its files.") from None
    return _runs(out.decode("utf-8", "replace"))


async def blamed(repository: Repository, path: str, revision: str, first_line: int, last_line: int | None) -> Blame:
    """The whole answer of git.blame."""
    if last_line is not None and last_line < first_line:
        raise bad_argument(f"last_line ({last_line}) is before first_line ({first_line}).")
    commit = await revisions.commit(repository, revision)
    ranges = [] if (first_line, last_line) == (1, None) else [(first_line, last_line)]
    lines = await blame(repository, relative(path), commit, ranges)
    return Blame(path=relative(path), commit=commit, lines=lines, last_changed=newest(lines))


def newest(lines: Sequence[LastChange]) -> LastChange | None:
    """The last of several changes, by the author's date."""
    last = max(lines, key=lambda line: datetime.fromisoformat(line.date), default=None)
    if last is None:
        return None
    return LastChange(
        commit=last.commit,
        author=last.author,
        email=last.email,
        date=last.date,
        subject=last.subject,
        boundary=last.boundary,
    )


def _runs(out: str) -> list[BlamedLines]:
    about: dict[str, dict[str, str]] = {}
    found: list[BlamedLines] = []
    commit, line = "", 0
    for row in out.split("\n"):
        if row.startswith("\t"):
            _add_line(found, commit, line, row[1:], about[commit])
        elif header := re.match(r"([0-9a-f]{40,64}) \d+ (\d+)", row):
            commit, line = header[1], int(header[2])
            about.setdefault(commit, {})
        elif row:
            key, _, value = row.partition(" ")
            about[commit][key] = value
    return found


def _add_line(found: list[BlamedLines], commit: str, line: int, text: str, about: dict[str, str]) -> None:
    if found and found[-1].commit == commit and found[-1].last_line == line - 1:
        found[-1].last_line = line
        found[-1].text += f"\n{text}"
        return
    found.append(
        BlamedLines(
            first_line=line,
            last_line=line,
            text=text,
            commit=commit,
            author=about["author"],
            email=about["author-mail"].strip("<>"),
            date=_date(int(about["author-time"]), about["author-tz"]),
            subject=about["summary"],
            boundary="boundary" in about,
        )
    )


def _date(seconds: int, zone: str) -> str:
    minutes = (int(zone[-4:-2]) * 60 + int(zone[-2:])) * (-1 if zone.startswith("-") else 1)
    try:
        return datetime.fromtimestamp(seconds, timezone(timedelta(minutes=minutes))).isoformat()
    except ValueError:  # a zone that no clock has, as broken tools have written
        return datetime.fromtimestamp(seconds, UTC).isoformat()
