"""Lists in the order that is asked for, over the ends of pages."""

from __future__ import annotations

import pytest

from savant.client import Client
from savant.errors import ErrorCode, SavantError
from savant.schemas.lists import ListQuery, Sort
from savant.schemas.personas import PersonaCreate, PersonaUpdate
from savant.schemas.runs import RunList

MADE = [("c", "Same"), ("a", "Same"), ("b", "Other"), ("d", "Same")]


async def _slugs(client: Client, sort: Sort) -> str:
    """All of them, two at a time."""
    found, query = "", ListQuery(sort=sort, limit=2)
    while True:
        page = await client.personas.list(query)
        found += "".join(persona.slug for persona in page.items)
        if page.next_cursor is None:
            return found
        query.cursor = page.next_cursor


async def test_every_order_goes_on_where_a_page_ended(client: Client) -> None:
    for slug, name in MADE:
        await client.personas.create(PersonaCreate(name=name, slug=slug, instructions="Build."))
    await client.personas.update("c", PersonaUpdate(description="Changed last."))
    expected: dict[Sort, str] = {
        "slug": "abcd", "-slug": "dcba", "name": "bcad", "-name": "dacb",
        "created_at": "cabd", "-created_at": "dbac", "updated_at": "abdc", "-updated_at": "cdba",
    }  # fmt: skip
    assert {sort: await _slugs(client, sort) for sort in expected} == expected


@pytest.mark.parametrize("cursor", ["b", "!", "", "WzEsMiwzXQ"])
async def test_a_cursor_of_another_list_is_refused(client: Client, cursor: str) -> None:
    for slug in "abc":
        await client.personas.create(PersonaCreate(name=slug, instructions="Build."))
    for wrong in (cursor, (await client.personas.list(ListQuery(limit=1))).next_cursor):
        with pytest.raises(SavantError) as refused:
            await client.personas.list(ListQuery(sort="-name", cursor=wrong))
        assert refused.value.code is ErrorCode.VALIDATION
    with pytest.raises(SavantError) as refused:
        await client.runs.list(RunList(sort="created_at", cursor=cursor))
    assert refused.value.code is ErrorCode.VALIDATION
