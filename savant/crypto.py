"""Sealing texts with one of several keys, each text bound to what it belongs to."""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
from collections.abc import Sequence
from typing import NamedTuple

from savant.errors import ErrorCode, SavantError

KEY_BYTES = 32
NONCE_BYTES = 12


class Sealed(NamedTuple):
    """A nonce and what AES-256-GCM made with it, and which key it takes to open it."""

    key_id: str
    data: bytes


class Keyring:
    """Keys of 32 bytes: the first seals, any of them opens."""

    def __init__(self, keys: Sequence[bytes]) -> None:
        self._keys = {key_id(key): key for key in keys}
        self.current = key_id(keys[0])

    def __contains__(self, id: str) -> bool:
        return id in self._keys

    def seal(self, text: str, *belongs_to: object) -> Sealed:
        """The text, to be opened only by naming again what it belongs to."""
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        nonce = os.urandom(NONCE_BYTES)
        data = AESGCM(self._keys[self.current]).encrypt(nonce, text.encode(), _bound(self.current, belongs_to))
        return Sealed(self.current, nonce + data)

    def open(self, sealed: Sealed, *belongs_to: object) -> str:
        """The text again; INVALID_CONFIG without its key, UNEXPECTED for one that was changed or moved elsewhere."""
        from cryptography.exceptions import InvalidTag
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        key = self._keys.get(sealed.key_id)
        if key is None:
            raise SavantError(
                ErrorCode.INVALID_CONFIG,
                f"It is sealed with the key {sealed.key_id}, which is not here.",
                hint="Bring back that key, or set the secret again.",
            )
        nonce, data = sealed.data[:NONCE_BYTES], sealed.data[NONCE_BYTES:]
        try:
            return AESGCM(key).decrypt(nonce, data, _bound(sealed.key_id, belongs_to)).decode()
        except (InvalidTag, ValueError):
            message = "It does not open: it was changed, or it was sealed for something else."
            raise SavantError(ErrorCode.UNEXPECTED, message, hint="Set the secret again.") from None


def new_key() -> str:
    """A new key, as it is written down."""
    return base64.urlsafe_b64encode(os.urandom(KEY_BYTES)).decode()


def read_keys(text: str) -> list[bytes]:
    """Keys as they are written down, with commas or white space between them; INVALID_CONFIG for what is none."""
    return [_key(word) for word in text.replace(",", " ").split()]


def key_id(key: bytes) -> str:
    """What a key is called; it tells nothing about the key."""
    return hashlib.sha256(b"savant key id\0" + key).hexdigest()[:16]


def _key(word: str) -> bytes:
    try:
        key = base64.b64decode(word, altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) != KEY_BYTES:
        message = "A key that seals secrets is 32 random bytes in URL-safe base64."
        hint = "Make one: python -c 'import base64, os; print(base64.urlsafe_b64encode(os.urandom(32)).decode())'"
        raise SavantError(ErrorCode.INVALID_CONFIG, message, hint=hint)
    return key


def _bound(key: str, belongs_to: tuple[object, ...]) -> bytes:
    """Each part with its length before it, so that no two lists of parts look alike."""
    parts = [str(part).encode() for part in ("savant", 1, key, *belongs_to)]
    return b"".join(len(part).to_bytes(4, "big") + part for part in parts)
