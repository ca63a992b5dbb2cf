"""Personas through the client."""

from __future__ import annotations

import pytest

from savant.client import Client
from savant.errors import ErrorCode, SavantError
from savant.schemas.lists import ListQuery
from savant.schemas.personas import PersonaCreate, PersonaUpdate


async def test_a_persona_lives_from_create_to_delete(client: Client) -> None:
    made = await client.personas.create(PersonaCreate(name="Senior Engineer", instructions="Be exact."))
    assert (made.slug, made.instructions, made.visibility) == ("senior-engineer", "Be exact.", "private")

    changed = await client.personas.update("senior-engineer", PersonaUpdate(instructions="Be kind."))
    assert changed.instructions == "Be kind."
    assert changed.name == "Senior Engineer"
    assert changed.created_at == made.created_at
    assert changed.updated_at >= made.updated_at
    assert await client.personas.get("senior-engineer") == changed

    await client.personas.delete("senior-engineer")
    with pytest.raises(SavantError) as gone:
        await client.personas.get("senior-engineer")
    assert gone.value.code == ErrorCode.NOT_FOUND


async def test_a_slug_is_taken_once(client: Client) -> None:
    await client.personas.create(PersonaCreate(name="One", instructions="x"))
    with pytest.raises(SavantError, match="already is a persona `one`") as taken:
        await client.personas.create(PersonaCreate(name="One!", instructions="y"))
    assert taken.value.code == ErrorCode.CONFLICT


async def test_what_is_not_there_names_the_nearest(client: Client) -> None:
    await client.personas.create(PersonaCreate(name="Reviewer", instructions="x"))
    with pytest.raises(SavantError, match="Did you mean `reviewer`"):
        await client.personas.get("reviwer")


async def test_lists_come_in_pages_in_order(client: Client) -> None:
    for name in ("c", "a", "e", "b", "d"):
        await client.personas.create(PersonaCreate(name=name, instructions=name))
    first = await client.personas.list(ListQuery(limit=2))
    assert [persona.slug for persona in first.items] == ["a", "b"]
    second = await client.personas.list(ListQuery(limit=2, cursor=first.next_cursor))
    assert [persona.slug for persona in second.items] == ["c", "d"]
    last = await client.personas.list(ListQuery(limit=2, cursor=second.next_cursor))
    assert [persona.slug for persona in last.items] == ["e"]
    assert last.next_cursor is None


async def test_a_list_is_searched_by_name(client: Client) -> None:
    await client.personas.create(PersonaCreate(name="Senior Reviewer", instructions="x"))
    await client.personas.create(PersonaCreate(name="Writer", instructions="x"))
    found = await client.personas.list(ListQuery(q="REVIEW"))
    assert [persona.slug for persona in found.items] == ["senior-reviewer"]


async def test_percent_signs_in_a_search_are_letters(client: Client) -> None:
    await client.personas.create(PersonaCreate(name="100% sure", instructions="x"))
    await client.personas.create(PersonaCreate(name="100 of them", instructions="x"))
    found = await client.personas.list(ListQuery(q="100%"))
    assert [persona.name for persona in found.items] == ["100% sure"]


@pytest.mark.parametrize("limit", [0, -1, 1001])
async def test_a_limit_out_of_bounds_is_refused(client: Client, limit: int) -> None:
    with pytest.raises(SavantError, match="between 1 and 1000"):
        await client.personas.list(ListQuery(limit=limit))
