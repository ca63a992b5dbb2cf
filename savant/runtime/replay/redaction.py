"""Secrets and people taken out of a record that still replays: effects are redacted, and the rest derived again."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import PurePath
from typing import Any, NamedTuple, TypeVar

import msgspec

from savant.errors import ErrorCode, SavantError
from savant.runtime.blobs import canonical, pack, unpack
from savant.runtime.replay.attempts import attempts
from savant.runtime.replay.journal import CONTAINERS, not_seen
from savant.runtime.replay.replaying import replay
from savant.runtime.replay.worlds import RecordedToolbox
from savant.runtime.tools.policy import visible
from savant.schemas.programs import Program, RepositoryState
from savant.schemas.records import Record
from savant.schemas.steps import Step

T = TypeVar("T")
LEAST_SECRET = 8  # characters of a known value that is worth hiding
_VALUE = r"(?=[^\s\"']*[0-9])(?=[^\s\"']*[A-Za-z])[A-Za-z0-9_\-./+=]{12,}"


class Rule(NamedTuple):
    """Where `pattern` matches, its first group (or all of it) becomes `text`; `{n}` in it counts what was found."""

    pattern: re.Pattern[str]
    text: str


def _secret(pattern: str) -> Rule:
    return Rule(re.compile(pattern), "[secret-{n}]")


RULES = (
    _secret(r"-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?-----END [A-Z ]*PRIVATE KEY-----"),
    _secret(r"\beyJ[\w-]{8,}\.eyJ[\w-]{8,}\.[\w-]{8,}"),
    _secret(r"\b(?:sk|pk|rk)[-_][A-Za-z0-9_-]{16,}"),
    _secret(
        r"\b(?:gh[pousr]_[A-Za-z0-9]{20,}|github_pat_\w{20,}|glpat-[\w-]{16,}|npm_\w{20,}|hf_\w{20,}|pypi-[\w-]{20,})"
    ),
    _secret(r"\bxox[abeprs]-[\w-]{10,}"),
    _secret(r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b"),
    _secret(r"\bAIza[\w-]{30,}"),
    _secret(r"(?i)\bbearer\s+([\w.~+/-]{16,}=*)"),
    _secret(r"://[^/\s:@]+:([^/\s:@]+)@"),
    _secret(rf"(?i)(?:api[_-]?key|access[_-]?key|token|secret|passw(?:or)?d)[\"']?\s*[:=]\s*[\"']?({_VALUE})"),
    Rule(re.compile(r"[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*\.[A-Za-z]{2,}"), "person-{n}@example.com"),
)
_DONE = re.compile(r"\[secret-\d+\]|person-\d+@example\.com")


class Redactor:
    """Replaces texts; the same text is always replaced by the same, in the order in which they are met."""

    def __init__(self, known: Iterable[str] = (), rules: Sequence[Rule] = (), places: Sequence[tuple[str, str]] = ()):
        self._known = sorted({value for value in known if len(value) >= LEAST_SECRET}, key=len, reverse=True)
        self._rules = (*rules, *RULES)
        self._places = places
        self._names: dict[tuple[str, str], str] = {}
        self._counts: dict[str, int] = {}

    def text(self, text: str) -> str:
        for value in self._known:
            if value in text:
                text = text.replace(value, self._name(value, "[secret-{n}]"))
        for place, name in self._places:
            text = text.replace(place, name)
        for rule in self._rules:
            text = rule.pattern.sub(lambda match, rule=rule: self._replaced(match, rule), text)
        return text

    def value(self, value: Any) -> Any:
        """JSON data with every text in it redacted, keys included."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, dict):
            return {self.text(name): self.value(member) for name, member in value.items()}
        return [self.value(item) for item in value] if isinstance(value, list) else value

    def struct(self, value: T) -> T:
        return msgspec.convert(self.value(msgspec.to_builtins(value)), type(value))

    def _replaced(self, match: re.Match[str], rule: Rule) -> str:
        group = 1 if rule.pattern.groups else 0
        found, whole = match[group], match[0]
        if not found or _DONE.fullmatch(found):
            return whole
        start, end = match.start(group) - match.start(), match.end(group) - match.start()
        return whole[:start] + self._name(found, rule.text) + whole[end:]

    def _name(self, found: str, text: str) -> str:
        if (found, text) not in self._names:
            self._counts[text] = self._counts.get(text, 0) + 1
            self._names[found, text] = text.replace("{n}", str(self._counts[text]))
        return self._names[found, text]


