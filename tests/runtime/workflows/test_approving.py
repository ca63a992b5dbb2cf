"""Approval steps: parked, answered, denied."""

from __future__ import annotations

import pytest

from savant.errors import ErrorCode
from savant.runtime.journal import Answer, Parked
from savant.schemas.runs import RunConfig
from tests.runtime.workflows.running import Runner, failure

APPROVAL = """
steps:
  - id: both
    parallel:
      - {id: ok, approval: "Post?"}
      - {id: beside, tool: t.sleep, with: {seconds: 0.01, value: 1}}
  - {tool: t.add}
outputs: {ok: "${{ steps.ok.output }}", beside: "${{ steps.beside.output }}"}
"""


async def test_an_approval_parks_after_its_siblings_are_done_and_goes_on_when_answered() -> None:
    runner = Runner(APPROVAL, config=RunConfig(on_approval="park"))
    with pytest.raises(Parked) as caught:
        await runner.run()
    assert (caught.value.kind, caught.value.path, caught.value.details) == (
        "approval",
        "w/both.ok",
        {"message": "Post?"},
    )
    assert runner.statuses() == {"w/both": "running", "w/both.ok": "running", "w/both.beside": "completed"}
    answers = {"w/both.ok": Answer("approve", "Looks good.")}
    assert await runner.run(decisions=answers) == {"ok": {"approved": True, "reason": "Looks good."}, "beside": 1}
    assert runner.world.names() == ["t.sleep", "t.add"]


async def test_a_denied_approval_fails_unless_handled() -> None:
    runner = Runner(APPROVAL, config=RunConfig(on_approval="deny"))
    error = await failure(runner)
    assert error.code is ErrorCode.POLICY_DENIED
    assert "t.add" not in runner.world.names()
    assert runner.statuses()["w/both.ok"] == "failed"


async def test_the_reason_of_a_denial_can_be_read_where_it_is_handled() -> None:
    text = """
steps: [{id: ok, approval: Go?, on_error: continue}]
outputs: {why: "${{ steps.ok.error.message }}", code: "${{ steps.ok.error.code }}"}
"""
    runner = Runner(text, config=RunConfig(on_approval="park"))
    with pytest.raises(Parked):
        await runner.run()
    said = await runner.run(decisions={"w/ok": Answer("deny", "Friday.")})
    assert said == {"why": "Not approved (Friday.): Go?", "code": "policy_denied"}


async def test_an_approval_that_nobody_can_give_is_not_handled_away() -> None:
    text = """
steps:
  - id: c
    condition: true
    on_error: continue
    then: [{id: ok, approval: Go?, on_error: continue}]
"""
    runner = Runner(text)
    assert (await failure(runner)).code is ErrorCode.APPROVAL_NEEDED
    # The refusal is not part of the record: once someone is there, the same run goes on.
    runner.config = RunConfig(on_approval="park")
    with pytest.raises(Parked):
        await runner.run()
    assert await runner.run(decisions={"w/c.then/ok": "approve"}) == {}
