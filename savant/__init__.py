"""Savant runs AI agents and workflows over your own repositories and records every step."""

__version__ = "0.1.0"
