"""Every table at once: what a flush and a migration need. A read imports only the tables it reads."""

from __future__ import annotations

from savant.models import (
    agent,
    agent_ruleset,
    agent_tool,
    approval,
    audit_log,
    blob,
    definition_version,
    persona,
    repository,
    ruleset,
    run,
    share,
    step,
    team,
    team_member,
    tool,
    trace,
    user,
    webhook,
    webhook_delivery,
    workflow,
    workspace,
)
from savant.models.base import Base

MODELS = (
    user.User,
    team.Team,
    team_member.TeamMember,
    workspace.Workspace,
    persona.Persona,
    ruleset.Ruleset,
    tool.Tool,
    agent.Agent,
    agent_ruleset.AgentRuleset,
    agent_tool.AgentTool,
    workflow.Workflow,
    repository.Repository,
    definition_version.DefinitionVersion,
    blob.Blob,
    run.Run,
    step.Step,
    trace.Trace,
    approval.Approval,
    share.Share,
    audit_log.AuditLog,
    webhook.Webhook,
    webhook_delivery.WebhookDelivery,
)
metadata = Base.metadata
