"""Files are cut where their definitions and headings are, and nothing of them is lost."""

# ruff: noqa: E501

from __future__ import annotations

import itertools
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from savant.runtime.indexing.chunker import MAX_CHARS, MAX_DEPTH, chunks
from savant.runtime.indexing.grammars import GRAMMARS, missing
from savant.runtime.indexing.languages import is_generated, is_test, language_of
from savant.schemas.indexing import Chunk

SOURCES = {
    "python": (
        "import os\n\n# says hello\n@decorated\ndef hello():\n    def inner(): ...\n    return inner\n\n\n"
        "class A:\n    x = 1\n\n    async def m(self):\n        pass\n\n    class B:\n        def n(self): ...\n",
        [("hello", "function", 3, 7), ("A", "class", 10, 11), ("A.m", "method", 13, 14), ("A.B", "class", 16, 16),
         ("A.B.n", "method", 17, 17)],
    ),
    "javascript": (
        "const f = async (x) => {\n  return x\n}\nexport class A {\n  m() {\n    return 1\n  }\n}\n"
        "A.prototype.n = function () {\n}\nmodule.exports.o = () => 1\n",
        [("f", "function", 1, 3), ("A", "class", 4, 4), ("A.m", "method", 5, 7), ("A.prototype.n", "function", 9, 10),
         ("o", "function", 11, 11)],
    ),
    "typescript": (
        "export interface I {\n  a: string\n}\ntype T = I | null\nenum E { A }\nexport function f(): T {\n  return null\n}\n",
        [("I", "interface", 1, 3), ("T", "type", 4, 4), ("E", "type", 5, 5), ("f", "function", 6, 8)],
    ),
    "tsx": ("export const App = () => {\n  return <div>hi</div>\n}\n", [("App", "function", 1, 3)]),
    "go": (
        "package a\n\n// F is\nfunc F() {\n}\n\ntype T struct {\n\tx int\n}\n\nfunc (t *T) M() int {\n\treturn 1\n}\n",
        [("F", "function", 3, 5), ("T", "type", 7, 9), ("T.M", "method", 11, 13)],
    ),
    "rust": (
        "/// Doc\n#[derive(Debug)]\npub struct S {\n    a: u8,\n}\n\nimpl<T> Tr for S {\n    fn m(&self) {}\n}\n\nmod inner {\n"
        "    fn f() {}\n}\n",
        [("S", "type", 1, 5), ("S", "impl", 7, 7), ("S.m", "method", 8, 8), ("inner", "module", 11, 11),
         ("inner.f", "function", 12, 12)],
    ),
    "java": (
        "package a;\n\npublic class A {\n    private int x;\n\n    /** Doc. */\n    public A() {\n    }\n\n    @Override\n"
        "    public int m() {\n        return x;\n    }\n}\n",
        [("A", "class", 3, 4), ("A.A", "method", 6, 8), ("A.m", "method", 10, 13)],
    ),
    "ruby": (
        "module M\n  class A < B\n    attr_reader :x\n\n    def self.make\n    end\n\n    def go?\n      1\n    end\n  end\nend\n",
        [("M", "module", 1, 1), ("M.A", "class", 2, 3), ("M.A.make", "method", 5, 6), ("M.A.go?", "method", 8, 10)],
    ),
    "c": (
        "#include <a.h>\n\nstruct point {\n  int x;\n};\n\nstatic char *name(int a)\n{\n  return 0;\n}\n",
        [("point", "type", 3, 5), ("name", "function", 7, 10)],
    ),
    "cpp": (
        "namespace n {\nclass A {\n public:\n  int m() const {\n    return 1;\n  }\n};\n}\nint n::A::o() {\n  return 2;\n}\n",
        [("n", "module", 1, 1), ("n.A", "class", 2, 3), ("n.A.m", "method", 4, 6), ("n.A.o", "function", 9, 11)],
    ),
    "csharp": (
        "namespace N {\n  class A {\n    public int X { get; set; }\n    int M() {\n      return 1;\n    }\n  }\n}\n",
        [("N", "module", 1, 1), ("N.A", "class", 2, 2), ("N.A.X", "method", 3, 3), ("N.A.M", "method", 4, 6)],
    ),
    "php": (
        "<?php\nfunction f() {\n  return 1;\n}\nclass A {\n  public function m() {\n  }\n}\n",
        [("f", "function", 2, 4), ("A", "class", 5, 5), ("A.m", "method", 6, 7)],
    ),
    "bash": ("set -e\n\ngo() {\n  echo 1\n}\n", [("go", "function", 3, 5)]),
}  # fmt: skip


def cut(language: str | None, text: str) -> list[Chunk]:
    return chunks(language, text)[0]


def named(found: list[Chunk]) -> list[tuple[str, str, int, int]]:
    return [(chunk.symbol, chunk.kind, chunk.first_line, chunk.last_line) for chunk in found if chunk.symbol]


