"""The settings of a server, for who runs one."""

from __future__ import annotations

import msgspec


class ServerSettings(msgspec.Struct, kw_only=True):
    """What `savant serve` and `savant worker` are told, beside the database."""

    public_url: str | None = None
    owner_database_url: str | None = None
    cors_origins: str = ""
    proxies: str = ""
    requests_per_minute: int = 600
    strangers_per_minute: int = 60
    max_body_mb: int = 10
    request_seconds: float = 60.0
    stop_seconds: float = 30.0
    keep_days: int = 0
    keep_mb: int = 0
    otlp_endpoint: str | None = None
    models_by_path: bool = False
    private_addresses: bool = False

    @property
    def origins(self) -> list[str]:
        """The sites whose pages may call the server from a browser; none unless told."""
        return self.cors_origins.replace(",", " ").split()
