"""Server-sent events out of bytes, in whatever pieces these arrive."""

from __future__ import annotations


class EventStream:
    """Feed it chunks, get the `data` of each event that is complete; lines end in LF or CRLF.

    A body that begins with `{`, `[` or `<` is no event stream: `plain` is then true and `rest` holds it whole.
    Many servers name the wrong content type, so the first byte decides.
    """

    def __init__(self) -> None:
        self.plain: bool | None = None
        self._pending = bytearray()
        self._data: list[bytes] = []

    @property
    def rest(self) -> bytes:
        return bytes(self._pending)

    def feed(self, chunk: bytes) -> list[bytes]:
        self._pending += chunk
        if self.plain is None:
            start = bytes(self._pending).lstrip()[:1]
            self.plain = start in (b"{", b"[", b"<") if start else None
        return self._complete() if self.plain is False and b"\n" in chunk else []

    def close(self) -> list[bytes]:
        """What a server left unterminated at the end; a tolerant reading of those that omit the last blank line."""
        return [] if self.plain else self.feed(b"\n\n")

    def _complete(self) -> list[bytes]:
        *lines, rest = bytes(self._pending).split(b"\n")
        self._pending = bytearray(rest)
        events: list[bytes] = []
        for line in (line.removesuffix(b"\r") for line in lines):
            if line.startswith(b"data:"):
                self._data.append(line[5:].removeprefix(b" "))
            elif not line and self._data:
                events.append(b"\n".join(self._data))
                self._data.clear()
        return events
