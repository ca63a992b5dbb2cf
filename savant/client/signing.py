"""Signing in to a server with something other than a key, which makes a key for this machine."""

from __future__ import annotations

import platform
from typing import Any

import msgspec

from savant.errors import ErrorCode, SavantError
from savant.schemas.keys import ApiKey, ApiKeyCreate


async def key_for_password(url: str, email: str, password: str) -> str:
    """A key made with an address and its password."""
    return await _key(url, "/session", {"email": email, "password": password})


async def key_for_token(url: str, token: str) -> str:
    """A key made with a token that signs in once."""
    return await _key(url, "/session/once", {"token": token})


async def accept(url: str, body: dict[str, Any]) -> None:
    """Accept an invitation; what it takes is `InvitationAccept`."""
    from savant.client.remote import RemoteTransport

    transport = RemoteTransport(url, None)
    try:
        await transport.send("POST", "/invitations/accept", msgspec.json.encode(body))
    finally:
        await transport.aclose()


async def _key(url: str, place: str, body: dict[str, Any]) -> str:
    """The session lasts as long as it takes to make the key."""
    from savant.client.remote import RemoteTransport

    transport = RemoteTransport(url, None)
    try:
        opened = await transport.send("POST", place, msgspec.json.encode(body))
        cookies = dict(opened.cookies)
        transport.headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in cookies.items())
        transport.headers["X-CSRF-Token"] = cookies.get("savant_csrf", "")
        wanted = ApiKeyCreate(name=f"savant login on {platform.node() or 'a machine'}"[:100])
        key = await transport.call("api_keys", "create", ApiKey, create=wanted)
        await transport.send("DELETE", "/session", None)
    finally:
        await transport.aclose()
    if key.key is None:
        raise SavantError(ErrorCode.UNEXPECTED, "The server made a key and did not show it.")
    return key.key