def rule(text: str) -> Rule:
    """A rule as it is written down: a regular expression, or `EXPRESSION => TEXT`; raises USAGE if it is none."""
    pattern, _, replacement = text.partition(" => ")
    try:
        return Rule(re.compile(pattern.strip()), replacement.strip() or "[redacted-{n}]")
    except re.error as error:
        raise SavantError(ErrorCode.USAGE, f"`{pattern}` is not a regular expression: {error}.") from None


def places(record: Record, home: str) -> list[tuple[str, str]]:
    """Folders of the machine that made the record, and what they become."""
    root = record.program.repository.root if record.program.repository else record.config.root
    found = [(root, f"/{PurePath(root).name}")] if root and len(root) > 1 else []
    return [*found, (home, "~")] if len(home) > 1 else found


async def redacted(record: Record, redactor: Redactor) -> Record:
    """A record without secrets, people, places and times, that replays equal.

    Raises CONFLICT if what was taken out decided the run's course.
    """
    program = redact_program(record.program, redactor)
    interim = msgspec.structs.replace(
        record,
        program=program,
        goal=None if record.goal is None else redactor.text(record.goal),
        inputs=redactor.value(record.inputs),
        config=msgspec.structs.replace(record.config, root=None),
        started_at=None,
        completed_at=None,
        duration_ms=None,
    )
    blobs: dict[str, bytes] = {}
    interim.steps = [await _step(step, record, redactor, blobs) for step in _ended(record.steps)]
    interim.blobs = blobs
    interim.tools = [redactor.struct(tool) for tool in record.tools]
    return await _small(await rederived(interim))


async def _small(record: Record) -> Record:
    """The record with only the tools that it shows or calls, if that is all it takes."""
    specs = RecordedToolbox(record.tools).specs()
    used = {step.tool_name for step in record.steps}
    used |= {spec.name for agent in record.program.bundle.agents.values() for spec in visible(agent.tools, specs)}
    program = msgspec.structs.replace(
        record.program, tools={name: key for name, key in record.program.tools.items() if name in used}
    )
    less = msgspec.structs.replace(
        record, program=program, tools=[tool for tool in record.tools if tool.name in used]
    )  # fmt: skip
    return less if (await replay(less)).equal else record


async def rederived(record: Record, program: Program | None = None) -> Record:
    """The record with its inputs and decisions derived again from its effects; what replays equal.

    Raises CONFLICT if the program does not come by the same steps.
    """
    replayed = await replay(record, program, trusting=True)
    left = not_seen(record, {step.path: step for step in replayed.record.steps})
    divergence = replayed.divergence or (left and f"{left[0].path} is not reached")
    if replayed.record.status != record.status:
        divergence = replayed.record.error_message or f"it is {replayed.record.status}"
    if not divergence:
        again = await replay(replayed.record)
        divergence = again.divergence
    if divergence:
        raise SavantError(
            ErrorCode.CONFLICT,
            f"The run takes another course now ({divergence}), so its effects do not fit it.",
            hint="Run it anew, and record that run.",
        )
    return replayed.record


def redact_program(program: Program, redactor: Redactor) -> Program:
    """The program without secrets, and without where it ran."""
    state = program.repository
    if state is not None:
        state = RepositoryState(
            root=PurePath(state.root).name, branch=state.branch, commit=state.commit, dirty=state.dirty
        )
    bundle = redactor.struct(program.bundle)
    return msgspec.structs.replace(program, bundle=bundle, repository=state, toolset=None)


def _ended(steps: Sequence[Step]) -> list[Step]:
    """The attempts that count, numbered as if nothing had been interrupted."""
    made = attempts(steps).values()
    numbered = [msgspec.structs.replace(step, attempt=n) for path in made for n, step in enumerate(path, 1)]
    return sorted(numbered, key=lambda step: step.step_number)


async def _step(step: Step, record: Record, redactor: Redactor, blobs: dict[str, bytes]) -> Step:
    """The step with its effect redacted, and without times."""

    async def read(keys: Sequence[str]) -> dict[str, bytes]:
        return {key: record.blobs[key] for key in keys if key in record.blobs}

    output = step.output
    if step.type not in CONTAINERS and step.status == "completed":
        value = redactor.value(await unpack(step.output, read))
        output = pack(canonical(value), value, blobs)
    message = None if step.error_message is None else redactor.text(step.error_message)
    return msgspec.structs.replace(
        step, output=output, error_message=message, started_at=None, completed_at=None, duration_ms=None
    )
