"""What an expression at one place of a workflow can refer to, as far as it is known before the run."""

from __future__ import annotations

from savant.runtime.definitions.positions import did_you_mean
from savant.runtime.workflows.filters import extend
from savant.runtime.workflows.steps import AgentStep, ApprovalStep, ParallelStep, SetStep, Step
from savant.runtime.workflows.syntax import Reference
from savant.runtime.workflows.tokens import Fault

STEP_FIELDS = frozenset({"output", "status", "error"})
ERROR_FIELDS = frozenset({"code", "message"})
LOOP_FIELDS = frozenset({"index", "first", "last", "length"})
RUN_FIELDS = frozenset({"id"})
AGENT_FIELDS = frozenset({"text", "output", "steps", "model"})


def shape_of(step: Step) -> frozenset[str] | None:
    """The keys of a step's output, where its kind tells them."""
    match step:
        case _ if step.recovery:
            return None
        case AgentStep():
            return AGENT_FIELDS
        case ApprovalStep():
            return frozenset({"approved", "reason"})
        case SetStep():
            return frozenset(step.values)
        case ParallelStep():
            return frozenset(branch.id for branch in step.branches)
        case _:
            return None


class Known:
    """The names that exist at a place; `steps` maps an id to the keys of its output, or None where unknown."""

    def __init__(self, inputs: set[str]) -> None:
        self.inputs = inputs
        self.steps: dict[str, frozenset[str] | None] = {}
        self.vars: set[str] = set()
        self.locals: set[str] = set()
        self.secrets = False

    def for_a_tool(self) -> Known:
        """The same in the arguments of a tool, which may be given secrets."""
        other = self.copy()
        other.secrets = True
        return other

    def copy(self) -> Known:
        other = Known(self.inputs)
        other.steps, other.vars, other.locals = dict(self.steps), set(self.vars), set(self.locals)
        return other

    def absorb(self, *branches: Known) -> None:
        """What is known after one of several branches ran: what any of them may have set."""
        for branch in branches:
            self.steps.update(branch.steps)
            self.vars |= branch.vars

    def fault(self, reference: Reference, ids: dict[str, Step]) -> Fault | None:
        """What is wrong with a reference; `ids` are those of the whole workflow. Guards excuse only what is unknown."""
        root = reference.parts[0]
        members = {"inputs": self.inputs, "vars": self.vars, "loop": LOOP_FIELDS, "run": RUN_FIELDS}
        names = {"inputs", "steps", "vars", "run", *self.locals}
        if root == "secrets":
            return self._secret_fault(reference)
        if root not in names:
            return _unknown(reference, 0, f"Nothing is called `{root}` here.", names)
        if len(reference.parts) < 2:
            return None
        if root == "steps":
            return self._step_fault(reference, ids)
        if (
            root in members
            and reference.parts[1] not in members[str(root)]
            and not (root == "vars" and reference.guarded)
        ):
            return _unknown(reference, 1, f"`{root}` has no `{reference.parts[1]}`.", members[str(root)])
        return None

    def _secret_fault(self, reference: Reference) -> Fault | None:
        if not self.secrets:
            return Fault("A secret can be read only in the arguments of a tool.", reference.offsets[0])
        if len(reference.parts) == 2 and isinstance(reference.parts[1], str) and not reference.guarded:
            return None
        return Fault("A secret is read by its name.", reference.offsets[0], "Write `${{ secrets.NAME }}`.")

    def _step_fault(self, reference: Reference, ids: dict[str, Step]) -> Fault | None:
        id = str(reference.parts[1])
        if id not in self.steps:
            return self._unreadable(reference, id, ids)
        checks = [STEP_FIELDS]
        if len(reference.parts) > 3:
            shape = {"output": self.steps[id], "error": ERROR_FIELDS}.get(str(reference.parts[2]))
            checks += [shape] if shape is not None else []
        label = f"steps.{id}"
        for number, allowed in enumerate(checks, start=2):
            if number < len(reference.parts):
                if reference.parts[number] not in allowed:
                    message = f"`{label}` has no `{reference.parts[number]}`."
                    return _unknown(reference, number, message, allowed)
                label = extend(label, reference.parts[number])
        return None

    def _unreadable(self, reference: Reference, id: str, ids: dict[str, Step]) -> Fault:
        if id not in ids:
            named = {name for name, step in ids.items() if step.named and name in self.steps}
            return _unknown(reference, 1, f"There is no step `{id}`.", named)
        return Fault(
            f"The step `{id}` cannot be read here.",
            reference.offsets[1],
            "It runs later, beside this one, in another branch, or inside a loop; read only steps that are done.",
        )


def _unknown(reference: Reference, number: int, message: str, options: set[str] | frozenset[str]) -> Fault:
    hint = did_you_mean(str(reference.parts[number]), options, among="There is")
    return Fault(message, reference.offsets[number], hint)
