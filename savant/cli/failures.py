"""How things that go wrong leave the process: one line, one JSON document if asked, one exit code."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from typer import Abort, Exit, TyperException

from savant.cli import output
from savant.cli.door import Door, Terminated
from savant.errors import ErrorCode, ExitCode, SavantError, SavantErrors


def guarded(door: Door, work: Callable[[], int]) -> int:
    """What `work` returns, or the exit code of what it raised, said once; the output is complete or discarded."""
    try:
        try:
            code = _attempt(door, work)
            door.out.close(done=code == 0)
        finally:
            door.out.discard()
    except output.ReaderGone:
        output.abandon()
        return ExitCode.BROKEN_PIPE
    except output.Undeliverable as error:
        output.abandon()
        door.say.error(SavantError(ErrorCode.UNEXPECTED, f"The result could not be written: {error}."))
        return ExitCode.UNEXPECTED
    return code


def document(error: SavantError) -> dict[str, Any]:
    """An error as `--json` shows it; `errors` holds the findings where there are several."""
    shown: dict[str, Any] = {
        "code": error.code.value,
        "message": error.message,
        "hint": error.hint,
        "position": error.position._asdict() if error.position else None,
        "details": error.details,
    }
    if isinstance(error, SavantErrors):
        shown["errors"] = [document(each) for each in error.errors]
    return shown


def result(error: SavantError, run_id: int | None = None) -> dict[str, Any]:
    """The last event of a JSONL stream that an error ended."""
    return {
        "status": "failed",
        "error_code": error.code.value,
        "exit_code": int(error.exit_code),
        "cost_usd": None,
        "usage": None,
        "run_id": run_id,
        "error": document(error),
    }


def _attempt(door: Door, work: Callable[[], int]) -> int:
    try:
        return work()
    except (output.ReaderGone, output.Undeliverable):
        raise
    except BrokenPipeError as error:
        # The help is written by typer itself.
        raise output.ReaderGone from error
    except Exit as error:
        return error.exit_code
    except SavantError as error:
        return _fail(door, error)
    except TyperException as error:
        return _fail(door, _usage(error))
    except (KeyboardInterrupt, Abort):
        return _leave(door, ExitCode.INTERRUPTED)
    except Terminated:
        return _leave(door, ExitCode.TERMINATED)
    except Exception as error:  # noqa: BLE001
        # The last guard: a fault of ours is one line and a log, never a traceback in a person's face.
        return _fail(door, unexpected(door, error))


def _fail(door: Door, error: SavantError) -> int:
    """Say it on stderr; if a program reads stdout, give it the document it waits for."""
    door.say.error(error)
    if door.out.format == "json" and not door.out.began:
        door.out.show({"error": document(error)}, str)
    elif door.out.format == "jsonl":
        door.out.end(**result(error, door.run_id))
    return error.exit_code


def _leave(door: Door, code: ExitCode) -> int:
    """A signal ended it; what was running was unwound, and the way back is said."""
    error = SavantError(ErrorCode.STOPPED, "Interrupted.", hint=door.leaving)
    door.say.error(error)
    if door.out.format == "json" and not door.out.began:
        door.out.show({"error": document(error)}, str)
    elif door.out.format == "jsonl":
        door.out.end(**result(error) | {"status": "stopped", "exit_code": int(code), "run_id": door.run_id})
    return code


def unexpected(door: Door, error: BaseException) -> SavantError:
    """A fault of ours as an error, with its traceback in a file that can be sent along with a report."""
    try:
        log = _log(door.home, error)
        hint = f"This is a fault in Savant. Please report it with {log}."
    except OSError:
        hint = "This is a fault in Savant, and its log could not be written; set SAVANT_HOME to a writable folder."
    what = f"{error.__class__.__name__}: {error}".rstrip(": .")
    return SavantError(ErrorCode.UNEXPECTED, f"{what}.", hint=hint)


def _usage(error: TyperException) -> SavantError:
    message = error.format_message().rstrip(".")
    message += "" if message.endswith("?") else "."
    context = getattr(error, "ctx", None)
    close = getattr(error, "possibilities", None)
    if close:
        return SavantError(ErrorCode.USAGE, f"{error.message}.", hint=f"Did you mean {sorted(close)[0]}?")
    path = context.command_path if context is not None else "savant"
    return SavantError(ErrorCode.USAGE, message, hint=f"See `{path} --help`.")


def _log(home: Path, error: BaseException) -> Path:
    import traceback

    from savant import __version__, clock

    folder = home / "logs"
    folder.mkdir(parents=True, exist_ok=True)
    now = clock.now()
    file = folder / f"crash-{now:%Y%m%d-%H%M%S}-{clock.token(2)}.log"
    # The arguments are left out: a goal or an input may be private.
    head = f"savant {__version__}, Python {sys.version.split()[0]}, {sys.platform}, {now.isoformat()}\n\n"
    file.write_text(head + "".join(traceback.format_exception(error)), encoding="utf-8")
    return file
