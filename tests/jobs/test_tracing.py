"""One trace from the request that asks for a run to the call of its model, across the queue; and what is measured."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from savant.database.measures import queue
from savant.jobs.beside import working
from savant.schemas.agents import AgentConfig, AgentDefinition
from savant.schemas.programs import Bundle
from savant.schemas.runs import FINISHED, RunCreate
from savant.services.app import App
from savant.services.perform import perform
from savant.telemetry import tracing

pytestmark = [pytest.mark.parametrize("database_url", ["postgres"], indirect=True), pytest.mark.postgres]


@pytest.fixture
def exported() -> Iterator[InMemorySpanExporter]:
    exporter = InMemorySpanExporter()
    tracing.enable_with(SimpleSpanProcessor(exporter), "test")
    yield exporter
    tracing._tracer = None  # pyright: ignore[reportPrivateUsage]


async def test_a_trace_goes_from_the_request_to_the_model(
    served: App, tmp_path: Path, exported: InMemorySpanExporter
) -> None:
    (tmp_path / "script.yaml").write_text("turns:\n  - Hello.\n")
    agent = AgentDefinition(name="A", config=AgentConfig(llm_model=f"scripted/{tmp_path}/script.yaml"))
    wanted = RunCreate(type="agent", slug="a", goal="Greet.", bundle=Bundle(agents={"a": agent}))
    with tracing.span("request"):
        run = await perform(served, "runs", "start", create=wanted)
    waiting, oldest = await queue(served.database)
    assert waiting["todo"] == 1
    assert 0.0 <= oldest < 60.0
    async with working(served), asyncio.timeout(60):
        while (run := await perform(served, "runs", "get", id=run.id)).status not in FINISHED:
            await asyncio.sleep(0.05)
    assert run.status == "completed", run.error_message
    spans = {span.name: span for span in exported.get_finished_spans()}
    assert chain(spans, spans["model"]) == ["model", "agent", "execute_run", "runs.start", "request"]
    assert (spans["model"].attributes or {})["run_id"] == run.id


def chain(spans: dict[str, ReadableSpan], last: ReadableSpan) -> list[str]:
    """The names of a span and of those it is a part of."""
    by_id = {span.context.span_id: span for span in spans.values() if span.context}
    names = [last.name]
    while last.parent is not None:
        last = by_id[last.parent.span_id]
        names.append(last.name)
    return names
