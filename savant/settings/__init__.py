"""What Savant has been told: built-in values, files, a profile, the environment and flags, each over the last."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from savant.errors import ErrorCode, SavantError
from savant.settings import keys, layers, trust
from savant.settings.keys import Effect, OnApproval, Output, Structured, Wire
from savant.settings.layers import Layer, Value
from savant.settings.server import ServerSettings

__all__ = [
    "Places",
    "ProviderSettings",
    "ServerSettings",
    "Settings",
    "ToolSettings",
    "find_project",
    "load",
    "places",
    "user_file",
]


class ProviderSettings(msgspec.Struct, kw_only=True):
    """What is said about a provider of models; None leaves what is built in for that name."""

    wire: Wire | None = None
    base_url: str | None = None
    api_key_env: str | None = None
    api_key: str | None = None
    headers: dict[str, str] = {}
    default_model: str | None = None
    native_tools: bool | None = None
    structured: Structured | None = None
    context_window: int | None = None
    max_output_tokens: int | None = None
    free: bool | None = None
    price_as: str | None = None

    def given(self) -> dict[str, Any]:
        """What was said, by field."""
        return {name: value for name, value in msgspec.structs.asdict(self).items() if value not in (None, {})}


class ToolSettings(msgspec.Struct, kw_only=True):
    """What is said about one tool (`engine.tool`)."""

    effect: Effect | None = None


class Places(NamedTuple):
    """Where things are kept on this machine."""

    home: Path
    config_dir: Path


class Settings(msgspec.Struct, kw_only=True):
    """All settings, resolved.

    `home` holds the data, `config_dir` the user's config.toml, `project` the nearest folder with `.savant/` or
    `savant.toml`. `origins` says for each dotted key where its value came from: `FILE:LINE`, `env NAME`, `flag`;
    a key that is not in it has its built-in value. `warnings` are for a person, once. With `serves` others ask from
    other machines, and what is on this one is not theirs to name.
    """

    home: Path
    config_dir: Path
    project: Path | None = None
    trusted: bool = True
    profile: str | None = None
    model: str | None = None
    slm_model: str | None = None
    output: Output = "text"
    on_approval: OnApproval | None = None
    shell: bool = False
    model_timeout: float = 120.0
    retries: int = 2
    database_url: str | None = None
    url: str | None = None
    api_key: str | None = None
    workspace: str | None = None
    secret_keys: str | None = None
    embeddings: str | None = None
    providers: dict[str, ProviderSettings] = {}
    tools: dict[str, ToolSettings] = {}
    server: ServerSettings = msgspec.field(default_factory=ServerSettings)
    origins: dict[str, str] = {}
    warnings: list[str] = []
    serves: bool = False

    @property
    def database(self) -> str:
        """The SQLAlchemy URL of the database in use."""
        return self.database_url or f"sqlite+aiosqlite:///{self.home / 'savant.db'}"

    def origin(self, key: str) -> str:
        return self.origins.get(key, "default")


def load(cwd: Path, environ: Mapping[str, str], flags: Mapping[str, Any] | None = None) -> Settings:
    """The settings for a command started in `cwd`; INVALID_CONFIG says the file, the line and the nearest key."""
    home, config_dir = places(environ)
    project = find_project(cwd)
    user = layers.from_file(user_file(config_dir))
    trusted = project is None or trust.is_trusted(home, project)
    local, warnings = ({}, []) if project is None else _project_layer(home, project, trusted=trusted)
    environment, slips = layers.from_environment(environ)
    flagged = layers.from_flags(flags or {})
    merged = {**user, **local}
    profile = _profile(merged, {**merged, **environment, **flagged}.get(("profile",)))
    merged = {**merged, **profile, **environment, **flagged}
    return _build(merged, home=home, config_dir=config_dir, project=project, trusted=trusted, warnings=warnings + slips)


def places(environ: Mapping[str, str]) -> Places:
    """The folders for data and for configuration."""
    return Places(_home(environ), _config_dir(environ))


def user_file(config_dir: Path) -> Path:
    """The user's own configuration."""
    return config_dir / "config.toml"


def find_project(cwd: Path) -> Path | None:
    """The nearest folder, upwards, with `.savant/` or `savant.toml`."""
    cwd = cwd.absolute()
    for folder in (cwd, *cwd.parents):
        if (folder / "savant.toml").is_file() or (folder / ".savant").is_dir():
            return folder
    return None


def _home(environ: Mapping[str, str]) -> Path:
    if home := environ.get("SAVANT_HOME"):
        return Path(home).expanduser().absolute()
    return _xdg(environ, "XDG_DATA_HOME", ".local/share")


def _config_dir(environ: Mapping[str, str]) -> Path:
    if environ.get("SAVANT_HOME"):
        return _home(environ)
    return _xdg(environ, "XDG_CONFIG_HOME", ".config")


def _xdg(environ: Mapping[str, str], variable: str, fallback: str) -> Path:
    """The XDG rule: a relative path in the variable is as if it were not set."""
    value = environ.get(variable, "")
    base = Path(value) if value.startswith("/") else Path(environ.get("HOME") or Path.home()) / fallback
    return base / "savant"


def _project_layer(home: Path, project: Path, *, trusted: bool) -> tuple[Layer, list[str]]:
    """What the project sets; without trust, less whatever could do harm, and a warning that says so."""
    layer = layers.from_file(project / "savant.toml")
    if trusted:
        return layer, []
    refused = [path for path in layer if (key := keys.find(path)) is None or key.security]
    if not refused:
        return layer, []
    names = ", ".join(f"`{keys.dotted(path)}`" for path in refused)
    why = "changed since you trusted it" if trust.was_trusted(home, project) else "is not trusted"
    warning = f"{project / 'savant.toml'} {why}, so {names} has no effect. Read it, then: savant config trust"
    return {path: value for path, value in layer.items() if path not in refused}, [warning]


def _profile(merged: Layer, chosen: Value | None) -> Layer:
    """The settings of the profile in use; an unknown one is an error, not a shrug."""
    if chosen is None:
        return {}
    profile = {path[2:]: value for path, value in merged.items() if path[:2] == ("profiles", chosen.value)}
    if not profile:
        known = sorted({path[1] for path in merged if path[0] == "profiles"})
        hint = f"There are: {', '.join(known)}." if known else "Add [profiles.NAME] to your config.toml."
        message = f"There is no profile `{chosen.value}` ({chosen.origin})."
        raise SavantError(ErrorCode.INVALID_CONFIG, message, hint=hint)
    return profile


def _build(merged: Layer, **known: Any) -> Settings:
    tree: dict[str, Any] = {}
    for path, value in merged.items():
        if path[0] == "profiles":
            continue
        folder = tree
        for part in path[:-1]:
            folder = folder.setdefault(part, {})
        folder[path[-1]] = value.value
    origins = {keys.dotted(path): value.origin for path, value in merged.items() if path[0] != "profiles"}
    fields: dict[str, Any] = {
        **known,
        **tree,
        "origins": origins,
        "providers": _structs(tree.get("providers", {}), ProviderSettings),
        "server": ServerSettings(**tree.get("server", {})),
        "tools": _structs(tree.get("tools", {}), ToolSettings),
    }
    return Settings(**fields)


def _structs(tables: dict[str, dict[str, Any]], struct: type[Any]) -> dict[str, Any]:
    return {name: struct(**fields) for name, fields in tables.items()}
