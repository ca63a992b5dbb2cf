"""What a program needs while it runs, in one bundle handed down from the run to every agent and step."""

from __future__ import annotations

from pathlib import Path

import msgspec

from savant.runtime.journal import Journal
from savant.runtime.limits import Limits
from savant.runtime.llm.base import Models
from savant.runtime.tools.base import Toolbox
from savant.schemas.programs import Bundle, Program
from savant.schemas.runs import RunConfig


class Execution(msgspec.Struct, kw_only=True):
    """One execution of a run: its program (fixed), its journal, and the models and tools it may reach.

    `limits` are those of the whole run, shared by its parallel branches; agents have their own besides.
    """

    program: Program
    journal: Journal
    models: Models
    toolbox: Toolbox
    config: RunConfig = msgspec.field(default_factory=RunConfig)
    limits: Limits = msgspec.field(default_factory=Limits)
    root: Path | None = None

    @property
    def bundle(self) -> Bundle:
        return self.program.bundle
