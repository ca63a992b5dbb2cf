"""Every command of docs/cli.md against a server, once: it works there, or says in one line why it cannot."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from savant.cli.app import run
from tests.served import Served

pytestmark = pytest.mark.postgres
REFERENCE = Path(__file__).parents[2] / "docs" / "cli.md"
MODEL = "turns: [Hello.]\nloop: true\n"
FILES = {
    ".savant/agents/speaker.yaml": "name: Speaker\n",
    ".savant/workflows/flow.yaml": "name: Flow\nsteps:\n  - {id: a, set: {x: 1}}\noutputs: {x: '${{ vars.x }}'}\n",
    "calm.yaml": "name: Calm\ninstructions: Be calm.\n",
    "house.yaml": "name: House\nrules: [Be kind.]\n",
    "other.yaml": "name: Other\ndriver_prompt: y\n",
    "second.yaml": "name: Second\nsteps:\n  - {id: a, set: {x: 1}}\n",
}
# The exit code, the command, and what is typed into it.
TRIED = r"""
0 init .
0 validate
0 plan flow
0 plan speaker
0 agents prompt speaker Hello
0 workflows graph flow
0 run flow
0 run speaker Hello
0 chat speaker < Hello
0 apply --yes
0 diff
0 export out --yes
0 agents list
0 agents show speaker
0 agents create Other --prompt x
0 agents edit other --file other.yaml
0 agents versions other
0 agents version other 1
0 agents diff other 1 2
0 agents rollback other 1
0 agents delete other --yes
0 workflows list
0 workflows show flow
0 workflows create --file second.yaml
0 workflows edit second --file second.yaml
0 workflows versions flow
0 workflows version flow 1
0 workflows diff flow 1
0 workflows rollback flow 1
0 workflows delete second --yes
0 personas list
0 personas create --file calm.yaml
0 personas show calm
0 personas edit calm --file calm.yaml
0 personas delete calm --yes
0 rulesets list
0 rulesets create House --rule x
0 rulesets show house
0 rulesets edit house --file house.yaml
0 rulesets delete house --yes
0 runs list
0 runs show
0 runs steps 1
0 runs traces 1
0 runs watch 1
2 runs stop 1
2 runs resume 1
0 runs retry 1
0 runs fork 1 --at flow/a
0 runs replay 1
0 runs diff 1 1
0 runs record 1 --as flow.run.yaml
0 test flow.run.yaml
0 runs export 1 -o run.json
0 runs import run.json
0 runs delete 1 --yes
3 index
3 repositories add .
0 repositories add https://127.0.0.1:1/none.git --name none
0 repositories list
0 repositories show none
0 repositories status none
0 repositories remove none --yes
2 repositories index none
2 search hello
0 jobs list
0 jobs status
2 jobs retry 999999
0 approvals list --all
2 approvals show 1
2 approvals approve 1
2 approvals deny 1
0 budget set 5 --per day
0 budget list
0 budget show
0 budget remove --per day
0 secrets set TOKEN - < word
0 secrets list
0 secrets remove TOKEN
2 secrets rotate-key
0 models list --no-probe
0 models test scripted/script.yaml
0 models default
0 lock
0 doctor
0 whoami
0 teams create Acme
0 teams list
0 teams edit acme --description x
0 teams delete acme --yes
0 workspaces create Pay
0 workspaces list
0 workspaces delete local/pay --yes
0 members add z@example.org
0 members list
2 members set-role z@example.org admin
2 members remove z@example.org --yes
0 invitations create
0 invitations list
0 invitations delete 1
2 invitations accept {url} x --email z@example.org < four random words
0 keys create ci
0 keys list
2 keys delete 99
0 shares create agent speaker --with team
0 shares list
0 shares delete 1
0 audit list
0 audit export
0 profile list
0 policies
0 gc --dry-run
2 db check
2 db backup file
2 db restore file --yes
0 config show
0 config set retries 2
0 config unset retries
0 config trust
0 config path
0 schema agent
0 completion bash
0 version
3 login {url} --key nonsense
2 workspaces use local/none
2 profile use none
0 logout
"""
ELSEWHERE = {"serve", "worker"}
"""What makes a server, and is tried as one in `test_serving`."""


def test_each_command_works_there_or_says_why_it_cannot(
    server: Served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    ada = server.at(tmp_path / "ada", server.key())
    for name, text in FILES.items():
        ada.write(name, text)
    monkeypatch.chdir(ada.folder)
    for name, value in ada.env.items():
        monkeypatch.setenv(name, value)
    wrong: list[str] = []
    for line in TRIED.strip().splitlines():
        wanted, _, command = line.format(url=server.url).partition(" ")
        command, _, typed = command.partition(" < ")
        (tmp_path / "typed").write_text(typed)
        monkeypatch.setattr("sys.stdin", (tmp_path / "typed").open())
        code = run(shlex.split(command))
        said = capfd.readouterr()
        if (code, said.err.count("error: ")) != (int(wanted), int(code != 0)):
            wrong.append(f"{command}: {code}\n{said.out[-300:]}\n{said.err[-400:]}")
    assert not wrong, "\n".join(wrong)


def test_every_command_was_tried() -> None:
    known = re.findall(r"^### `savant ([a-z-]+(?: [a-z-]+)?)", REFERENCE.read_text(), re.MULTILINE)
    tried = [f"{line.partition(' ')[2]} " for line in TRIED.strip().splitlines()]
    assert {name for name in known if not any(each.startswith(f"{name} ") for each in tried)} == ELSEWHERE
