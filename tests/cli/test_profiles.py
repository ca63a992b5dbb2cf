"""Profiles, and where keys to servers are kept."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest

from savant.errors import SavantError
from savant.policies import RULES
from savant.settings import credentials, keyrings
from tests.cli.conftest import Cli

A, B = "https://a.example", "https://b.example/"


@pytest.fixture
def no_keyring(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.fail.Keyring")


@pytest.mark.usefixtures("no_keyring")
def test_a_key_is_kept_by_server_in_a_file_for_its_owner_alone(tmp_path: Path) -> None:
    credentials.keep(tmp_path, A, "svt_live_a")
    credentials.keep(tmp_path, B, "svt_live_b")
    assert credentials.find(tmp_path, A + "/") == "svt_live_a"
    assert credentials.find(tmp_path, B) == "svt_live_b"
    assert stat.S_IMODE((tmp_path / credentials.FILE).stat().st_mode) == 0o600
    assert credentials.forget(tmp_path, A)
    assert credentials.find(tmp_path, A) is None
    assert not credentials.forget(tmp_path, A)
    assert credentials.find(tmp_path, B) == "svt_live_b"


def test_a_keyring_that_gives_back_what_it_got_keeps_the_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept: dict[str, str] = {}
    monkeypatch.setattr(keyrings, "write", lambda entry, text: kept.update({entry: text}) or True)
    monkeypatch.setattr(keyrings, "read", kept.get)
    monkeypatch.setattr(keyrings, "remove", kept.pop)
    credentials.keep(tmp_path, A, "svt_live_a")
    assert "svt_live_a" not in (tmp_path / credentials.FILE).read_text()
    assert credentials.find(tmp_path, A) == "svt_live_a"
    assert credentials.forget(tmp_path, A)
    assert not kept


def test_a_broken_file_of_keys_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / credentials.FILE).write_text("{")
    with pytest.raises(SavantError, match="sign in again"):
        credentials.find(tmp_path, A)


def test_profiles_are_listed_used_and_left(savant: Cli) -> None:
    assert savant("config", "set", "profiles.work.url", "https://a.example").code == 0
    assert savant("profile", "use", "work").code == 0
    shown = savant("profile", "list", "--json").json["items"]
    assert shown == [
        {"name": "local", "url": None, "in_use": False},
        {"name": "work", "url": "https://a.example", "in_use": True},
    ]
    assert savant("config", "show", "--json").json["url"] == "https://a.example"
    missing = savant("profile", "use", "wrok")
    assert (missing.code, "There are: local, work." in missing.stderr) == (2, True)
    assert savant("profile", "use", "local").code == 0
    assert savant("profile", "use", "local").code == 0
    assert "url" not in savant("config", "show", "--json").json


def test_the_policies_are_a_table_of_all_verbs(savant: Cli) -> None:
    items = savant("policies", "--json").json["items"]
    assert len(items) == sum(map(len, RULES.values()))
    assert {"noun": "agents", "verb": "list"}.items() <= next(each for each in items).items()
    assert "agents:read" in savant("policies").stdout
    assert json.dumps(items)