def test_every_grammar_is_installed() -> None:
    assert missing() == []
    assert SOURCES.keys() == GRAMMARS.keys()


@pytest.mark.parametrize("language", SOURCES)
def test_definitions(language: str) -> None:
    source, expected = SOURCES[language]
    found, structured = chunks(language, source)
    assert named(found) == expected
    assert structured


def test_markdown_by_heading_and_not_inside_of_fences() -> None:
    text = "intro\n\n# A\ntext\n```\n# no\n```\n## B ##\nb\n\nTitle\n=====\nc\n# D\n"
    assert named(cut("markdown", text)) == [
        ("A", "section", 3, 7),
        ("A / B", "section", 8, 9),
        ("Title", "section", 11, 13),
        ("D", "section", 14, 14),
    ]


def test_restructured_text_by_heading() -> None:
    text = "=====\nTitle\n=====\n\nhi\n\nPart\n----\n\nb\n\nSub\n~~~\nc\n"
    assert [symbol for symbol, *_ in named(cut("rst", text))] == ["Title", "Title / Part", "Title / Part / Sub"]


def test_lines_overlap_where_nothing_is_known() -> None:
    found = cut(None, "\n".join(f"line {n}" for n in range(1, 201)))
    assert found[0].first_line == 1
    assert found[-1].last_line == 200
    assert all(later.first_line <= earlier.last_line for earlier, later in itertools.pairwise(found))


def test_a_long_function_is_cut_under_its_name_and_a_long_line_stays_whole() -> None:
    body = "\n".join(f"    x{n} = {n}" for n in range(300))
    found = cut("python", f"def long():\n{body}\n")
    assert {chunk.symbol for chunk in found} == {"long"}
    assert len(found) > 3
    assert cut("javascript", "a(" * 3 * MAX_CHARS)[0][:2] == (1, 1)


TOKENS = st.sampled_from(
    ["def f():\n", "class A:\n", "    ", "\n", "{", "}", "(", ")", "function ", "fn ", "x", " = ", "=>", "'", '"', "`", "/*", "*/",
     "//", "#", "<?php ", "end\n", "struct ", "é", "\x00", "\r", "if ", "impl ", "case ", ";", "```\n", "# h\n", "---\n"]
)  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(language=st.sampled_from([*SOURCES, "markdown", "rst", None]), text=st.lists(TOKENS, max_size=60).map("".join))
def test_no_line_with_a_word_is_lost_whatever_the_text(language: str | None, text: str) -> None:
    lines = text.split("\n")
    found = cut(language, text)
    covered = {line for chunk in found for line in range(chunk.first_line, chunk.last_line + 1)}
    words = {number for number, line in enumerate(lines, 1) if re.search(r"\w", line)}
    closing = {number for number, line in enumerate(lines, 1) if re.fullmatch(r"[\s})\];,]*(end)?[\s;]*", line)}
    assert words - closing <= covered
    assert all(1 <= chunk.first_line <= chunk.last_line <= len(lines) for chunk in found)
    assert found == sorted(found, key=lambda chunk: chunk.first_line)


def test_languages_and_tests_by_path() -> None:
    assert [language_of(path) for path in ("a/b.PY", "Makefile", "x.tsx", "README", "a.unknown", "Dockerfile.dev")] == [
        "python", "make", "tsx", "text", None, "dockerfile",
    ]  # fmt: skip
    assert language_of("README.md") == "markdown"
    assert language_of("run", "#!/usr/bin/env python3") == "python"
    tests = [
        "tests/a.py",
        "a/test_x.py",
        "x_test.go",
        "src/a.spec.ts",
        "FooTest.java",
        "spec/a_spec.rb",
        "a/__tests__/b.js",
    ]
    assert [path for path in tests if not is_test(path)] == []
    assert [path for path in ["src/contest.py", "latest.py", "attest/a.go", "testing.md"] if is_test(path)] == []
    assert is_generated("yarn.lock")
    assert is_generated("vendor/a/b.go")
    assert not is_generated("src/vendors.py")


@pytest.mark.parametrize(
    ("language", "opening"),
    [
        ("javascript", "function f(){"), ("typescript", "class A{f(){"), ("java", "class A{"), ("cpp", "namespace a{"),
        ("rust", "mod a{"), ("php", "<?php function f(){"), ("go", "func f(){"), ("bash", "f(){ "), ("ruby", "class A\n"),
    ],
)  # fmt: skip
def test_what_is_nested_without_end_is_cut_all_the_same(language: str, opening: str) -> None:
    lines = (opening * 40_000).split("\n")
    found, _ = chunks(language, "\n".join(lines))
    covered = {number for chunk in found for number in range(chunk.first_line, chunk.last_line + 1)}
    assert covered == {number for number, line in enumerate(lines, 1) if line.strip()}
    assert max(chunk.symbol.count(".") for chunk in found) <= MAX_DEPTH
