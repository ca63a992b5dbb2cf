"""Drawings of workflows, wherever they are."""

from __future__ import annotations

from pathlib import Path

from savant.client.client import Client
from savant.client.project import resolve
from savant.errors import ErrorCode, SavantError
from savant.runtime.graphs import draw, graph_of
from savant.schemas.graphs import Graph


async def graph_of_ref(ref: str, cwd: Path, client: Client) -> Graph:
    """The graph of the workflow that REF names, in the project's files or in the workspace."""
    found = await resolve(ref, cwd, client)
    if found.type != "workflow":
        raise SavantError(ErrorCode.USAGE, f"`{ref}` is an agent; only workflows have a graph.")
    definition = found.project.bundle.workflows.get(found.slug)
    return graph_of(definition or (await client.workflows.get(found.slug)).definition)


def drawn(graph: Graph, form: str) -> str:
    """The graph as `text`, `mermaid`, `dot`, `svg` or `json`."""
    return draw(graph, form)
