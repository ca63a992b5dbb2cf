"""What a program needs while it runs, in one bundle handed down from the run to every agent and step."""

from __future__ import annotations

from pathlib import Path

import msgspec

from savant.runtime.journal import Journal
from savant.runtime.limits import Account, Limits, Purse
from savant.runtime.llm.base import Models
from savant.runtime.secrets import NoVault, Vault
from savant.runtime.tools.base import Toolbox
from savant.schemas.programs import Bundle, Program, RunnableType
from savant.schemas.runs import PartLimits, RunConfig


class Execution(msgspec.Struct, kw_only=True):
    """One execution of a run: its program (fixed), its journal, and the models and tools it may reach.

    `limits` are those of the whole run, shared by its parallel branches; agents have their own besides. `purse` is
    money that the run shares with others. `account` is whose spending it is: the run's unless a part has its own.
    """

    program: Program
    journal: Journal
    models: Models
    toolbox: Toolbox
    config: RunConfig = msgspec.field(default_factory=RunConfig)
    limits: Limits = msgspec.field(default_factory=Limits)
    root: Path | None = None
    vault: Vault = msgspec.field(default_factory=NoVault)
    purse: Purse | None = None
    account: Account = None  # pyright: ignore[reportAssignmentType]  (made of the limits below)

    def __post_init__(self) -> None:
        if self.account is None:  # pyright: ignore[reportUnnecessaryComparison]
            payer = (self.program.type, self.program.slug)
            self.account = Account(self.limits, self.journal.spent, purse=self.purse, payers=(payer,))

    def within(self, limits: Limits, path: str, kind: RunnableType, slug: str) -> Execution:
        """The same execution for the agent or workflow under `path`, which has limits of its own besides."""
        account = Account(limits, self.journal.spent_under(path), self.account, payers=((kind, slug),))
        return msgspec.structs.replace(self, account=account)

    def set_for(self, kind: RunnableType, slug: str) -> PartLimits:
        """What the caller of the run set for one of its agents or workflows."""
        return self.config.limits.get(f"{kind}/{slug}") or PartLimits()

    @property
    def bundle(self) -> Bundle:
        return self.program.bundle
