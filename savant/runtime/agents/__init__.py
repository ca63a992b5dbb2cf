"""Agents: the prompt, the loop, and what may come of it."""

from savant.runtime.agents.loop import run_agent

__all__ = ["run_agent"]
