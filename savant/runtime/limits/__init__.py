"""What a run, an agent or a workflow may use: checked, and paid for, in one place before each model call."""

from savant.runtime.limits.accounts import Account, Hold
from savant.runtime.limits.deadlines import deadline
from savant.runtime.limits.purse import Purse, Reservation
from savant.runtime.limits.quotes import Quote, quote
from savant.runtime.limits.rules import Limits, first

__all__ = ["Account", "Hold", "Limits", "Purse", "Quote", "Reservation", "deadline", "first", "quote"]
