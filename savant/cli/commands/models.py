"""`savant models`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from savant.cli.command import command, group
from savant.cli.door import Door

if TYPE_CHECKING:
    from savant.schemas.models import ModelTest, Provider

app = group()


@command(app, "list")
async def list_(
    door: Door,
    provider: Annotated[str | None, typer.Argument(metavar="PROVIDER", help="Only this one.")] = None,
    probe: Annotated[bool, typer.Option("--probe/--no-probe", help="Ask each provider whether it answers.")] = True,
) -> None:
    """List providers, whether they can be used now, and the models they offer."""
    from savant.cli import tables

    async with door.connect() as client:
        providers = await client.models.providers(provider, probe=probe)
    headings = ["PROVIDER", "STATE", "MODELS"]
    rows = [[each.name, _state(each), _offer(each, limit=None if provider else 6)] for each in providers]
    door.out.show(
        {"items": providers}, lambda: tables.table(headings, rows), lambda: tables.markdown_table(headings, rows)
    )


@command(app)
async def test(door: Door, id: Annotated[str, typer.Argument(metavar="ID", help="provider/model")]) -> int:
    """Ask a model something small: whether it answers, streams and calls a tool, how fast and for how much."""
    from savant.errors import ErrorCode, ExitCode, SavantError

    async with door.connect() as client:
        found = await client.models.test(id)
    door.out.show(found, lambda: _report(found))
    if found.ok:
        return ExitCode.DONE
    code = ErrorCode(found.error_code) if found.error_code in set(ErrorCode) else ErrorCode.MODEL_UNAVAILABLE
    door.say.error(SavantError(code, found.error_message or f"{id} does not answer."))
    return code.exit_code


@command(app)
async def default(
    door: Door,
    id: Annotated[str | None, typer.Argument(metavar="ID", help="provider/model; without it, the one in use.")] = None,
) -> int:
    """Print the model a run uses when none is named, or choose it."""
    from savant.errors import ErrorCode, SavantError

    if id is not None:
        from savant.settings import user_file
        from savant.settings.edit import write

        if "/" not in id:
            raise SavantError(ErrorCode.USAGE, f"`{id}` is not PROVIDER/MODEL.", hint="See: savant models list")
        file = user_file(door.settings.config_dir)
        write(file, "model", id)
        door.out.show({"model": id, "file": str(file)}, lambda: "")
        door.say.note(f"Runs use {id} unless told otherwise ({file}).")
        return 0
    async with door.connect() as client:
        model = await client.models.first()
    if model is None:
        raise SavantError(ErrorCode.MODEL_NOT_CONFIGURED, "No model can be used.", hint="See: savant doctor")
    door.out.show({"model": model, "origin": door.settings.origin("model")}, lambda: model)
    return 0


def _state(provider: Provider) -> str:
    from savant.cli.output import style

    if not provider.configured:
        return style("not set up", "dim")
    if provider.reachable is None:
        return "set up"
    return style("ok", "green") if provider.reachable else style("no answer", "red")


def _offer(provider: Provider, limit: int | None) -> str:
    if not provider.models:
        return provider.reason or ""
    names = [model.id.removeprefix(f"{provider.name}/") for model in provider.models]
    more = f" and {len(names) - limit} more" if limit and len(names) > limit else ""
    return ", ".join(names[:limit]) + more


def _report(test: ModelTest) -> str:
    from savant.cli import tables

    if not test.ok:
        return ""
    facts = [
        ("answered in", tables.duration(test.latency_ms)),
        ("streams", _yes(test.streaming)),
        ("calls tools", _yes(test.tool_calls)),
        ("tokens", f"{test.input_tokens or 0} in, {test.output_tokens or 0} out"),
        ("cost", tables.money(test.cost_usd) or "unknown"),
        ("said", tables.cut(test.text or "", 200)),
    ]
    return "\n".join([f"{test.id} works", *(f"  {name}: {value}" for name, value in facts)])


def _yes(value: bool | None) -> str:
    return "unknown" if value is None else "yes" if value else "no"
