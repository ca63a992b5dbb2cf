"""`savant version`."""

from __future__ import annotations

from savant import __version__
from savant.cli.command import command, group
from savant.cli.door import Door

app = group()


@command(app, configured=False)
def version(door: Door) -> None:
    """Print the version."""
    import platform

    facts = {"savant": __version__, "python": platform.python_version()}
    door.out.show(facts, lambda: f"savant {__version__}")
