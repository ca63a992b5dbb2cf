"""Agents over HTTP."""

from __future__ import annotations

from savant.schemas.agents import Agent, AgentCreate, AgentUpdate
from savant.server.v1.stored import Runnable


class Agents(Runnable[Agent, AgentCreate, AgentUpdate]): ...
