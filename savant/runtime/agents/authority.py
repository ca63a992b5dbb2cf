"""What an agent may do: by its own policy, and by the rules of whoever it works for."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from savant.runtime.tools.base import ToolSpec
from savant.runtime.tools.policy import Decision, decide, parse, visible
from savant.schemas.agents import ToolPolicy


class Authority:
    """An agent's policy, under those of the agents that delegated to it, the nearest first.

    Nobody gets around a rule by delegating: what a rule of an agent above denies is denied, and what one asks about
    is asked about. What is only not named there may be allowed here: that is what delegates are for.
    """

    def __init__(self, policy: ToolPolicy, above: Sequence[ToolPolicy] = ()) -> None:
        self._policy = policy
        self._above = tuple(above)

    def delegated(self, policy: ToolPolicy) -> Authority:
        """The authority of a delegate with this policy."""
        return Authority(policy, (self._policy, *self._above))

    def decide(self, tool: str, arguments: dict[str, Any], *, given: bool = False) -> Decision:
        """What may happen to this call; `given` tools are allowed where no rule names them."""
        decision = decide(self._policy, tool, arguments)
        if given and decision.action == "deny" and decision.rule is None:
            decision = Decision("allow", None)
        for policy in self._above:
            above = decide(policy, tool, arguments)
            if above.action == "deny" and above.rule is not None and decision.action != "deny":
                return above
            if above.action == "ask" and decision.action == "allow":
                decision = above
        return decision

    def visible(self, specs: Iterable[ToolSpec]) -> list[ToolSpec]:
        """The tools an agent may be shown."""
        return [spec for spec in visible(self._policy, specs) if not self._denied_above(spec.name)]

    def shows(self, tool: str) -> bool:
        """Whether a given tool may be shown: not every call of it is denied."""
        return not _denied(self._policy, tool) and not self._denied_above(tool)

    def _denied_above(self, tool: str) -> bool:
        return any(_denied(policy, tool) for policy in self._above)


def _denied(policy: ToolPolicy, tool: str) -> bool:
    rules = map(parse, policy.deny)
    return any(not rule.arguments and rule.names(tool) for rule in rules)
