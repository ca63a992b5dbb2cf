"""Definitions in files, held against recorded runs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from savant.client.project import Project, load_file
from savant.schemas.programs import Bundle
from savant.schemas.replays import RunReplay


def changes(files: Sequence[Path], cwd: Path) -> RunReplay:
    """The definitions in the files, and those of their project for names that a run did not have."""
    if not files:
        return RunReplay()
    changed = Project(root=cwd)
    for file in files:
        changed.add(load_file(cwd / file, name=str(file)))
    project = Project.find((cwd / files[0]).resolve().parent)
    return RunReplay(changed=changed.bundle, others=project.bundle if project else Bundle())
