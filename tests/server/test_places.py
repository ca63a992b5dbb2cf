"""A caller on another machine names no folder of the server's own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx2
import pytest


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/repositories", {"path": "{here}"}),
        ("/repositories", {"url": "file://{here}"}),
        ("/repositories/locate", {"target": "{here}"}),
        ("/repositories/locate", {"target": "file://{here}"}),
        ("/runs/plan", {"type": "agent", "slug": "a", "config": {"root": "{here}"}}),
        ("/runs/prompt", {"type": "agent", "slug": "a", "config": {"root": "{here}"}}),
    ],
)
async def test_a_path_is_refused(http: httpx2.AsyncClient, tmp_path: Path, path: str, body: dict[str, Any]) -> None:
    await http.post("/agents", json={"name": "A"})
    answer = await http.post(path, json=_filled(body, str(tmp_path)))
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "forbidden")


def _filled(value: Any, here: str) -> Any:
    if isinstance(value, dict):
        return {key: _filled(inner, here) for key, inner in value.items()}
    return value.replace("{here}", here)
