"""Secrets, as the client has them."""

from __future__ import annotations

from savant.client.transport import Transport
from savant.schemas.secrets import KeyRotation, Secret, SecretSet


class Secrets:
    """Values that runs may use by name; none is ever given back."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    async def list(self) -> list[Secret]:
        return await self._transport.call("secrets", "list", list[Secret])

    async def set(self, set: SecretSet) -> Secret:
        """Make one, or change the one that is there."""
        return await self._transport.call("secrets", "set", Secret, set=set)

    async def delete(self, ref: str) -> None:
        await self._transport.call("secrets", "delete", type(None), ref=ref)

    async def rotate_key(self, *, forget: bool = False) -> KeyRotation:
        """Seal all secrets of this installation with a new key; with `forget`, throw older keys away."""
        return await self._transport.call("master_keys", "rotate", KeyRotation, forget=forget)
