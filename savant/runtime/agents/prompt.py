"""What a model is told, in a fixed order, so that the beginning of the prompt stays the same and can be cached."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import PurePath
from typing import Any, NamedTuple, TypeVar

from savant.errors import ErrorCode, SavantError
from savant.runtime.blobs import Conversation, canonical
from savant.runtime.llm.base import Message
from savant.runtime.llm.tokens import tokens
from savant.schemas.agents import AgentDefinition
from savant.schemas.programs import Bundle, Program, RepositoryState, Said
from savant.schemas.rulesets import Rule, RulesetDefinition

T = TypeVar("T")
FROM_USER = frozenset({"inputs", "goal"})


class Part(NamedTuple):
    """One named part of a prompt: `persona`, `driver`, `rules:<slug>`, `tools`, `answer`, `repository`, `goal` ..."""

    name: str
    text: str


def assemble(
    program: Program,
    agent: AgentDefinition,
    goal: str,
    inputs: Mapping[str, Any] | None = None,
    ways: Sequence[Part] = (),
    *,
    memory: str = "",
) -> list[Part]:
    """The parts in order: persona, driver, rulesets, `ways` to act and answer, repository, memory, inputs, goal.

    Raises INVALID_DEFINITION for a persona or ruleset that the program does not have.
    """
    parts = [
        *_persona(program.bundle, agent),
        Part("driver", agent.driver_prompt or ""),
        *_rulesets(program.bundle, agent),
        *ways,
        Part("repository", _repository(program.repository)),
        Part("memory", memory),
        Part("inputs", f"Inputs:\n{canonical(inputs).decode()}" if inputs else ""),
        Part("goal", goal),
    ]
    return [Part(name, text.strip()) for name, text in parts if text.strip()]


def conversation(parts: Iterable[Part], talk_before: Iterable[Said] = ()) -> Conversation:
    """The parts as the first messages: one of the system, if there is anything to say, and one of the user.

    What was said before in the conversation stands between them.
    """
    system = [part.text for part in parts if part.name not in FROM_USER]
    user = [part.text for part in parts if part.name in FROM_USER]
    talk = Conversation()
    if system:
        talk.append(Message(role="system", content="\n\n".join(system)))
    for turn in talk_before:
        talk.append(Message(role="user", content=turn.user))
        talk.append(Message(role="assistant", content=turn.agent))
    talk.append(Message(role="user", content="\n\n".join(user)))
    return talk


def recent(talk: Sequence[Said], most: int) -> list[Said]:
    """The latest turns that have at most so many tokens together."""
    kept: list[Said] = []
    for turn in reversed(talk):
        most -= tokens(turn.user) + tokens(turn.agent)
        if most < 0:
            break
        kept.insert(0, turn)
    return kept


def _persona(bundle: Bundle, agent: AgentDefinition) -> list[Part]:
    if agent.persona is None:
        return []
    return [Part("persona", _named(bundle.personas, "persona", agent.persona).instructions)]


def _rulesets(bundle: Bundle, agent: AgentDefinition) -> list[Part]:
    """One part for each ruleset, the one with the most important rule first; rules likewise."""
    given = [(slug, _rules(_named(bundle.rulesets, "ruleset", slug))) for slug in agent.rulesets]
    given.sort(key=lambda ruleset: -max((rule.priority for rule in ruleset[1]), default=0))
    return [Part(f"rules:{slug}", _numbered(bundle.rulesets[slug].name, rules)) for slug, rules in given if rules]


def _rules(ruleset: RulesetDefinition) -> list[Rule]:
    rules = [Rule(text=rule) if isinstance(rule, str) else rule for rule in ruleset.rules]
    return sorted(rules, key=lambda rule: -rule.priority)


def _numbered(name: str, rules: Sequence[Rule]) -> str:
    lines = [f"{number}. {rule.text.strip()}" for number, rule in enumerate(rules, 1)]
    return "\n".join([f"Rules ({name}), the most important first:", *lines])


def _repository(repository: RepositoryState | None) -> str:
    if repository is None:
        return ""
    facts = [f"You work on the repository `{PurePath(repository.root).name}`"]
    if repository.branch:
        facts.append(f"on branch {repository.branch}")
    if repository.commit:
        facts.append(f"at commit {repository.commit[:12]}")
    changed = " The working tree has changes that are not committed." if repository.dirty else ""
    return f"{', '.join(facts)}.{changed}"


def _named(found: Mapping[str, T], noun: str, slug: str) -> T:
    if slug in found:
        return found[slug]
    raise SavantError(
        ErrorCode.INVALID_DEFINITION,
        f"There is no {noun} `{slug}`.",
        hint=f"There are: {', '.join(sorted(found)) or 'none'}.",
    )
