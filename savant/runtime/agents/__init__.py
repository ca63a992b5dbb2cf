"""Agents: the prompt, the loop, and what may come of it."""

from savant.runtime.agents.loop import run_agent
from savant.runtime.agents.preview import preview

__all__ = ["preview", "run_agent"]
