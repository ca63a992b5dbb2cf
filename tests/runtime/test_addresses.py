"""What others name is opened only where it is of the open Internet, and only where it was looked at."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Any

import pytest

from savant.errors import ErrorCode, SavantError
from savant.runtime import addresses
from savant.runtime.indexing import clone

PUBLIC, PUBLIC6 = "93.184.216.34", "2606:2800:220:1::1"


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/", "http://localhost:80/", "http://10.0.0.1/", "http://172.16.5.5/", "http://192.168.1.1/",
        "http://169.254.169.254/", "http://100.64.0.1/", "http://0.0.0.0/", "http://224.0.0.1/", "http://[::]/",
        "http://[::1]/", "http://[fe80::1]/", "http://[fc00::1]/", "http://[::ffff:127.0.0.1]/",
        "http://[64:ff9b::7f00:1]/", "http://[2002:7f00:1::]/", "http://255.255.255.255/",
        "ftp://example.org/", "file:///etc/passwd", "http://example.org\\@127.0.0.1/", "http://a:b@example.org/",
        "http://example.org /", "http://example.org/\n", "http://exämple.org/", "http:///a", "http://.example.org/",
    ],
)  # fmt: skip
def test_these_are_refused_before_anything_is_looked_up(url: str) -> None:
    with pytest.raises(SavantError) as refused:
        addresses.place_of(url)
    assert refused.value.code is ErrorCode.FORBIDDEN


@pytest.mark.parametrize("number", ["127.0.0.1", "10.0.0.8", "::1", "fd00::1"])
async def test_a_name_of_a_private_address_is_refused(monkeypatch: pytest.MonkeyPatch, number: str) -> None:
    resolving(monkeypatch, PUBLIC, number)
    with pytest.raises(SavantError, match="own network"):
        await addresses.resolved("https://git.example.org/a.git")


@pytest.mark.parametrize("url", ["http://2130706433/", "http://0x7f.1/", "http://127.1/"])
async def test_numbers_in_disguise_are_refused_where_they_lead(url: str) -> None:
    with pytest.raises(SavantError, match="own network"):
        await addresses.resolved(url)


async def test_a_public_name_is_opened_where_it_led_and_nowhere_else(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    resolving(monkeypatch, PUBLIC, PUBLIC6)
    log, git = tmp_path / "log", tmp_path / "bin" / "git"
    git.parent.mkdir()
    git.write_text(f'#!/bin/sh\necho "$@" >> {log}\nexit 1\n')
    git.chmod(0o755)
    monkeypatch.setenv("PATH", str(git.parent), prepend=":")
    remote = clone.Remote("https://git.example.org/a.git")
    with pytest.raises(SavantError, match="cannot be had"):
        await clone.fetch(clone.pinned(remote, *await addresses.resolved(remote.url)), tmp_path / "clone")
    said = log.read_text()
    assert f"-c http.curloptResolve=git.example.org:443:{PUBLIC},[{PUBLIC6}]" in said
    assert "-c http.followRedirects=false" in said


async def test_who_is_nowhere_is_said_to_be(monkeypatch: pytest.MonkeyPatch) -> None:
    resolving(monkeypatch)
    with pytest.raises(SavantError) as refused:
        await addresses.resolved("https://nowhere.example.org/")
    assert refused.value.code is ErrorCode.UNREACHABLE


def resolving(monkeypatch: pytest.MonkeyPatch, *numbers: str) -> None:
    """A name server that gives these for every name."""

    def found(host: str, port: int, *_: Any, **__: Any) -> list[Any]:
        if not numbers:
            raise socket.gaierror("no such host")
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (number, port)) for number in numbers]

    monkeypatch.setattr(socket, "getaddrinfo", found)
