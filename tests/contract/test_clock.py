"""A machine whose clock does not go forwards."""

from __future__ import annotations

import itertools
from datetime import timedelta
from pathlib import Path

import pytest

from savant import clock
from savant.client import Client
from tests.contract.test_runs import a_run, carried_out


@pytest.mark.local("the clock is that of this process")
async def test_a_clock_that_is_set_back_makes_no_run_of_negative_length(
    client: Client, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    began, back = clock.now(), itertools.count()
    monkeypatch.setattr(clock, "now", lambda: began - timedelta(minutes=next(back)))
    run, _ = await carried_out(client, a_run(root))
    assert (run.status, run.duration_ms) == ("completed", 0)
