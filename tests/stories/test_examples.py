"""The examples carry recorded tests, and they pass: offline, in an empty home. The report is made live, too."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from savant.errors import ExitCode
from tests.cli.conftest import Cli, env, savant  # noqa: F401  (fixtures)

EXAMPLES = Path(__file__).parents[2] / "examples"
PROJECTS = sorted(folder.parent for folder in EXAMPLES.glob("*/.savant"))


def savant_test(folder: Path, home: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "savant", "test"],
        cwd=folder,
        env={"PATH": os.environ["PATH"], "HOME": str(home), "SAVANT_HOME": str(home), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        timeout=120,
    )


@pytest.mark.parametrize("folder", PROJECTS, ids=lambda folder: folder.name)
def test_an_example_passes_its_recorded_tests(folder: Path, tmp_path: Path) -> None:
    done = savant_test(folder, tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "passed" in done.stdout
    assert not list(tmp_path.glob("*.db"))


def test_a_change_of_an_example_is_noticed(tmp_path: Path) -> None:
    import shutil

    folder = tmp_path / "change-report"
    shutil.copytree(EXAMPLES / "change-report", folder)
    workflow = folder / ".savant" / "workflows" / "change-report.yaml"
    text = workflow.read_text()
    assert "Summarize the text" in text
    workflow.write_text(text.replace("Summarize the text", "Sum up the text"))
    done = savant_test(folder, tmp_path / "home")
    assert done.returncode == 6
    assert "change-report/summary" in done.stdout
    assert "+goal:" in done.stdout or "Sum up the text" in done.stdout


REPORT = str(EXAMPLES / "change-report" / ".savant" / "workflows" / "change-report.yaml")
MODEL = """turns: [{text: '{"action": "final", "output": {"summary": "Greets customers."}}'}]\n"""
RELATED = "## Related code that this change does not touch\n\n"


def commit(cli: Cli, subject: str, **files: str) -> None:
    for name, text in files.items():
        cli.write(f"{name}.py", text)
    for arguments in (["add", "."], ["commit", "-q", "-m", subject]):
        git = ["git", "-c", "user.name=Ada", "-c", "user.email=ada@example.com", *arguments]
        subprocess.run(git, cwd=cli.folder, check=True, env=cli.env)


@pytest.fixture
def shop(savant: Cli) -> Cli:  # noqa: F811
    """A repository whose last commit changes a function that another file calls."""
    subprocess.run(["git", "init", "-q", "."], cwd=savant.folder, check=True, env=savant.env)
    savant.write("script.yaml", MODEL)
    commit(
        savant, "Greetings and letters",
        shop='def greet(name):\n    return "Hi " + name\n',
        letters="from shop import greet\n\n\ndef thanks(customer):\n    return greet(customer)\n",
        stock="def order(item):\n    return item\n",
    )  # fmt: skip
    commit(savant, 'Revert "Hi to customers"', shop='def greet(name):\n    return "Good day, " + name\n')
    return savant


def related(shop: Cli) -> str:
    """That section of a new report about the last commit."""
    made = shop("run", REPORT, "-i", "commits=1", "--model", "scripted/script.yaml", "--json")
    assert made.code == ExitCode.DONE, made.stderr
    assert made.json["result"]["outputs"]["summarized_by"] == "scripted/script.yaml"
    section: str = made.json["result"]["outputs"]["report"].partition(RELATED)[2]
    assert section in (shop.folder / "savant-report.md").read_text()
    return section


def test_the_report_names_related_code_that_the_change_does_not_touch(shop: Cli) -> None:
    assert shop("index").code == ExitCode.DONE
    section = related(shop)
    assert "- letters.py:5, `thanks`: `return greet(customer)`; also changed by: Greetings and letters\n" in section
    assert "shop.py" not in section and "stock.py" not in section and "savant index" not in section
    shop.write("stock.py", "def order(item):\n    return [item]\n")
    assert "Its files have changed: savant index" in related(shop)


def test_the_report_says_what_to_do_where_nothing_is_indexed(shop: Cli) -> None:
    assert related(shop).startswith("Not looked for: project is not indexed. Someone must run `savant index` in it.")
