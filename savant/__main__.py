"""`savant`: the version is answered before anything is loaded."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line in `sys.argv` and exit with its code."""
    arguments = sys.argv[1:]
    if arguments in (["--version"], ["-V"]):
        from savant import __version__
        from savant.cli.output import line

        line(f"savant {__version__}")
        return
    from savant.cli.app import run

    sys.exit(run(arguments))


if __name__ == "__main__":
    main()
