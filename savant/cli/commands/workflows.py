"""`savant workflows`."""

from savant.cli.nouns import Noun, Shortcut, build

app = build(Noun("workflow", (Shortcut("--description", "description", "What it is for."),)))
