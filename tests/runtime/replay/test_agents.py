"""Recorded runs of agents, run again with nothing but their record."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from savant.runtime.replay.replaying import replay
from savant.schemas.agents import ToolPolicy
from savant.schemas.programs import Bundle
from tests.runtime.agents.running import Harness, Letters, action, call, calls
from tests.runtime.replay.recording import agent_record

READ = call("fs.read", path="notes.txt")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "notes.txt").write_text("hello")
    return tmp_path


CASES: dict[str, tuple[list[Any], dict[str, Any]]] = {
    "an answer": (["Done."], {}),
    "calls one after another": ([READ, call("letters.post", text="hello"), "Posted."], {}),
    "several calls at once": ([calls(READ, call("letters.count"), call("fs.list", path=".")), "Seen."], {}),
    "a call that fails": ([call("fs.read", path="none.txt"), "It is not there."], {}),
    "a tool there is not": ([call("fs.fly"), "I cannot fly."], {}),
    "a denied tool": ([call("letters.post", text="x"), READ, "Read."], {"tools": ToolPolicy(allow=["fs.*"])}),
    "an answer after a denial": ([call("letters.post", text="x"), "Fine."], {"tools": ToolPolicy(allow=["fs.*"])}),
    "too many steps": ([READ, call("fs.list", path="."), "Never."], {"config": {"max_steps": 2}}),
    "too many tokens": ([READ, call("fs.list", path="."), "Never."], {"config": {"token_budget": 5}}),
    "going round in circles": ([READ] * 9, {}),
    "an answer that is mended": (["no", '{"n": 1}'], {"output_schema": {"type": "object", "required": ["n"]}}),
    "an answer that never fits": (["no"] * 9, {"output_schema": {"type": "object", "required": ["n"]}}),
    "JSON actions": (
        [action("fs.read", arguments={"path": "notes.txt"}), action("final", text="hello")],
        {"config": {"tool_mode": "json"}},
    ),
    "a model that fails": ([READ, {"error": "model_unavailable", "message": "down"}], {}),
}


@pytest.mark.parametrize("case", CASES)
async def test_an_agent_replays_equal_without_model_or_tools(root: Path, case: str) -> None:
    turns, more = CASES[case]
    letters = Letters([])
    record = await agent_record(Harness(root, turns, engines=[letters.engine()], **more))
    posted = list(letters.posted)
    again = await replay(record)
    assert again.divergence is None
    assert (again.record.status, again.record.result) == (record.status, record.result)
    assert letters.posted == posted


async def test_a_changed_rule_parts_at_the_first_call_and_shows_it(root: Path) -> None:
    record = await agent_record(Harness(root, [READ, "Read."], driver_prompt="Read it all.\nBe brief."))
    agent = msgspec.structs.replace(record.program.bundle.agents["tester"], driver_prompt="Read it all.\nBe long.")
    again = await replay(record, msgspec.structs.replace(record.program, bundle=Bundle(agents={"tester": agent})))
    assert again.divergence is not None
    details = again.divergence.details
    assert (details["path"], details["what"], details["step_number"]) == ("tester/agent/1/model", "input", 2)
    assert {"-Be brief.", "+Be long."} <= set(details["difference"].splitlines())
    assert " Read it all." in details["difference"].splitlines()


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.sampled_from(["alpha", "beta", "gamma"]), min_size=1, max_size=6), st.data())
async def test_one_changed_word_of_a_prompt_is_found_where_it_is_first_said(
    root: Path, words: list[str], data: st.DataObject
) -> None:
    place = data.draw(st.integers(0, len(words) - 1))
    changed = [*words[:place], "omega", *words[place + 1 :]]
    record = await agent_record(Harness(root, [READ, "Read."], driver_prompt="\n".join(words)))
    agent = msgspec.structs.replace(record.program.bundle.agents["tester"], driver_prompt="\n".join(changed))
    again = await replay(record, msgspec.structs.replace(record.program, bundle=Bundle(agents={"tester": agent})))
    assert again.divergence is not None
    assert again.divergence.details["path"] == "tester/agent/1/model"
    lines = again.divergence.details["difference"].splitlines()
    assert [line for line in lines if line[0] in "+-" and line[:3] not in ("+++", "---")] == [
        f"-{words[place]}", "+omega"
    ]  # fmt: skip


async def test_another_temperature_parts_too(root: Path) -> None:
    record = await agent_record(Harness(root, [READ, call("fs.list", path="."), "Read."]))
    agent = record.program.bundle.agents["tester"]
    short = msgspec.structs.replace(agent, config=msgspec.structs.replace(agent.config, temperature=0.5))
    again = await replay(record, msgspec.structs.replace(record.program, bundle=Bundle(agents={"tester": short})))
    assert again.divergence is not None
    assert "+temperature: 0.5" in again.divergence.details["difference"]


async def test_a_failed_call_that_no_money_was_left_to_repeat_is_equal(root: Path) -> None:
    empty = {"text": "", "usage": {"input_tokens": 150, "output_tokens": 50}}
    harness = Harness(root, [empty, "Done."], config={"token_budget": 200})
    first = await agent_record(harness)
    assert first.error_code == "bad_output"
    assert (await replay(first)).equal
    again = await agent_record(harness)
    assert again.error_code == "token_budget"
    assert (await replay(again)).equal
