"""Files and functions stay small enough to be read at once."""

from __future__ import annotations

import ast
from pathlib import Path

ROOT = Path(__file__).parents[2]
LINES_OF_FILE, LINES_OF_FUNCTION = 400, 60
LONG = {
    "migrations/versions/0001_first_tables.py": "every table of the beginning, written down once and never changed",
    "tests/database/rows.py": "one row of every table, in one list",
}


def test_no_file_and_no_function_is_too_long() -> None:
    found = list[str]()
    for folder in ("savant", "migrations", "tests", "bench", "examples"):
        for path in (ROOT / folder).rglob("*.py"):
            if str(path.relative_to(ROOT)) not in LONG:
                found += long_parts(path)
    assert not found, "\n".join(found)


def long_parts(path: Path) -> list[str]:
    text = path.read_text()
    functions = [each for each in ast.walk(ast.parse(text)) if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef)]
    lengths = [(each.name, (each.end_lineno or each.lineno) - each.lineno + 1) for each in functions]
    found = [f"{path}: {name} has {lines} lines" for name, lines in lengths if lines > LINES_OF_FUNCTION]
    lines = len(text.splitlines())
    return found + ([f"{path} has {lines} lines"] if lines > LINES_OF_FILE else [])
