"""`savant agents`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from savant.cli.command import command
from savant.cli.door import Door
from savant.cli.nouns import Noun, Shortcut, build

if TYPE_CHECKING:
    from savant.schemas.prompts import AgentPrompt

app = build(
    Noun(
        "agent",
        (
            Shortcut("--description", "description", "What it is for."),
            Shortcut("--persona", "persona", "The slug of its persona."),
            Shortcut("--prompt", "driver_prompt", "Its driver prompt."),
            Shortcut("--ruleset", "rulesets", "The slug of a ruleset; may be repeated.", many=True),
            Shortcut("--allow", "tools.allow", "Tools it may call (a glob); may be repeated.", many=True),
            Shortcut("--ask", "tools.ask", "Tools it must ask for; may be repeated.", many=True),
            Shortcut("--deny", "tools.deny", "Tools it must not call; may be repeated.", many=True),
            Shortcut("--model", "config.llm_model", "Its model."),
        ),
    )
)


@command(app)
async def prompt(
    door: Door,
    ref: Annotated[str, typer.Argument(metavar="REF", help="A slug, or a YAML file.")],
    goal: Annotated[str | None, typer.Argument(metavar="GOAL", help="A goal; a stand-in unless given.")] = None,
    model: Annotated[str | None, typer.Option("--model", "-m", metavar="ID", help="Another model.")] = None,
) -> None:
    """Print exactly what the model would read first, and about how many tokens each part has. Asks no model."""
    from savant.client.placing import placed
    from savant.client.project import resolve
    from savant.errors import ErrorCode, SavantError
    from savant.schemas.runs import RunConfig, RunCreate

    async with door.connect() as client:
        found = await resolve(ref if ref.endswith((".yaml", ".yml")) else f"agent/{ref}", door.cwd, client)
        if found.type != "agent":
            raise SavantError(ErrorCode.USAGE, f"`{ref}` is a workflow; only agents have a prompt.")
        config = RunConfig(root=door.root, model=model)
        create = RunCreate(type="agent", slug=found.slug, goal=goal, config=config, bundle=found.project.bundle)
        with placed(found.project):
            shown = await client.previews.prompt(create)
    door.out.show(shown, lambda: _text(shown))


def _text(prompt: AgentPrompt) -> str:
    from savant.cli import tables
    from savant.cli.output import style

    texts = [f"{style(f'── {part.role}: {part.name}', 'dim')}\n{part.text}" for part in prompt.parts]
    rows = [[part.name, part.role, f"{part.tokens:,}"] for part in prompt.parts]
    window = f" of a window of {prompt.context_window:,}" if prompt.context_window else ""
    total = f"about {prompt.tokens:,} tokens{window}, for {prompt.model}"
    return "\n\n".join([*texts, tables.table(["PART", "ROLE", "TOKENS"], rows), total])
