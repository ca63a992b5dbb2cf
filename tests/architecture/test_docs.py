"""The pages that are written from the code say what the code does."""

from __future__ import annotations

import re
from pathlib import Path

from savant.cli.reference import paths, reference
from savant.errors import ErrorCode, ExitCode
from savant.settings.keys import KEYS, takes

DOCS = Path(__file__).parents[2] / "docs"


def test_the_reference_of_the_command_line_is_up_to_date() -> None:
    assert (DOCS / "cli.md").read_text() == reference(), "python -m savant.cli.reference > docs/cli.md"


def test_every_command_is_in_the_reference() -> None:
    headings = re.findall(r"^### `savant ([^`]+)`$", (DOCS / "cli.md").read_text(), re.MULTILINE)
    documented = {re.sub(r" \[?[A-Z].*", "", heading) for heading in headings}
    assert documented == set(paths())
    assert {"run", "runs resume", "agents create", "config trust"} <= documented


def test_every_exit_code_and_error_code_is_explained() -> None:
    page = (DOCS / "exit-codes.md").read_text()
    for code in ExitCode:
        assert re.search(rf"^\| {int(code)} \| {code.name.lower().replace('_', ' ')} \|", page, re.MULTILINE), code
    rows = {
        int(row[0]): set(re.findall(r"`(\w+)`", row[1])) for row in re.findall(r"^\| (\d+) \| (`.*) \|$", page, re.M)
    }
    for code in ErrorCode:
        assert code.value in rows[int(code.exit_code)], code


def test_every_setting_is_explained() -> None:
    page = (DOCS / "configuration.md").read_text()
    for key in KEYS:
        if key.path[0] != "profiles":
            lock = " 🔒" if key.security else ""
            assert f"| `{key}` | {takes(key.type)} | {key.help}{lock} |" in page, str(key)
