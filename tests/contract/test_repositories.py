"""Repositories through the client; what is found in them is in `test_search`."""

from __future__ import annotations

from pathlib import Path

import pytest

from savant.client import Client
from savant.errors import ErrorCode, SavantError
from savant.schemas.repositories import IndexConfig, RepositoryCreate, RepositoryUpdate


async def test_only_what_is_given_changes(client: Client, root: Path) -> None:
    slug = (await client.repositories.create(RepositoryCreate(path=str(root)))).slug
    made = await client.repositories.get(slug)
    renamed = await client.repositories.update(made.slug, RepositoryUpdate(name="Shop", branch="next"))
    assert (renamed.name, renamed.branch, renamed.slug) == ("Shop", "next", made.slug)
    assert renamed.index_config == made.index_config
    narrowed = await client.repositories.update(made.slug, RepositoryUpdate(config=IndexConfig(exclude=("*.md",))))
    assert (narrowed.name, [*narrowed.index_config["exclude"]]) == ("Shop", ["*.md"])
    assert (await client.repositories.get(made.slug)).updated_at == narrowed.updated_at


async def test_another_branch_makes_an_index_stale_and_another_config_applies_to_the_next(
    client: Client, root: Path
) -> None:
    made = await client.repositories.create(RepositoryCreate(path=str(root)))
    assert (await client.repositories.index(made.slug)).files == 1
    await client.repositories.update(made.slug, RepositoryUpdate(branch="next"))
    assert (await client.repositories.status(made.slug)).state == "stale"
    await client.repositories.update(made.slug, RepositoryUpdate(config=IndexConfig(exclude=("*.md",))))
    assert (await client.repositories.index(made.slug)).files == 0


async def test_what_is_not_there_is_not_changed(client: Client) -> None:
    with pytest.raises(SavantError) as refused:
        await client.repositories.update("nothing", RepositoryUpdate(name="A"))
    assert refused.value.code is ErrorCode.NOT_FOUND
