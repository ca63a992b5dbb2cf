"""The examples carry recorded tests, and they pass: offline, in a home with nothing in it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

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
