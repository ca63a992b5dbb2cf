"""What is in a file: its bytes as text, whatever their encoding, or why it is not text."""

from __future__ import annotations

import codecs

_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


def decoded(data: bytes) -> str | None:
    """The text in a file's bytes, without its byte order mark; None if it is binary.

    By its mark UTF-8, UTF-16 or UTF-32; else UTF-8; else Windows-1252, which is what old sources are mostly in.
    """
    for mark, encoding in _BOMS:
        if data.startswith(mark):
            text = data[len(mark) :].decode(encoding, "replace")
            return None if "\0" in text else text
    if b"\0" in data:
        return None
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        pass
    # Bytes that no Western text has are a sign of something that is no text at all.
    odd = sum(data.count(byte) for byte in b"\x01\x02\x03\x04\x05\x06\x07\x0e\x0f\x10\x11\x12\x13\x14\x15\x16\x17")
    return None if odd * 50 > len(data) else data.decode("cp1252", "replace")
