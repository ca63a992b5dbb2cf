"""`savant agents`."""

from savant.cli.nouns import Noun, Shortcut, build

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
