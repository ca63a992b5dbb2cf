"""`savant secrets` in real processes: the value comes in by standard input, a variable or a prompt, and never out."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Cli

WORKFLOW = """
name: Post
steps:
  - {id: post, tool: fs.write, with: {path: sent.txt, text: "token ${{ secrets.TOKEN }}"}}
  - {id: look, tool: fs.read, with: {path: sent.txt}}
outputs: {seen: "${{ steps.look.output.text }}"}
"""


def test_a_value_from_standard_input_a_variable_or_a_prompt(savant: Cli) -> None:
    piped = savant("secrets", "set", "TOKEN", "-", input="hunter22\n")
    assert (piped.code, piped.stdout) == (0, "")
    assert "${{ secrets.TOKEN }}" in piped.stderr
    named = savant("secrets", "set", "OTHER", "--from-env", "MY_TOKEN", "--json", env={"MY_TOKEN": "hunter23"})
    assert (named.code, sorted(named.json)) == (0, ["created_at", "key_id", "name", "updated_at"])
    typed = savant.on_terminal("secrets", "set", "THIRD", answers=[("(it is not shown)", "hunter24")])
    assert typed.code == 0
    listed = savant("secrets", "list", "--json").json["items"]
    assert [each["name"] for each in listed] == ["OTHER", "THIRD", "TOKEN"]
    shown = "".join([piped.stderr, named.stderr, typed.stdout, json.dumps(listed), savant("secrets", "list").stdout])
    assert "hunter2" not in shown


@pytest.mark.parametrize(
    ("arguments", "env", "said"),
    [
        (["TOKEN", "hunter22"], {}, "does not belong on the command line"),
        (["TOKEN"], {}, "Nobody is here to be asked"),
        (["TOKEN", "--from-env", "UNSET"], {}, "UNSET is not set"),
        (["TOKEN", "-", "--from-env", "MY_TOKEN"], {"MY_TOKEN": "hunter22"}, "not both"),
        (["MY-TOKEN", "-"], {}, "no name for a secret"),
        (["TOKEN", "--from-env", "MY_TOKEN"], {"MY_TOKEN": "abc"}, "4 to 65536 characters"),
    ],
)
def test_what_is_refused_is_a_usage_error_that_shows_no_value(
    savant: Cli, arguments: list[str], env: dict[str, str], said: str
) -> None:
    refused = savant("secrets", "set", *arguments, input="hunter22", env=env)
    assert refused.code == 2
    assert said in refused.stderr
    assert "hunter22" not in refused.stdout + refused.stderr
    assert savant("secrets", "list", "--json").json == {"items": []}


def test_a_run_uses_it_and_nothing_that_is_kept_or_shown_has_it(savant: Cli, env: dict[str, str]) -> None:
    savant.write(".savant/workflows/post.yaml", WORKFLOW)
    unset = savant("run", "post")
    assert (unset.code, "savant secrets set TOKEN" in unset.stderr) == (2, True)
    assert savant("secrets", "set", "TOKEN", "-", input="hunter22").code == 0
    done = savant("run", "post", "--output", "jsonl")
    assert (done.code, Path(savant.folder, "sent.txt").read_text()) == (0, "token hunter22")
    recorded = savant("runs", "record", "1", "--as", "tests/post.run.yaml")
    assert recorded.code == 0, recorded.stderr
    shown = [savant("runs", *rest) for rest in (["show", "1", "--json"], ["export", "1"], ["show", "1", "-v"])]
    for result in (done, *shown):
        assert "token ***" in result.stdout or "***" in result.stdout
    seen = "".join(each.stdout + each.stderr for each in (unset, done, recorded, *shown))
    kept = b"".join(file.read_bytes() for file in Path(env["SAVANT_HOME"]).rglob("*") if file.is_file())
    assert "hunter22" not in seen + Path(savant.folder, "tests/post.run.yaml").read_text()
    assert b"hunter22" not in kept
    assert savant("secrets", "remove", "TOKEN").code == 0
    tested = savant("test")
    assert tested.code == 0, tested.stderr


def test_the_key_is_in_a_private_file_where_there_is_no_keyring_and_can_be_changed(
    savant: Cli, env: dict[str, str]
) -> None:
    keys = Path(env["SAVANT_HOME"], "secret.keys")
    for backend in ("keyring.backends.fail.Keyring", "keyring.backends.null.Keyring"):
        keys.unlink(missing_ok=True)
        done = savant("secrets", "set", "TOKEN", "-", input="hunter22", env={"PYTHON_KEYRING_BACKEND": backend})
        assert done.code == 0, done.stderr
        assert keys.stat().st_mode & 0o777 == 0o600
        assert len(keys.read_text().split()) == 1
    rotated = savant("secrets", "rotate-key")
    assert (rotated.code, "Sealed 1 secret anew" in rotated.stderr) == (0, True)
    assert len(keys.read_text().split()) == 2
    forgotten = savant("secrets", "rotate-key", "--forget-old", "--json").json
    assert (forgotten["resealed"], len(forgotten["forgotten"])) == (1, 2)
    assert len(keys.read_text().split()) == 1


KEYRING = """
import json, pathlib
from keyring.backend import KeyringBackend

FILE = pathlib.Path(__file__).with_name("kept.json")

class Keyring(KeyringBackend):
    priority = 9

    def _all(self):
        return json.loads(FILE.read_text()) if FILE.exists() else {}

    def get_password(self, service, name):
        return self._all().get(f"{service}/{name}")

    def set_password(self, service, name, password):
        FILE.write_text(json.dumps({**self._all(), f"{service}/{name}": password}))

    def delete_password(self, service, name):
        kept = self._all()
        del kept[f"{service}/{name}"]
        FILE.write_text(json.dumps(kept))
"""


def test_the_key_is_in_the_keyring_of_the_system_where_there_is_one(
    savant: Cli, env: dict[str, str], tmp_path: Path
) -> None:
    ring = tmp_path / "ring"
    ring.mkdir()
    (ring / "myring.py").write_text(KEYRING)
    here = {"PYTHON_KEYRING_BACKEND": "myring.Keyring", "PYTHONPATH": str(ring)}
    savant.write(".savant/workflows/post.yaml", WORKFLOW)
    assert savant("secrets", "set", "TOKEN", "-", input="hunter22", env=here).code == 0
    assert savant("secrets", "rotate-key", env=here).code == 0
    file = Path(env["SAVANT_HOME"], "secret.keys").read_text()
    [(entry, keys)] = json.loads((ring / "kept.json").read_text()).items()
    assert (entry, len(keys.split())) == ("savant/" + file.removeprefix("keyring:").strip(), 2)
    assert savant("run", "post", env=here).code == 0
    without = savant("run", "post", env={"PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring"})
    assert (without.code, "keyring, which does not give it" in without.stderr) == (2, True)
