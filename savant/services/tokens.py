"""Secrets that are shown once: made here, kept as a hash, and checked for slips before anything is looked up."""

from __future__ import annotations

import hashlib
import zlib
from typing import NamedTuple

from savant import clock

_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_RANDOM_BYTES = 24
_RANDOM_LENGTH = 33  # digits that hold so many bytes
_CHECKSUM_LENGTH = 6  # digits that hold 32 bits
_SHOWN = 8


class Token(NamedTuple):
    """`text` is shown once; `prefix` may be shown again, and `hash` is kept."""

    text: str
    prefix: str
    hash: str


def make_key(environment: str = "live") -> Token:
    """An API key: `svt_<env>_<random><checksum>`."""
    body = f"svt_{environment}_{_digits(int(clock.token(_RANDOM_BYTES), 16), _RANDOM_LENGTH)}"
    text = body + _checksum(body)
    return Token(text, key_prefix(text), digest(text))


def make_secret() -> Token:
    """What a cookie, an invitation or a link holds: 256 random bits."""
    text = clock.token(32)
    return Token(text, text[:_SHOWN], digest(text))


def is_key(text: str) -> bool:
    """Whether a text can be one of our keys at all: its form, and its checksum."""
    parts = text.split("_")
    well_formed = len(parts) == 3 and parts[0] == "svt" and len(parts[2]) == _RANDOM_LENGTH + _CHECKSUM_LENGTH
    return well_formed and text.isascii() and _checksum(text[:-_CHECKSUM_LENGTH]) == text[-_CHECKSUM_LENGTH:]


def key_prefix(text: str) -> str:
    """The beginning of a key, by which it is found and told from others."""
    return text[: text.rindex("_") + 1 + _SHOWN]


def digest(text: str) -> str:
    """SHA-256 as hex; the secrets are long and random, so nothing slower is needed."""
    return hashlib.sha256(text.encode()).hexdigest()


def _checksum(body: str) -> str:
    return _digits(zlib.crc32(body.encode()), _CHECKSUM_LENGTH)


def _digits(number: int, length: int) -> str:
    """A number in base 62, filled up with zeros."""
    digits = ""
    while number:
        number, digit = divmod(number, len(_DIGITS))
        digits = _DIGITS[digit] + digits
    return digits.rjust(length, "0")
