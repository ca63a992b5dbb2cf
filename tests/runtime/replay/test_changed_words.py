"""One changed word of one of a run's prompts is found at exactly the step that says it, whatever the program is."""

from __future__ import annotations

from typing import Any

import msgspec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from savant.runtime.blobs import unpack
from savant.runtime.journal import Divergence
from savant.runtime.llm.registry import ModelRegistry
from savant.runtime.llm.scripted import ScriptedModel
from savant.runtime.replay.differences import difference
from savant.runtime.replay.replaying import replay
from savant.schemas.agents import AgentConfig, AgentDefinition, ToolPolicy
from savant.schemas.personas import PersonaDefinition
from savant.schemas.programs import Bundle
from savant.schemas.records import Record
from savant.schemas.rulesets import RulesetDefinition
from tests.runtime.agents.running import MODEL, call
from tests.runtime.replay.recording import workflow_record
from tests.runtime.workflows.programs import workflows_of
from tests.runtime.workflows.running import Runner

CHILD = """
inputs: {n: {type: integer}}
steps:
  - id: both
    parallel:
      - {id: deep, agent: scout, goal: "Look below, please."}
      - {id: more, foreach: [1, 2], steps: [{id: each, agent: clerk, goal: "Count again, please."}]}
outputs: {m: "${{ steps.deep.output.text }}"}
"""
PROMPTS = ("calm persona", "scout driver", "clerk driver", "judge driver", "stern ruleset", "shared ruleset")


def bundle(texts: dict[str, str]) -> Bundle:
    """Three agents, who share a persona and a ruleset; `texts` are their prompts by name."""

    def agent(name: str, persona: str | None, *rulesets: str) -> AgentDefinition:
        return AgentDefinition(
            name=name,
            slug=name,
            persona=persona,
            driver_prompt=texts[f"{name} driver"],
            rulesets=list(rulesets),
            tools=ToolPolicy(allow=["t.echo"]),
            config=AgentConfig(llm_model=MODEL),
        )

    return Bundle(
        agents={
            "scout": agent("scout", "calm", "shared"),
            "clerk": agent("clerk", None, "stern", "shared"),
            "judge": agent("judge", "calm"),
        },
        personas={"calm": PersonaDefinition(name="Calm", instructions=texts["calm persona"])},
        rulesets={
            slug: msgspec.convert({"name": slug, "rules": [texts[f"{slug} ruleset"]]}, RulesetDefinition)
            for slug in ("stern", "shared")
        },
    )


def runner(text: str, texts: dict[str, str], child: str = CHILD) -> Runner:
    models = ModelRegistry()
    models.add(MODEL, ScriptedModel([call("t.echo", value=1), "It is done."], MODEL))
    return Runner(text, bundle=bundle(texts), models=models, child=child)


async def saying(record: Record, word: str) -> set[str]:
    """The paths of the steps in whose recorded input the word is."""

    async def read(keys: Any) -> dict[str, bytes]:
        return {key: record.blobs[key] for key in keys}

    found: set[str] = set()
    for step in record.steps:
        if word in str(await unpack(step.input, read)):
            found.add(step.path)
    return found


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(workflows_of(["scout", "clerk", "judge"]), st.data())
async def test_one_changed_word_is_found_at_exactly_its_step(text: str, data: st.DataObject) -> None:
    texts = {name: f"Mind the {name.replace(' ', '-')} always." for name in PROMPTS}
    goals = [part.partition(",")[0] for part in (text + CHILD).split("See to ")[1:]] + ["below", "again"]
    word = data.draw(st.sampled_from([*(name.replace(" ", "-") for name in PROMPTS), *goals]))

    def changed(said: str) -> str:
        for around in ("the {} always", "See to {},", "Look {},", "Count {},"):
            said = said.replace(around.format(word), around.format("omega"))
        return said

    record = await workflow_record(runner(text, texts))
    now = runner(changed(text), {name: changed(said) for name, said in texts.items()}, changed(CHILD))
    again = await replay(record, now.program)
    where = await saying(record, f"{word} always" if "-" in word else f" {word}, please")
    assert again.equal == (not where)
    if again.divergence is not None:
        _is_exactly(again.divergence, where, {step.path for step in again.record.steps}, word)
    if record.status == "completed":  # of branches that fail together, any may be cut off
        found = await difference(record, await workflow_record(now))
        assert {step.path for step in found.steps if "input" in step.changed} == where


def _is_exactly(divergence: Divergence, where: set[str], passed: set[str], word: str) -> None:
    """It is a step that says the word, the first that was come by, and nothing but the word differs."""
    assert divergence.details["path"] in where
    assert not where & passed
    lines = [line for line in divergence.details["difference"].splitlines() if line[:3] not in ("---", "+++")]
    before, now = ("".join(line[1:] for line in lines if line[0] == sign) for sign in "-+")
    assert before.replace(word, "omega") == now
    assert "omega" in now
