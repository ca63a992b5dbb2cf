"""`python -m savant.server serve|worker ...`: what `savant serve` and `savant worker` become."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import threading
from typing import NoReturn

from savant.errors import ExitCode, SavantError


class Ended(BaseException):
    """A signal came; what was opened is closed on the way out."""


def main() -> int:
    """The exit code: 0 after a signal that asked it to stop."""
    options = _options()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, _end)
    try:
        _carry_out(options)
    except Ended:
        return ExitCode.DONE
    except SavantError as error:
        sys.stderr.write(f"error: {' '.join(str(error).split())}\n")
        return error.exit_code
    return ExitCode.DONE


def _carry_out(options: argparse.Namespace) -> None:
    from savant.server.serving import Place, serve, work

    if options.command == "worker":
        if options.beside:
            threading.Thread(target=_end_with_parent, daemon=True).start()
        work(options.concurrency, beside=options.beside)
        return
    serve(Place(options.host, options.port, options.workers, options.first_owner))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="savant.server")
    commands = parser.add_subparsers(dest="command", required=True)
    serving = commands.add_parser("serve")
    serving.add_argument("--host", default="127.0.0.1")
    serving.add_argument("--port", type=int, default=7282)
    serving.add_argument("--workers", type=int, default=1)
    serving.add_argument("--first-owner", action="store_true")
    working = commands.add_parser("worker")
    working.add_argument("--concurrency", type=int, default=10)
    working.add_argument("--beside", action="store_true")
    return parser.parse_args()


def _end_with_parent() -> None:
    """The server that started this holds its stdin; however that server ends, stdin ends."""
    while os.read(sys.stdin.fileno(), 1024):  # not through the buffer, which this would hold when the process exits
        pass
    os.kill(os.getpid(), signal.SIGTERM)


def _end(number: int, frame: object) -> NoReturn:
    """Unwind, and let no second signal interrupt that."""
    for each in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(each, signal.SIG_IGN)
    raise Ended


if __name__ == "__main__":
    sys.exit(main())
