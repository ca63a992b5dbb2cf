"""Results, and nothing else: the one place that writes stdout."""

from __future__ import annotations

import os
import sys

from savant import __version__

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from typing import Any, TextIO

SCHEMA_VERSION = 1
_CODES = {"reset": 0, "bold": 1, "dim": 2, "red": 31, "green": 32, "yellow": 33, "cyan": 36}
_MARKS = 0xF8A0  # in the private use area: nobody's text, so a result cannot colour itself
_COLORED = {_MARKS + n: f"\x1b[{code}m" for n, code in enumerate(_CODES.values())}
_PLAIN = {_MARKS + n: None for n in range(len(_CODES))}


class ReaderGone(Exception):
    """Whoever read stdout went away before everything was written."""


class Undeliverable(Exception):
    """The result could not be written; the reason is the message."""


def line(text: str) -> None:
    """One line on stdout, for what is answered before anything is loaded; raises ReaderGone or Undeliverable."""
    _put(sys.stdout, text + "\n")


class Output:
    """Where a command's result goes, in the format that was asked for.

    `file` (from -o) is written beside its place and moved there by `close`, so that it is whole or not at all.
    """

    def __init__(self, format: str = "text", file: Path | None = None, *, color: bool | None = None) -> None:
        self.format = format
        self.began = False
        self.ended = False
        self._file = file
        self._part: Path | None = None
        self._stream: TextIO = sys.stdout if file is None else self._open(file)
        self.terminal = file is None and _is_terminal(sys.stdout)
        self.color = self.terminal and wants_color() if color is None else color and self.terminal

    @property
    def structured(self) -> bool:
        """Whether a program reads this (json or jsonl), so that every answer must be a document."""
        return self.format in ("json", "jsonl")

    def show(self, value: Any, text: Callable[[], str], markdown: Callable[[], str] | None = None) -> None:
        """Print a result: `value` as JSON for programs, else what `text` or `markdown` makes of it."""
        if self.format == "json":
            self._write(self._json(value, pretty=True) + "\n")
        elif self.format == "jsonl":
            items = value.get("items") if isinstance(value, dict) else value
            for item in items if isinstance(items, list) else [value]:
                self._write(self._json(item) + "\n")
        elif self.format in ("junit", "sarif", "github"):
            raise _no_such_form(self.format)
        else:
            make = markdown if self.format == "markdown" and markdown else text
            self.text(make())

    def text(self, text: str) -> None:
        """Print text as it is, ending with a newline; what could steer a terminal is taken out on a terminal."""
        if text:
            shown = paint(visible(text) if self.terminal else text, color=self.color)
            self._write(shown if shown.endswith("\n") else shown + "\n")

    def event(self, event: dict[str, Any]) -> None:
        """Print one event of a JSONL stream at once."""
        self._write(self._json(event) + "\n")

    def init(self, **fields: Any) -> None:
        """Begin a JSONL stream."""
        self.event({"type": "init", "schema_version": SCHEMA_VERSION, "savant_version": __version__, **fields})

    def end(self, **fields: Any) -> None:
        """End a JSONL stream, once; a stream that never began is begun first."""
        if not self.ended:
            if not self.began:
                self.init()
            self.ended = True
            self.event({"type": "result", **fields})

    def close(self, *, done: bool) -> None:
        """Everything is where it was meant to go when this returns; raises ReaderGone or Undeliverable.

        A command that failed before it wrote anything leaves the file as it was.
        """
        _put(self._stream, "")
        if self._file is None or not (done or self.began):
            return
        self._stream.close()
        if self._part is not None:
            self._part.replace(self._file.resolve())
            self._part = None

    def discard(self) -> None:
        """Leave no half-written file behind."""
        if self._part is not None:
            self._stream.close()
            self._part.unlink(missing_ok=True)
            self._part = None

    def _write(self, text: str) -> None:
        self.began = True
        _put(self._stream, text)

    def _json(self, value: Any, *, pretty: bool = False) -> str:
        import msgspec

        encoded = msgspec.json.encode(value, enc_hook=str)
        return (msgspec.json.format(encoded) if pretty else encoded).decode()

    def _open(self, file: Path) -> TextIO:
        from savant.errors import ErrorCode, SavantError

        try:
            if file.exists() and not file.is_file():
                return file.open("w", encoding="utf-8")
            place = file.resolve()
            part = place.with_name(f".{place.name}.{os.getpid()}.part")
            stream = part.open("w", encoding="utf-8")
        except OSError as error:
            raise SavantError(ErrorCode.USAGE, f"Cannot write {file}: {error.strerror}.") from error
        self._part = part
        return stream


def _no_such_form(form: str) -> Exception:
    from savant.errors import ErrorCode, SavantError

    return SavantError(ErrorCode.USAGE, f"This command has nothing to say as {form}.", hint="Leave out --output.")


def _put(stream: TextIO, text: str) -> None:
    try:
        stream.write(text)
        stream.flush()
    except BrokenPipeError as error:
        raise ReaderGone from error
    except OSError as error:
        raise Undeliverable(error.strerror or str(error)) from error


def abandon() -> None:
    """Point stdout at nothing, so that the interpreter's own flush at exit does not complain of a closed pipe."""
    import contextlib

    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def prepare() -> None:
    """Have both streams there, whatever the caller closed, and able to say every character one way or another."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: PTH123, SIM115
        elif hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")


def wants_color() -> bool:
    """What the environment says: NO_COLOR, TERM=dumb and CI mean none."""
    environ = os.environ
    return not (environ.get("NO_COLOR") or environ.get("TERM", "dumb") == "dumb" or environ.get("CI"))


def style(text: str, name: str) -> str:
    """Text to be shown bold, dim, red, green, yellow or cyan, if colours are shown at all."""
    return f"{chr(_MARKS + list(_CODES).index(name))}{text}{chr(_MARKS)}"


def paint(text: str, *, color: bool) -> str:
    """The marks that `style` left, as escape codes or as nothing."""
    return text.translate(_COLORED if color else _PLAIN)


def visible(text: str) -> str:
    """The text without control characters, which could steer a terminal."""
    return "".join(c for c in text if c in "\n\t" or not (ord(c) < 32 or 127 <= ord(c) < 160))


def _is_terminal(stream: TextIO) -> bool:
    try:
        return stream.isatty()
    except ValueError:
        return False
