"""Definitions of Python by how far lines are set in are those of its grammar."""

from __future__ import annotations

import sysconfig
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from savant.runtime.indexing.definitions import parsed
from savant.runtime.indexing.outlines import python

HERE = Path(__file__).parents[4]
LIBRARY = Path(sysconfig.get_path("stdlib"))
SOURCE: str = '''"""A module.

def not_this():
    """  # a comment"

# above
@decorated
@twice(
    "a",
)
# between
class A(B):
    # first in its block
    def one(self): return """
def no(): """

    # of two
    async def two(
        self,
    ) -> str:
        def inner[T](a: T) -> T:
            return a

        return 'it\\'s'
        # its last line

    # nobody's


if True:
    def four():
        x = [
        1,
]
        return x
# at the edge
def five(): pass
'''


def test_definitions_are_those_of_the_grammar() -> None:
    found = python.definitions(SOURCE, SOURCE.split("\n"))
    assert found == parsed("python", SOURCE.encode())
    assert [one.name for one in found or []] == ["A", "one", "two", "inner", "four", "five"]


@pytest.mark.parametrize(
    "folder", [HERE / "savant", HERE / "tests" / "runtime", LIBRARY / "asyncio", LIBRARY / "email"]
)
def test_so_they_are_in_real_files(folder: Path) -> None:
    told = 0
    files = [file.read_text() for file in sorted(folder.rglob("*.py"))[:150]]
    for text in files:
        found = python.definitions(text, text.split("\n"))
        told += found is not None
        assert found is None or found == parsed("python", text.encode())
    assert told > len(files) * 0.95


@pytest.mark.parametrize(
    "source",
    [
        "def a():\n\treturn 1\n",
        "def a():\r\n    return 1\r\n",
        "def a():\n    return b(c,\nd)\n",
        'a = """\n',
        'def a():\n    return "\\\ndef three(): pass"\n',
        "a = '\n'''\n",
    ],
)
def test_what_the_layout_does_not_tell_is_left_to_the_grammar(source: str) -> None:
    assert python.definitions(source, source.split("\n")) is None


@given(st.lists(st.sampled_from([*SOURCE.split("\n"), "'''", "(", "\\", "#", " \t"]), max_size=40))
def test_no_order_of_lines_is_a_fault(lines: list[str]) -> None:
    for one in python.definitions("\n".join(lines), lines) or []:
        assert 1 <= one.first_line <= one.own <= one.last_line <= len(lines)
