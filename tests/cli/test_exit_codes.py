"""Every exit code, from a real process: with pipes, and on a terminal. docs/exit-codes.md says what each means."""

from __future__ import annotations

import asyncio
import signal
import sqlite3
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from savant.errors import ExitCode
from tests.cli.conftest import PATIENCE, SAVANT, Cli, Result
from tests.stubs.models import ModelStub, Reply

Prepare = Callable[[Cli], list[str]]

AGENT = "name: Helper\ntools: {{allow: [{allow}]}}\nconfig: {{max_steps: {steps}}}\n"


@contextmanager
def stub(*replies: Reply) -> Iterator[str]:
    """A model server of its own thread; its base URL."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    server = ModelStub(list(replies))
    try:
        asyncio.run_coroutine_threadsafe(server.__aenter__(), loop).result(PATIENCE)
        yield server.url
    finally:
        asyncio.run_coroutine_threadsafe(server.__aexit__(None, None, None), loop).result(PATIENCE)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


def workflow(savant: Cli, steps: str) -> list[str]:
    savant.write("flow.yaml", f"name: Flow\nsteps:\n{steps}")
    return ["run", "flow.yaml"]


def agent(savant: Cli, script: str, *, allow: str = '"fs.*"', steps: int = 20, more: str = "") -> list[str]:
    """A run of an agent whose model says what `script` says."""
    savant.write(".savant/agents/helper.yaml", AGENT.format(allow=allow, steps=steps) + more)
    savant.write("script.yaml", script)
    return ["run", "helper", "Help me.", "--model", "scripted/script.yaml"]


def remote(savant: Cli, url: str) -> list[str]:
    """A run of an agent whose model is behind `url`."""
    savant.write(".savant/agents/helper.yaml", "name: Helper\n")
    savant.env |= {
        "SAVANT_PROVIDERS__STUB__WIRE": "openai", "SAVANT_PROVIDERS__STUB__BASE_URL": url,
        "SAVANT_PROVIDERS__STUB__API_KEY": "secret-key-of-the-test", "SAVANT_RETRIES": "0", "SAVANT_MODEL_TIMEOUT": "5",
    }  # fmt: skip
    return ["run", "helper", "Help me.", "--model", "stub/m"]


def done(savant: Cli) -> list[str]:
    return agent(savant, "turns: [All is well.]\n")


def a_fault_of_ours(savant: Cli) -> list[str]:
    """A row that no version of Savant ever wrote."""
    assert savant(*workflow(savant, "  - {id: a, set: {x: 1}}\n")).code == ExitCode.DONE
    tamper(savant, "UPDATE runs SET config = '[]'")
    return ["runs", "show", "1"]


def tamper(savant: Cli, *statements: str) -> None:
    """Change the database behind Savant's back."""
    database = sqlite3.connect(Path(savant.env["SAVANT_HOME"]) / "savant.db")
    with database:
        for statement in statements:
            assert database.execute(statement).rowcount == 1
    database.close()


def a_broken_definition(savant: Cli) -> list[str]:
    return workflow(savant, "  - {id: a, tol: fs.list}\n")


def a_failing_step(savant: Cli) -> list[str]:
    return workflow(savant, '  - {id: a, fail: "No good."}\n')


def too_many_steps(savant: Cli) -> list[str]:
    turns = "".join(f"  - {{tools: [{{name: fs.find, arguments: {{glob: 'x{n}'}}}}]}}\n" for n in range(5))
    return agent(savant, f"turns:\n{turns}", steps=2)


def an_approval_nobody_gives(savant: Cli) -> list[str]:
    return [*asking(savant), "--on-approval", "fail"]


def asking(savant: Cli) -> list[str]:
    """An agent that must ask before it writes."""
    script = "turns:\n  - {tools: [{name: fs.write, arguments: {path: made.txt, text: hello}}]}\n  - Written.\n"
    savant.write("script.yaml", script)
    savant.write(".savant/agents/helper.yaml", 'name: Helper\ntools: {allow: ["fs.read"], ask: ["fs.write"]}\n')
    return ["run", "helper", "Write it.", "--model", "scripted/script.yaml"]


def a_denied_tool(savant: Cli) -> list[str]:
    script = "loop: true\nturns:\n  - {tools: [{name: fs.write, arguments: {path: a, text: b}}]}\n  - I could not.\n"
    return agent(savant, script, allow="")


def too_slow(savant: Cli) -> list[str]:
    return [*agent(savant, "turns: [{text: Late., delay: 30}]\n"), "--timeout", "0.5"]


