"""The one typed client behind every door."""

from savant.client.client import Client, connect

__all__ = ["Client", "connect"]
