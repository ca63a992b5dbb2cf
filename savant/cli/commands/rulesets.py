"""`savant rulesets`."""

from savant.cli.nouns import Noun, Shortcut, build

app = build(
    Noun(
        "ruleset",
        (
            Shortcut("--description", "description", "What it is for."),
            Shortcut("--rule", "rules", "A rule; may be repeated.", many=True),
        ),
    )
)
