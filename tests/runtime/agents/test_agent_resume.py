"""A run that is killed at any write to its journal resumes to the same result, and does nothing twice."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from savant.runtime.journal import Parked
from savant.runtime.journal_store import MemoryStore
from savant.runtime.llm.scripted import Script
from savant.schemas.steps import Step
from tests.runtime.agents.running import Harness, Letters, action, call, calls
from tests.runtime.agents.test_agent_output import script
from tests.runtime.journal.stores import KeepingStore

NATIVE: list[Any] = [
    calls(call("fs.read", path="a.txt"), call("fs.read", path="b.txt"), call("fs.list")),
    calls(call("fs.read", path="missing"), call("letters.post", text="one")),
    call("fs.edit", path="a.txt", old="milk", new="bread"),
    calls(call("letters.post", text="two"), call("letters.count")),
    "Done, at last.",
]
ACTIONS = script(
    action("fs.read", arguments={"path": "a.txt"}),
    action("letters.post", arguments={"text": "one"}),
    "That was not JSON.",
    action("final", text="Done, at last."),
)


def world(folder: Path, turns: Any, store: MemoryStore, posted: list[str]) -> Harness:
    """The files as they are; the letters as they were posted."""
    folder.mkdir(exist_ok=True)
    return Harness(folder, turns, engines=[Letters(posted).engine()], store=store)


def fresh(folder: Path) -> Path:
    folder.mkdir()
    (folder / "a.txt").write_text("milk\n")
    (folder / "b.txt").write_text("eggs\n")
    return folder


def completed(store: MemoryStore) -> dict[str, Step]:
    return {step.path: step for step in store.steps.values() if step.status == "completed"}


@pytest.mark.parametrize("turns", [NATIVE, ACTIONS], ids=["native", "json"])
async def test_a_run_killed_after_any_write_resumes_to_the_same_result(
    tmp_path: Path, turns: list[Any] | Script
) -> None:
    whole = KeepingStore()
    posted: list[str] = []
    result = await world(fresh(tmp_path / "whole"), turns, whole, posted).run()
    assert result["text"] == "Done, at last."
    assert len(whole.states) > 8
    for cut in range(len(whole.states)):
        left = whole.killed_after(cut)
        before, folder = completed(left), fresh(tmp_path / f"cut{cut}")
        did = [step for step in left.steps.values() if step.effect == "write" and step.status == "completed"]
        again = _letters_posted(did, posted)
        if any(step.tool_name == "fs.edit" for step in did):
            (folder / "a.txt").write_text("bread\n")
        # What the kill left open is settled as if it had not happened, which it has not, in this folder.
        resumed = await world(folder, turns, left, again).run(options={"on_uncertain": "retry"})
        assert resumed == result, f"cut after write {cut}"
        assert again == posted, "every letter was posted once"
        assert {path: completed(left)[path].step_number for path in before} == {
            path: step.step_number for path, step in before.items()
        }, "no completed step was done again"
        seqs = [trace.seq for trace in left.traces]
        assert seqs == sorted(set(seqs))


def _letters_posted(did: list[Step], posted: list[str]) -> list[str]:
    return posted[: sum(step.tool_name == "letters.post" for step in did)]


async def test_a_write_under_way_when_the_run_was_killed_is_parked_and_not_repeated(tmp_path: Path) -> None:
    whole = KeepingStore()
    await world(fresh(tmp_path / "whole"), NATIVE, whole, []).run()
    parked: set[str] = set()
    for cut in range(len(whole.states)):
        left = whole.killed_after(cut)
        open_writes = [s.path for s in left.steps.values() if s.effect == "write" and s.status == "running"]
        if not open_writes:
            continue
        posted: list[str] = []
        with pytest.raises(Parked) as caught:
            await world(tmp_path / "whole", NATIVE, left, posted).run()
        assert (caught.value.kind, caught.value.path) == ("uncertain_step", open_writes[0])
        assert posted == []
        parked.add(caught.value.path)
    assert parked == {"tester/agent/2/tools[1]", "tester/agent/3/tools[0]", "tester/agent/4/tools[0]"}