CASES: list[tuple[ExitCode, Prepare, str]] = [
    (ExitCode.DONE, done, "All is well."),
    (ExitCode.USAGE, a_broken_definition, "flow.yaml:3:"),
    (ExitCode.USAGE, lambda savant: ["rnu"], "Did you mean `savant run`?"),
    (ExitCode.RUN_FAILED, a_failing_step, "No good."),
    (ExitCode.LIMIT, too_many_steps, "max_steps"),
    (ExitCode.APPROVAL_NEEDED, an_approval_nobody_gives, "needs an approval"),
    (ExitCode.STOPPED, too_slow, "savant runs resume 1"),
]


@pytest.mark.parametrize("terminal", [False, True], ids=["pipes", "terminal"])
@pytest.mark.parametrize(("code", "prepare", "said"), CASES, ids=lambda value: getattr(value, "__name__", None))
def test_code(savant: Cli, code: ExitCode, prepare: Prepare, said: str, terminal: bool) -> None:
    check(savant, prepare(savant), code, said, terminal=terminal)


def check(savant: Cli, arguments: list[str], code: ExitCode, said: str, *, terminal: bool) -> Result:
    """Run it; the exit code is the one, the reason is said to the person, and nobody sees a traceback."""
    result = savant.on_terminal(*arguments) if terminal else savant(*arguments)
    everything = " ".join((result.stdout + result.stderr).split())
    assert result.code == code, everything
    assert said in everything
    assert "Traceback" not in everything
    return result


TERMINAL = pytest.mark.parametrize("terminal", [False, True], ids=["pipes", "terminal"])


@TERMINAL
def test_1_a_fault_is_one_line_and_a_log(savant: Cli, terminal: bool) -> None:
    result = check(savant, a_fault_of_ours(savant), ExitCode.UNEXPECTED, "Please report it with", terminal=terminal)
    [log] = (Path(savant.env["SAVANT_HOME"]) / "logs").iterdir()
    assert "Traceback" in log.read_text()
    assert log.name in (result.stdout + result.stderr).replace("\r\n", "")


@TERMINAL
def test_3_a_provider_that_refuses_the_key(savant: Cli, terminal: bool) -> None:
    with stub(Reply(status=401, message="bad key secret-key-of-the-test")) as url:
        result = check(savant, remote(savant, url), ExitCode.DENIED, "stub", terminal=terminal)
    assert "secret-key-of-the-test" not in result.stdout + result.stderr


@TERMINAL
@pytest.mark.parametrize("fault", ["reset", "html", "truncated"])
def test_4_a_provider_that_answers_garbage_or_not_at_all(savant: Cli, fault: str, terminal: bool) -> None:
    with stub(Reply(text="Hello", fault=fault, times=99)) as url:
        check(savant, remote(savant, url), ExitCode.UNREACHABLE, "savant runs resume 1", terminal=terminal)


def test_4_nobody_listens(savant: Cli) -> None:
    with stub() as url:
        pass
    check(savant, remote(savant, url), ExitCode.UNREACHABLE, "nothing listens there", terminal=False)


@TERMINAL
def test_6_a_record_that_is_not_of_this_world(savant: Cli, terminal: bool) -> None:
    """A run that stopped after its first step goes on over a record in which that step was asked something else."""
    arguments = workflow(savant, '  - {id: a, tool: fs.find, with: {glob: "*"}}\n  - {id: b, fail: Stop here.}\n')
    assert savant(*arguments).code == ExitCode.RUN_FAILED
    tamper(savant, "UPDATE steps SET input_hash = 'tampered' WHERE step_number = 1")
    check(savant, ["runs", "resume", "1"], ExitCode.DIVERGED, "another input", terminal=terminal)


@TERMINAL
def test_8_parked_and_answered(savant: Cli, terminal: bool) -> None:
    check(savant, [*asking(savant), "--on-approval", "park"], ExitCode.APPROVAL_NEEDED, "fs.write", terminal=terminal)
    assert not (savant.folder / "made.txt").exists()
    check(savant, ["runs", "resume", "1"], ExitCode.APPROVAL_NEEDED, "savant approvals approve 1", terminal=terminal)
    check(savant, ["runs", "resume", "1", "--approve"], ExitCode.DONE, "Written.", terminal=terminal)
    assert (savant.folder / "made.txt").read_text() == "hello"


@pytest.mark.parametrize(("answer", "written"), [("a", True), ("d", False)])
def test_on_a_terminal_the_person_is_asked_and_the_same_run_goes_on(savant: Cli, answer: str, written: bool) -> None:
    result = savant.on_terminal(*asking(savant), answers=[("[a]pprove", answer), ("Why?", "Not today.")])
    assert "fs.write" in result.stdout
    assert (savant.folder / "made.txt").exists() is written
    assert (result.code == ExitCode.DONE) is written, result.stdout


def test_8_left_unanswered_it_waits(savant: Cli) -> None:
    result = savant.on_terminal(*asking(savant), answers=[("[a]pprove", "")])
    assert result.code == ExitCode.APPROVAL_NEEDED
    assert "savant approvals approve 1" in result.stdout


