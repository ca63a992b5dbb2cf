"""What a waiting run asks, shown to a person and answered by them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from savant.cli import tables
from savant.cli.door import Door
from savant.cli.output import style
from savant.schemas.approvals import Approval, ApprovalAnswer

if TYPE_CHECKING:
    from savant.client import Client


async def ask(door: Door, client: Client, id: int) -> bool:
    """Show the question and record the person's answer; False if they leave it open."""
    approval = await client.approvals.get(id)
    door.say.note(text(approval))
    if approval.kind == "uncertain_step":
        return await _ask_about_a_write(door, client, id)
    match _letter(door, "[a]pprove, [d]eny, or leave it waiting?"):
        case "a":
            await client.approvals.approve(id)
        case "d":
            reason = door.say.ask("Why? What you write is told to it (Enter for nothing):")
            await client.approvals.deny(id, ApprovalAnswer(reason=reason))
        case _:
            return False
    return True


async def _ask_about_a_write(door: Door, client: Client, id: int) -> bool:
    match _letter(door, "[r]epeat it, it was d[o]ne, [f]ail, or leave it waiting?"):
        case "r":
            await client.approvals.approve(id)
        case "o":
            await client.approvals.approve(id, ApprovalAnswer(done=True))
        case "f":
            await client.approvals.deny(id)
        case _:
            return False
    return True


def _letter(door: Door, question: str) -> str:
    return (door.say.ask(question) or "")[:1].lower()


def text(approval: Approval) -> str:
    """One approval for a person: the question, what exactly would be done, and the answer if there is one."""
    lines = [
        f"{style(f'Approval {approval.id}', 'bold')}  {tables.status(approval.status)}  "
        f"run {approval.run_id} ({approval.runnable_type} {approval.runnable_slug}), {tables.age(approval.created_at)}",
        approval.question,
    ]
    lines += [f"{style(name + ':', 'dim')} {value}" for name, value in _facts(approval) if value]
    return "\n".join(lines)


def brief(approval: Approval) -> str:
    """The question so short that a narrow list has room for what matters in it."""
    details: dict[str, Any] = approval.details
    if approval.kind == "tool":
        return f"{details.get('tool_name')} {msgspec.json.encode(details.get('arguments')).decode()}"
    if approval.kind == "uncertain_step":
        return f"again? {details.get('tool_name') or ''} {approval.path}"
    return str(details.get("message") or approval.question)


def _facts(approval: Approval) -> list[tuple[str, str | None]]:
    details: dict[str, Any] = approval.details
    arguments = details.get("arguments")
    return [
        ("step", approval.path),
        ("arguments", None if arguments is None else msgspec.json.format(msgspec.json.encode(arguments)).decode()),
        ("rule", details.get("rule")),
        ("answered", approval.decision),
        ("reason", approval.reason),
    ]


def next_commands(approval: Approval) -> str | None:
    """What to type to answer an open question."""
    if approval.status != "pending":
        return None
    yes, no = f"savant approvals approve {approval.id}", f"savant approvals deny {approval.id} --reason WHY"
    if approval.kind == "uncertain_step":
        return f"Do it again: {yes}. It did happen: {yes} --done. Let it fail: savant approvals deny {approval.id}"
    return f"Answer: {yes}, or {no}"
