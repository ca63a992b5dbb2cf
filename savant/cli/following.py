"""A run from its start to its end as a person or a program sees it: followed, asked about, shown."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from savant.cli import progress, results, waiting
from savant.cli.door import Door
from savant.errors import ErrorCode, SavantError
from savant.schemas.runs import Run
from savant.schemas.steps import Step

if TYPE_CHECKING:
    from savant.client import Client


async def carry_out(door: Door, client: Client, run: Run) -> int:
    """Follow a run that this process or a server carries out, asking what it asks; print its result; its exit code."""
    door.run_id = run.id
    if door.settings.url is None:
        door.leaving = f"Run {run.id} was interrupted. Go on from there: savant runs resume {run.id}"
    else:
        door.leaving = f"Run {run.id} goes on. Follow it again: savant runs watch {run.id}"
    run = await to_its_end(door, client, run)
    return finish(door, run, await reported(door, client, run))


async def to_its_end(door: Door, client: Client, run: Run) -> Run:
    """Follow a run until it goes no further, not even when the person here is asked."""
    run, seen = await _followed(door, client, run, 0)
    while run.status == "waiting" and await _answered(door, client, run):
        run, seen = await _followed(door, client, await go_on(door, client, run.id), seen)
    return run


async def go_on(door: Door, client: Client, run_id: int, *, detach: bool = False) -> Run:
    """An answered run, going on; a server sees to that by itself."""
    if door.settings.url is not None:
        return await client.runs.get(run_id)
    return await client.runs.resume(run_id, detach=detach)


async def follow(door: Door, client: Client, run: Run, after: int = 0) -> Run:
    """The run as it is when it goes no further, with its progress reported on the way."""
    return (await _followed(door, client, run, after))[0]


async def _followed(door: Door, client: Client, run: Run, seen: int) -> tuple[Run, int]:
    """As `follow`, and the number of the last event that was reported."""
    with progress.reporter(door) as reporter:
        async with waiting.told(door, waiting.of_run(client, run.id)):
            async for event in client.runs.follow(run.id, seen):
                seen = event.seq or seen
                reporter.event(event)
    return await client.runs.get(run.id), seen


async def reported(door: Door, client: Client, run: Run) -> Sequence[Step]:
    """The steps of a run, where the form of its result has something to say of them."""
    from savant.cli.reports import FORMS

    return await client.runs.steps(run.id) if door.out.format in FORMS else ()


def finish(door: Door, run: Run, steps: Sequence[Step] = ()) -> int:
    """Print what came of it: the result on stdout, the rest on stderr."""
    if door.out.format == "jsonl":
        door.out.end(**results.closing(run))
    elif door.out.format == "json":
        door.out.show(results.document(run), str)
    elif door.out.format != "text":
        report(door, run, steps)
    elif run.status == "completed":
        door.out.show(run, lambda: results.text(run))
    code = results.exit_code(run)
    hint = results.next_command(run)
    if code:
        door.say.error(_failure(run, hint))
    else:
        door.say.note(f"Run {run.id} {results.summary(run)}. Its record: savant runs show {run.id}")
    return code


def report(door: Door, run: Run, steps: Sequence[Step]) -> None:
    """Print the run in a form for machines or for a review; findings that cannot be read are said, not dropped."""
    from savant.cli.reports import FORMS, Found

    found = Found.of(run, steps)
    for each in found.unread:
        door.say.warning(f"These findings do not fit `savant schema findings`: {each}")
    door.out.text(FORMS[door.out.format](run, steps, found))


def started(door: Door, run: Run) -> None:
    """Print that a run goes on in the background."""
    if door.out.format == "jsonl":
        door.out.end(**{**results.closing(run), "exit_code": 0})
    else:
        door.out.show(results.document(run) | {"exit_code": 0}, lambda: str(run.id))
    door.say.note(f"Run {run.id} goes on in the background. Follow it: savant runs watch {run.id}")


def _failure(run: Run, hint: str | None) -> SavantError:
    code = ErrorCode(run.error_code) if run.error_code in set(ErrorCode) else ErrorCode.STEP_FAILED
    message = f"Run {run.id} {run.status}: {run.error_message or 'no reason was recorded.'}"
    return SavantError(code, message, hint=hint)


async def _answered(door: Door, client: Client, run: Run) -> bool:
    """Ask the person at the terminal what a waiting run asks; False leaves it waiting."""
    if run.config.on_approval != "ask" or not door.say.interactive or door.out.structured or run.approval_id is None:
        return False
    from savant.cli import questions

    try:
        return await questions.ask(door, client, run.approval_id)
    except SavantError as error:
        if error.code is not ErrorCode.CONFLICT:
            raise
        door.say.note(error.message)  # somebody else was quicker
        return True