@TERMINAL
def test_8_a_write_whose_end_nobody_saw(savant: Cli, terminal: bool) -> None:
    savant.write("text.txt", "one\n")
    arguments = workflow(savant, "  - {id: a, tool: fs.edit, with: {path: text.txt, old: one, new: two}}\n")
    assert savant(*arguments).code == ExitCode.DONE
    tamper(
        savant,
        "UPDATE steps SET status = 'running', output = NULL, completed_at = NULL",
        "UPDATE runs SET status = 'running', completed_at = NULL, result = NULL",
    )
    resume = ["runs", "resume", "1", "--on-approval", "park"]
    check(savant, resume, ExitCode.APPROVAL_NEEDED, "approvals approve 1 --done", terminal=terminal)
    check(savant, ["runs", "resume", "1", "--on-uncertain", "done"], ExitCode.DONE, "completed", terminal=terminal)


@TERMINAL
def test_9_a_tool_that_policy_denies(savant: Cli, terminal: bool) -> None:
    check(savant, a_denied_tool(savant), ExitCode.POLICY_DENIED, "denied", terminal=terminal)


@TERMINAL
def test_10_stopped_from_another_terminal(savant: Cli, terminal: bool) -> None:
    arguments = agent(savant, "turns: [{text: Late., delay: 60}]\n")
    assert savant(*arguments, "--detach").code == ExitCode.DONE
    watching = threading.Timer(1.0, lambda: savant("runs", "stop", "1"))
    watching.start()
    try:
        check(savant, ["runs", "watch", "1"], ExitCode.STOPPED, "savant runs resume 1", terminal=terminal)
    finally:
        watching.join()


@pytest.mark.parametrize(("sent", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_130_and_143_leave_a_run_that_goes_on(savant: Cli, sent: signal.Signals, code: int) -> None:
    arguments = slow_then_done(savant)
    process = savant.start(*arguments, "--output", "jsonl")
    try:
        assert process.stdout is not None
        seen: list[str] = []
        while not any('"model"' in line and "step.started" in line for line in seen):
            seen.append(process.stdout.readline())
            assert seen[-1], process.communicate()
        process.send_signal(sent)
        out, err = process.communicate(timeout=PATIENCE)
    finally:
        process.kill()
    result = Result(process.returncode, "".join(seen) + out, err)
    assert result.code == code, err
    assert "Traceback" not in err
    assert result.lines[0]["type"] == "init"
    assert result.lines[-1]["type"] == "result"
    assert (result.lines[-1]["exit_code"], result.lines[-1]["run_id"]) == (code, 1)
    assert "savant runs resume 1" in err
    savant.write("script.yaml", "turns: [Here I am.]\n")
    resumed = savant("runs", "resume", "1")
    assert (resumed.code, resumed.stdout) == (ExitCode.DONE, "Here I am.\n"), resumed.stderr


@pytest.mark.parametrize(("sent", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_130_and_143_on_a_terminal(savant: Cli, sent: signal.Signals, code: int) -> None:
    result = savant.on_terminal(*slow_then_done(savant), send=("model", sent))
    assert result.code == code, result.stdout
    assert "savant runs resume 1" in " ".join(result.stdout.split())
    assert "Traceback" not in result.stdout


def slow_then_done(savant: Cli) -> list[str]:
    return agent(savant, "turns: [{text: Late., delay: 60}]\n")


@pytest.mark.parametrize("arguments", [["schema", "workflow"], ["--help"], ["--version"]], ids=" ".join)
def test_141_a_reader_that_goes_away(savant: Cli, arguments: list[str]) -> None:
    """Nothing is said about it, and it is not passed off as done."""
    process = savant.start(*arguments)
    assert process.stdout is not None
    process.stdout.close()
    assert process.stderr is not None
    said = process.stderr.read()
    process.stderr.close()
    assert process.wait(PATIENCE) == ExitCode.BROKEN_PIPE
    assert said == ""


@pytest.mark.parametrize("arguments", [["version"], ["--version"]], ids=" ".join)
def test_1_a_result_that_cannot_be_written_is_no_success(savant: Cli, arguments: list[str]) -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run([*SAVANT, *arguments], env=savant.env, stdout=full, stderr=subprocess.PIPE, text=True)
    assert done.returncode == ExitCode.UNEXPECTED
    assert "Traceback" not in done.stderr


def test_every_code_is_produced_here() -> None:
    source = Path(__file__).read_text()
    named = {code for code in ExitCode if f"ExitCode.{code.name}" in source or f"test_{int(code)}_" in source}
    assert named | {ExitCode.INTERRUPTED, ExitCode.TERMINATED} == set(ExitCode)
    assert "(signal.SIGINT, 130), (signal.SIGTERM, 143)" in source
