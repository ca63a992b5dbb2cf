"""What differs between two records."""

from __future__ import annotations

from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from savant.runtime.replay.differences import difference
from savant.runtime.replay.replaying import replay
from tests.runtime.agents.running import Harness, call
from tests.runtime.replay.recording import agent_record, workflow_record
from tests.runtime.replay.test_replaying import other
from tests.runtime.workflows.programs import CHILD, workflows
from tests.runtime.workflows.running import Runner

TURNS = [call("fs.list", path="."), call("fs.read", path="notes.txt"), "It says hello."]


async def test_only_what_differs_is_told_and_cost_and_time_do_not_make_runs_unequal() -> None:
    text = "steps: [{id: a, tool: t.echo, with: {value: 1}}, {id: b, tool: t.sleep, with: {seconds: 0}}]"
    first, second = await workflow_record(Runner(text)), await workflow_record(Runner(text))
    first.steps[0].duration_ms = second.steps[0].duration_ms = 1
    second.steps[1].duration_ms = 5000
    found = await difference(first, second, (3, 4))
    assert (found.first, found.second, found.equal, found.empty, found.same) == (3, 4, True, False, 1)
    assert [(step.path, step.changed) for step in found.steps] == [("w/b", ["time"])]


async def test_a_step_that_one_run_does_not_have() -> None:
    text = "steps: [{id: a, tool: t.echo}, {id: b, tool: t.echo}]"
    first = await workflow_record(Runner(text))
    second = await workflow_record(Runner("steps: [{id: a, tool: t.echo}, {id: c, tool: t.boom}]"))
    found = await difference(first, second)
    assert not found.equal
    sides = {step.path: (step.first is None, step.second is None, step.changed) for step in found.steps}
    assert sides["w/b"] == (False, True, ["status", "input", "output"])
    assert sides["w/c"] == (True, False, ["status", "input", "output"])
    assert found.run.changed[:3] == ["status", "output", "error"]


async def test_of_a_growing_prompt_only_what_is_new_is_shown(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("hello")
    first = await agent_record(Harness(tmp_path, TURNS, driver_prompt="Be brief.\nBe kind."))
    second = await agent_record(Harness(tmp_path, TURNS, driver_prompt="Be brief.\nBe stern."))
    found = await difference(first, second)
    asked = [step for step in found.steps if step.type == "model"]
    assert [step.path.removeprefix("tester/agent/") for step in asked] == ["1/model", "2/model", "3/model"]
    assert {"-Be kind.", "+Be stern."} <= set(asked[0].input)
    assert [step.input for step in asked[1:]] == [[], []]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(workflows)
async def test_a_run_and_its_replay_do_not_differ(text: str) -> None:
    record = await workflow_record(Runner(text, child=CHILD))
    found = await difference(record, (await replay(record)).record)
    assert found.empty, [(step.path, step.changed, step.input, step.output) for step in [found.run, *found.steps]]


WORDS = ["alpha", "beta", "gamma", "delta", "epsilon"]


@settings(max_examples=40, deadline=None)
@given(st.lists(st.sampled_from(WORDS), min_size=1, max_size=5), st.data())
async def test_one_changed_word_is_found_at_exactly_its_step(words: list[str], data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(words) - 1))
    changed = [*words[:place], "omega", *words[place + 1 :]]
    record = await workflow_record(Runner(echoing(words)))
    again = await replay(record, other(record.program, echoing(changed)))
    assert again.divergence is not None
    assert again.divergence.details["path"] == f"w/s{place}"
    assert f"-text: please {words[place]} now" in again.divergence.details["difference"]
    assert "+text: please omega now" in again.divergence.details["difference"]
    found = await difference(record, await workflow_record(Runner(echoing(changed))))
    assert [step.path for step in found.steps if set(step.changed) - {"time"}] == [f"w/s{place}"]


def echoing(words: list[str]) -> str:
    """A workflow that says each word in a step of its own."""
    steps = [
        f"{{id: s{number}, tool: t.echo, with: {{text: 'please {word} now'}}}}" for number, word in enumerate(words)
    ]
    return f"steps: [{', '.join(steps)}]"
