"""Addresses that others name and this machine opens: only public ones, and the one that was looked at."""

from __future__ import annotations

import asyncio
import ipaddress
import re
import socket
from typing import NamedTuple

from savant.errors import ErrorCode, SavantError

_PORTS = {"http": 80, "https": 443}
_URL = re.compile(
    r"(?P<scheme>https?)://(?:[\w.~-]+@)?(?P<host>[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:.]+\])"
    r"(?::(?P<port>[0-9]{1,5}))?(?:/[!-~]*)?",
)
"""Narrower than the standard, so that whoever opens the address cannot read it differently."""
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class Place(NamedTuple):
    """The host and port of an address."""

    host: str
    port: int


def place_of(url: str) -> Place:
    """Where an http address leads; FORBIDDEN for any other, and where it is plainly of a private network."""
    found = _URL.fullmatch(url)
    if found is None:
        raise _refused(url, "only plain http:// and https:// addresses are opened from here")
    host = found["host"].strip("[]")
    if host.lower() == "localhost" or not _public(host):
        raise _refused(url, "it is of the server's own network")
    return Place(host, int(found["port"] or _PORTS[found["scheme"]]))


async def resolved(url: str) -> tuple[Place, list[str]]:
    """Where it leads, with its IP addresses, all public; FORBIDDEN if one is not, UNREACHABLE without any."""
    place = place_of(url)
    try:
        found = await asyncio.get_running_loop().getaddrinfo(place.host, place.port, type=socket.SOCK_STREAM)
    except OSError:
        raise SavantError(ErrorCode.UNREACHABLE, f"There is no host `{place.host}`.") from None
    numbers = list(dict.fromkeys(str(each[4][0]) for each in found))
    if not all(_public(number) for number in numbers):
        raise _refused(url, "it is of the server's own network")
    return place, numbers


def _public(host: str) -> bool:
    """Whether an IP address is of the open Internet; a name may be."""
    try:
        address: _Address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return True
    within = _within(address)
    return all(one.is_global and not one.is_multicast and not one.is_reserved for one in (address, *within))


def _within(address: _Address) -> list[_Address]:
    """IPv4 addresses that an IPv6 address stands for."""
    if isinstance(address, ipaddress.IPv4Address):
        return []
    teredo = address.teredo or ()
    nat64 = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF) if address in _NAT64 else None
    return [one for one in (address.ipv4_mapped, address.sixtofour, nat64, *teredo) if one is not None]


def _refused(url: str, why: str) -> SavantError:
    hint = "Who runs the server may set `server.private_addresses`."
    return SavantError(ErrorCode.FORBIDDEN, f"`{url}` is not opened: {why}.", hint=hint)
