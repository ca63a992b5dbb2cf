"""Passwords: argon2id, in a thread, since it is slow on purpose."""

from __future__ import annotations

import asyncio
from functools import cache
from typing import Any

from savant.errors import ErrorCode, SavantError

LEAST, MOST = 12, 1024
MEMORY_KIB, ROUNDS = 19 * 1024, 2


async def hashed(password: str) -> str:
    """The hash of a new password; VALIDATION_ERROR for one that is too short."""
    if not LEAST <= len(password) <= MOST:
        raise SavantError(
            ErrorCode.VALIDATION, f"A password has {LEAST} to {MOST} characters.", hint="Four random words will do."
        )
    return await asyncio.to_thread(_hasher().hash, password)


async def matches(stored: str | None, password: str) -> bool:
    """Whether a password is the one that was kept; without any, it takes as long to say no."""
    return await asyncio.to_thread(_matches, stored or _nobodys(), password) and stored is not None


def _matches(stored: str, password: str) -> bool:
    from argon2.exceptions import Argon2Error, InvalidHashError

    try:
        return _hasher().verify(stored, password)
    except InvalidHashError:  # nobody can sign in with a password there
        _hasher().hash(password[:MOST])
        return False
    except Argon2Error:
        return False


@cache
def _hasher() -> Any:
    try:
        from argon2 import PasswordHasher
    except ImportError as error:
        hint = "Install it with: pip install 'savant[server]'"
        raise SavantError(ErrorCode.INVALID_CONFIG, "Passwords need argon2.", hint=hint) from error
    return PasswordHasher(time_cost=ROUNDS, memory_cost=MEMORY_KIB, parallelism=1)


@cache
def _nobodys() -> str:
    return _hasher().hash("nobody signs in with this one")
