"""The context engine as an agent calls it, over a real index."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from savant.errors import ErrorCode, SavantError
from savant.runtime.engines.catalog import builtin
from savant.runtime.tools.toolbox import EngineToolbox
from savant.schemas.programs import Bundle
from savant.services import repositories
from savant.services.app import App
from savant.services.code_index import StoredIndex
from savant.settings import Settings
from tests.runtime.indexing.trees import repository, write

FILES: dict[str, str | bytes] = {
    "src/cart.py": "class Cart:\n    def add_item(self, item):\n        self.items.append(item)\n",
    "README.md": "# Shop\n\n## Carts\n\nA cart holds items.\n",
}


@pytest.fixture
async def app(tmp_path: Path) -> AsyncIterator[App]:
    opened = await App.open(Settings(home=tmp_path / "home", config_dir=tmp_path / "home"))
    yield opened
    await opened.aclose()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return repository(tmp_path.resolve() / "shop", FILES)


def toolbox(app: App | None, root: Path) -> EngineToolbox:
    return EngineToolbox(builtin(root, Bundle(), index=StoredIndex(app) if app else None))


async def test_an_agent_finds_and_reads_code(app: App, root: Path, tmp_path: Path) -> None:
    other = repository(tmp_path.resolve() / "other", {"x.py": "def add_item(): ...\n"})
    for each in (root, other):
        await repositories.index(app, (await repositories.locate(app, str(each))).slug)
    tools = toolbox(app, root)
    found: dict[str, Any] = await tools.call("context.search", {"query": "adding items"})
    assert [hit["repository"] for hit in found["hits"]] == ["shop", "shop"]
    best = found["hits"][0]
    assert (best["path"], best["symbol"], best["first_line"]) == ("src/cart.py", "Cart.add_item", 2)
    text = await tools.call("context.read", {"path": best["path"], "first_line": 2, "last_line": 2})
    assert text["text"] == "    def add_item(self, item):\n"
    everywhere = await tools.call("context.symbols", {"name": "add_item", "everywhere": True})
    assert {one["repository"] for one in everywhere["symbols"]} == {"shop", "other"}
    assert (await tools.call("context.read", {"path": "x.py", "repository": "other"}))["lines"] == 1
    known = await tools.call("context.repositories", {})
    assert (known["here"], {one["slug"] for one in known["repositories"]}) == ("shop", {"shop", "other"})
    write(root, {"src/cart.py": "class Cart: ...\n"})
    assert (await tools.call("context.status", {}))["state"] == "stale"


async def test_an_outline_needs_no_index(root: Path) -> None:
    tools = toolbox(None, root)
    outline = await tools.call("context.outline", {"path": "src/cart.py"})
    assert [(one["symbol"], one["kind"], one["first_line"], one["last_line"]) for one in outline["definitions"]] == [
        ("Cart", "class", 1, 3),
        ("Cart.add_item", "method", 2, 3),
    ]
    sections = await tools.call("context.outline", {"path": "README.md"})
    assert [one["symbol"] for one in sections["definitions"]] == ["Shop", "Shop / Carts"]


async def test_without_an_index_it_is_said_what_to_do(app: App, root: Path) -> None:
    for tools in (toolbox(None, root), toolbox(app, root)):
        with pytest.raises(SavantError) as failure:
            await tools.call("context.search", {"query": "cart"})
        assert failure.value.code is ErrorCode.TOOL_FAILED
        assert "savant index" in (failure.value.hint or "")


@pytest.mark.parametrize("path", ["../secret", "/etc/passwd", "link", ".git/config"])
async def test_nothing_outside_of_the_root_is_read(root: Path, tmp_path: Path, path: str) -> None:
    write(tmp_path, {"secret": "x"})
    (root / "link").symlink_to(tmp_path / "secret")
    tools = toolbox(None, root)
    for tool in ("context.read", "context.outline"):
        with pytest.raises(SavantError):
            await tools.call(tool, {"path": path})
