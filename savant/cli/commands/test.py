"""`savant test`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from savant.cli.command import command, group
from savant.cli.door import Door

if TYPE_CHECKING:
    from savant.schemas.tests import TestResult

app = group()


@command(app)
async def test(
    door: Door,
    paths: Annotated[list[Path] | None, typer.Argument(metavar="PATHS", help="Files or folders.")] = None,
    update: Annotated[bool, typer.Option("--update", help="Show what changed, and ask whether to accept it.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> int:
    """Replay recorded runs against the project's definitions, offline; exit 6 if one parts or an assertion fails."""
    from savant.cli import tested
    from savant.client.testing import carry_out, discover
    from savant.errors import ErrorCode, ExitCode, SavantError

    files = discover(paths or [], door.cwd, door.settings.project)
    if not files:
        hint = "Make one: savant runs record ID --as NAME.run.yaml"
        raise SavantError(ErrorCode.NOT_FOUND, "There are no recorded tests.", hint=hint)
    results = await carry_out(files, door.cwd)
    if update:
        results = await _update(door, files, results, yes=yes)
    if door.out.format == "junit":
        door.out.text(tested.junit(results))
    else:
        document = {"items": results, "passed": all(result.verdict == "passed" for result in results)}
        door.out.show(document, lambda: tested.text(results), lambda: tested.markdown(results))
    bad = [result for result in results if result.verdict != "passed"]
    if not bad:
        door.say.note(f"{len(results)} passed.")
        return ExitCode.DONE
    code = ErrorCode.DIVERGENCE if any(result.verdict == "diverged" for result in bad) else ErrorCode.TEST_FAILED
    door.say.error(SavantError(code, f"{len(bad)} of {len(results)} recorded tests did not pass."))
    return ExitCode.DIVERGED


async def _update(door: Door, files: list[Path], results: list[TestResult], *, yes: bool) -> list[TestResult]:
    """Accept what changed, one by one; what is not accepted stays as it is."""
    from savant.cli import tested
    from savant.client.testing import accept, carry_out, updated
    from savant.errors import ErrorCode, SavantError

    if not yes and not door.say.interactive:
        raise SavantError(ErrorCode.USAGE, "Nobody is here to be asked.", hint="Say --yes if you are sure.")
    found: list[TestResult] = []
    for file, result in zip(files, results, strict=True):
        if result.divergence is None:
            found.append(result)
            continue
        door.say.note(tested.report(result))
        try:
            content = await updated(file, door.cwd)
        except SavantError as error:
            door.say.warning(f"{result.file}: {error}")
            found.append(result)
            continue
        if yes or door.say.confirm(f"Accept the change in {result.file}?"):
            accept(file, content)
        found += await carry_out([file], door.cwd)
    return found
