"""`savant`: the version is answered before anything is loaded."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line in `sys.argv` and exit with its code."""
    from savant.cli import output

    output.prepare()
    arguments = sys.argv[1:]
    if arguments in (["--version"], ["-V"]):
        sys.exit(_version())
    from savant.cli.app import run

    sys.exit(run(arguments))


def _version() -> int:
    from savant import __version__
    from savant.cli import output

    try:
        output.line(f"savant {__version__}")
    except (output.ReaderGone, output.Undeliverable) as error:
        output.abandon()
        return 141 if isinstance(error, output.ReaderGone) else 1
    return 0


if __name__ == "__main__":
    main()
