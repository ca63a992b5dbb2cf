"""The functions that a range touches, and who changed each last before it."""

import pytest

from savant.runtime.engines.git.outline import outline
from tests.runtime.engines.repositories import Repo

PYTHON = '''\
import os


def kept():
    return 1


class Thing:
    """A thing."""

    @property
    def size(self):
        return 1

    def gone(self):
        return 2


def changed(a):
    return a
'''


@pytest.fixture
def repo(tmp_path):
    return Repo(tmp_path / "repo")


async def touched(repo, **arguments):
    answer = await repo.toolbox().call("git.changed_functions", arguments)
    found = {
        entry["symbol"]: (entry["change"], (entry["last_changed"] or {}).get("author")) for entry in answer["functions"]
    }
    return answer, found


async def test_python_by_its_parser_with_who_changed_each_last(repo):
    repo.commit("First", {"m.py": PYTHON.replace("return a", "return 0")})
    base = repo.commit("Second", {"m.py": PYTHON}, author="Bob")
    text = PYTHON.replace("    def gone(self):\n        return 2\n", "").replace("size(self)", "size(self, x=1)")
    text = text.replace("import os", "import sys").replace("return a", "return a + 1") + "\n\ndef new():\n    pass\n"
    repo.commit("Third", {"m.py": text}, author="Cy")
    answer, found = await touched(repo, base=base, head="HEAD")
    assert found == {
        "Thing.size": ("modified", "Ada"),
        "Thing.gone": ("deleted", "Ada"),
        "changed": ("modified", "Bob"),
        "new": ("added", None),
    }
    size = next(entry for entry in answer["functions"] if entry["symbol"] == "Thing.size")
    lines = text.split("\n")
    assert lines[size["first_line"] - 1].strip() == "@property"
    assert lines[size["last_line"] - 1].strip() == "return 1"
    assert (size["kind"], size["lines_added"], size["lines_deleted"], size["exact"]) == ("method", 1, 1, True)
    assert [entry["path"] for entry in answer["elsewhere"]] == ["m.py"]


async def test_the_working_tree_a_rename_and_the_beginning_of_history(repo):
    repo.commit("First", {"m.py": PYTHON})
    repo.git("mv", "m.py", "n m.py")
    repo.write("n m.py", PYTHON.replace("return 1\n\n\nclass", "return 9\n\n\nclass"))
    answer, found = await touched(repo)
    assert (answer["head"], found) == (None, {"kept": ("modified", "Ada")})
    assert answer["functions"][0]["path"] == "n m.py"
    recent = await repo.toolbox().call("git.recent", {})
    _, found = await touched(repo, base=recent["base"], head="HEAD")
    assert set(found.values()) == {("added", None)}


async def test_a_limit_is_kept_and_told(repo):
    base = repo.commit("First")
    repo.commit("Second", {"m.py": PYTHON})
    assert (await touched(repo, base=base, head="HEAD", limit=5))[0]["truncated"] is False
    answer, found = await touched(repo, base=base, head="HEAD", limit=2)
    assert (len(found), answer["truncated"]) == (2, True)


async def test_python_that_does_not_parse_falls_back_to_gits_own_guess(repo):
    base = repo.commit("First", {"m.py": "print 'old'\ndef f():\n    x = 1\n    y = 1\n"})
    repo.commit("Second", {"m.py": "print 'old'\ndef f():\n    x = 1\n    y = 2\n"})
    answer, found = await touched(repo, base=base, head="HEAD")
    assert list(found) == ["def f():"]
    assert answer["functions"][0]["exact"] is False


async def test_lines_that_look_like_headers_are_content(repo):
    base = repo.commit("First", {"a.sql": "-- a/x.py\n-- b\n", "m.py": "def f():\n    return 1\n"})
    repo.commit("Second", {"a.sql": "++ b/y.py\n++ c\n", "m.py": "def f():\n    return 2\n"})
    answer, found = await touched(repo, base=base, head="HEAD")
    assert list(found) == ["f"]
    assert [(entry["path"], entry["lines_added"]) for entry in answer["elsewhere"]] == [("a.sql", 2)]


@pytest.mark.parametrize(
    ("path", "text", "symbols"),
    [
        (
            "a.js",
            "// function no() {\nclass A {\n  constructor({a} = {}) {\n    this.x = 'f() {';\n  }\n"
            "  async get(x) { return `{`; }\n}\nconst f = (a) => {\n  if (a) { }\n};\nfunction g(a, {b}) { }\n",
            [("A", 2, 7), ("A.constructor", 3, 5), ("A.get", 6, 6), ("f", 8, 10), ("g", 11, 11)],
        ),
        (
            "a.ts",
            "export interface P { a: string }\nclass Q<T> {\n  private run<U>(x: U): Map<string, U> {\n  }\n}\n",
            [("P", 1, 1), ("Q", 2, 5), ("Q.run", 3, 4)],
        ),
        (
            "a.go",
            "type S struct {\n\ta int\n}\nfunc (s *S) Run(a int) error {\n\tif a {\n\t}\n}\nfunc Plain() {\n}\n",
            [("S", 1, 3), ("S.Run", 4, 7), ("Plain", 8, 9)],
        ),
        (
            "a.rs",
            "impl<'a> P<'a> {\n    pub fn new(x: &'a str) -> Self {\n        '{'\n    }\n}\nfn go() {}\n",
            [("P", 1, 5), ("P.new", 2, 4), ("go", 6, 6)],
        ),
        (
            "A.java",
            "public class A {\n    public A(int x) { }\n"
            "    <R> List<R> map(F<R> f) throws E {\n        if (x) { }\n    }\n}\n",
            [("A", 1, 6), ("A.A", 2, 2), ("A.map", 3, 5)],
        ),
        (
            "a.c",
            "int proto(int);\nstatic int *\nadd(int a)\n{\n    return f(a);\n}\n",
            [("add", 3, 6)],
        ),
        (
            "a.cpp",
            "class A : public B {\n  int get() const { return 1; }\n};\nint A::far(int z) {\n}\n",
            [("A", 1, 3), ("A.get", 2, 2), ("A::far", 4, 5)],
        ),
        (
            "a.rb",
            "class A < B\n  def go?(x)\n    if x\n    end\n  end\n  def self.k; 3; end\nend\n",
            [("A", 1, 7), ("A.go?", 2, 5), ("A.k", 6, 6)],
        ),
        (
            "a.php",
            "<?php\nclass A {\n    public function go(array $x): ?int {\n    }\n}\nfunction f() { }\n",
            [("A", 2, 5), ("A.go", 3, 4), ("f", 6, 6)],
        ),
        ("a.sh", '# f() {\nrun() {\n  echo "${x}"\n}\n', [("run", 2, 4)]),
    ],
)
def test_definitions_by_their_shape(path, text, symbols):
    assert [(found.symbol, found.first_line, found.last_line) for found in outline(path, text) or []] == symbols


def test_a_language_that_is_not_known_has_no_outline():
    assert outline("a.yaml", "a: 1\n") is None
    assert outline("Makefile", "all:\n") is None
