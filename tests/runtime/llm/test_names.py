"""Tool names on the wire: taken by every provider, and the same when they come back."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from savant.runtime.llm.names import from_wire, to_wire

NAMES = st.text(alphabet="ab_.-é ", min_size=1, max_size=80)


@given(st.lists(NAMES, unique=True, max_size=8))
def test_any_names_are_accepted_distinct_and_come_back(names: list[str]) -> None:
    wired = [to_wire(name) for name in names]
    assert all(re.fullmatch(r"[a-zA-Z0-9_-]{1,64}", name) for name in wired)
    assert len(set(wired)) == len(names)
    assert [from_wire(name, names) for name in wired] == names


@pytest.mark.parametrize("name", ["context.search", "git.file_at", "a.b.c", "shell"])
def test_ordinary_names_stay_readable_and_come_back_without_a_table(name: str) -> None:
    assert to_wire(name) == name.replace(".", "__")
    assert from_wire(to_wire(name), []) == name


def test_a_model_that_writes_the_dot_itself_is_understood() -> None:
    assert from_wire("context.search", ["context.search"]) == "context.search"
