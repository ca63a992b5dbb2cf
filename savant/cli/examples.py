"""Command lines to begin with, for the help of the commands that have more to them than their options say."""

from __future__ import annotations

EXAMPLES = {
    "run": [
        "savant run latest-changes -i count=5",
        'savant run reviewer "Review the last commit" --model ollama/qwen3 --budget 0.50',
        "git log -3 | savant run reviewer - --json",
    ],
    "test": ["savant test tests/ --output junit -o report.xml"],
    "chat": ["savant chat reviewer --continue"],
    "apply": ["savant apply --file .savant/agents --dry-run"],
    "agents create": [
        'savant agents create Summarizer --prompt "Sum up the project." --allow fs.read --ask fs.write',
        "savant agents create --file reviewer.yaml",
    ],
    "agents edit": ["savant agents edit reviewer --set config.max_steps=20"],
    "agents diff": ["savant agents diff reviewer 2 5 --exit-code"],
    "workflows create": ["savant workflows create --file review.yaml"],
    "workflows graph": ["savant workflows graph latest-changes --format svg -o latest-changes.svg"],
    "runs list": ["savant runs list --status failed --limit 5"],
    "runs show": ["savant runs show 12 --step 4"],
    "runs traces": ["savant runs traces 12 --type step.failed --json"],
    "runs resume": [
        "savant runs resume 12 --budget 2",
        "savant runs resume 12 --limit agent/helper.max_steps=40",
        "savant runs resume 12 --on-uncertain done",
    ],
    "runs retry": ["savant runs retry 12 --from-failed"],
    "runs fork": [
        "savant runs fork 12 --at 4",
        "savant runs fork 12 --at review/look --set agent.config.llm_model=anthropic/claude-haiku-4-5",
        "savant runs fork 12 --at 2 --set model=openai/gpt-5-mini,ollama/qwen3 --times 5",
    ],
    "runs replay": ["savant runs replay 12 --from-definition .savant/agents/reviewer.yaml"],
    "runs diff": ["savant runs diff 12 15 --output markdown"],
    "runs record": [r"savant runs record 12 --as tests/review.run.yaml --redact 'ACME-\d+ => [customer]'"],
    "runs export": ["savant runs export 12 -o run.json"],
    "index": ["savant index --watch", "savant index https://github.com/pallets/flask"],
    "search": [
        "savant search parsing response headers --lang python --no-tests",
        "savant search --symbol sendRequest",
        r"savant search --regex 'raise \w+Error\('",
    ],
    "repositories add": [
        "savant repositories add https://example.com/private.git --token GIT_TOKEN --branch main",
        "savant repositories add . --exclude 'vendor/**' --memory docs/notes",
    ],
    "approvals approve": ['savant approvals approve 1 --reason "Go ahead."'],
    "approvals deny": ['savant approvals deny 1 --reason "Write to a branch."'],
    "budget set": ["savant budget set 5 --per day --agent reviewer"],
    "secrets set": ["savant secrets set JIRA_TOKEN --from-env TOKEN", "savant secrets set JIRA_TOKEN -"],
    "models test": ["savant models test ollama/qwen3"],
    "login": ["savant login https://savant.example.com --key -"],
    "keys create": ["savant keys create ci --scope runs:execute --scope runs:read --days 90"],
    "shares create": ["savant shares create agent reviewer --with user --email grace@example.com --may execute"],
    "audit list": ["savant audit list --action members --limit 20"],
    "gc": ["savant gc --keep 30d --max 2GB --pin 12 --dry-run"],
    "config set": ["savant config set model ollama/qwen3"],
    "schema": ["savant schema workflow -o workflow.schema.json"],
}
