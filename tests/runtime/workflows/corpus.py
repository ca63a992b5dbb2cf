"""What there is in the world in which the broken workflows are checked, and what is found in one."""

from __future__ import annotations

from savant.errors import SavantError, SavantErrors
from savant.runtime.definitions.load import load
from savant.runtime.definitions.yaml import parse
from savant.runtime.tools.base import ToolSpec
from savant.runtime.workflows.validate import validate
from savant.schemas.agents import AgentDefinition
from savant.schemas.programs import Bundle
from savant.schemas.workflows import WorkflowDefinition, WorkflowInput

TOOLS = [
    ToolSpec(
        name="git.diff",
        description="The changes between two commits.",
        effect="read",
        input_schema={
            "type": "object",
            "properties": {
                "base": {"type": "string"},
                "paths": {"type": "array", "items": {"type": "string"}},
                "limit": {"type": "integer", "minimum": 1},
            },
            "required": ["base"],
            "additionalProperties": False,
        },
    ),
    ToolSpec(name="git.log", description="Commits.", effect="read", input_schema={"type": "object", "properties": {}}),
]
COMMENT = WorkflowDefinition(
    name="Comment",
    inputs={"body": WorkflowInput(type="string"), "count": WorkflowInput(type="integer", default=1)},
    steps=[{"tool": "git.log"}],
)
CALLS_BROKEN = WorkflowDefinition(name="Calls", steps=[{"condition": True, "then": [{"workflow": "broken"}]}])


def findings(text: str, name: str) -> list[str]:
    """Everything wrong with a workflow's text, as a person is shown it."""
    file = f"{name}.yaml"
    try:
        definition = load(text, file, "workflow")
    except SavantErrors as errors:
        return [str(error) for error in errors.errors]
    except SavantError as error:
        return [str(error)]
    assert isinstance(definition, WorkflowDefinition)
    workflows = {"broken": definition, "comment": COMMENT, "calls-broken": CALLS_BROKEN}
    bundle = Bundle(agents={"reviewer": AgentDefinition(name="Reviewer")}, workflows=workflows)
    return [str(error) for error in validate(definition, bundle, TOOLS, parse(text, file).positions)]
