"""`savant personas`."""

from savant.cli.nouns import Noun, Shortcut, build

app = build(
    Noun(
        "persona",
        (
            Shortcut("--description", "description", "What it is for."),
            Shortcut("--instructions", "instructions", "Who the model is asked to be."),
        ),
    )
)
