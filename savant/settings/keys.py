"""Every setting there is: its name, its type, whether a project may set it unasked, and what it is for."""

from __future__ import annotations

import difflib
from typing import Annotated, Any, Literal, NamedTuple

import msgspec

Path = tuple[str, ...]
Output = Literal["text", "json", "jsonl", "markdown", "junit", "sarif", "github"]
OnApproval = Literal["ask", "fail", "deny", "park"]
Effect = Literal["read", "idempotent", "write"]
Wire = Literal["openai", "anthropic"]
Structured = Literal["schema", "object", "tool", "none"]
Seconds = Annotated[float, msgspec.Meta(gt=0)]
Count = Annotated[int, msgspec.Meta(ge=0)]


class Key(NamedTuple):
    """One setting; `*` in the path stands for a name of the user's choice. `security` needs a trusted folder."""

    path: Path
    type: Any
    help: str
    security: bool = False

    def __str__(self) -> str:
        return ".".join(part if part != "*" else "NAME" for part in self.path)


def _key(path: str, type: Any, help: str, *, security: bool = False) -> Key:
    return Key(tuple(path.split(".")), type, help, security)


PLAIN = [
    _key("model", str, "The model a run uses when its agent names none, as provider/model."),
    _key("slm_model", str, "The small model that works first, and digests long outputs."),
    _key("output", Output, "How results are printed when no --output is given."),
    _key("on_approval", OnApproval, "What a run does that needs an approval.", security=True),
    _key("shell", bool, "Whether the shell engine exists at all.", security=True),
    _key("model_timeout", Seconds, "Seconds one call of a model may take."),
    _key("retries", Count, "How often a call of a model is tried again."),
    _key("database_url", str, "Where runs are stored, as an SQLAlchemy URL.", security=True),
    _key("url", str, "The address of a Savant server to use instead of this machine.", security=True),
    _key("api_key", str, "The key for that server.", security=True),
    _key("workspace", str, "The workspace of that server to work in, as team/workspace.", security=True),
]
NAMED = [
    _key(
        "secret_keys",
        str,
        "The keys that seal secrets, the current one first; else they are of the machine.",
        security=True,
    ),
    _key("embeddings", str, "The model that makes vectors of code for search, as provider/model.", security=True),
    _key("profile", str, "The profile in use.", security=True),
    _key("providers.*.wire", Wire, "The protocol the provider speaks.", security=True),
    _key("providers.*.base_url", str, "The address of the provider's API.", security=True),
    _key("providers.*.api_key_env", str, "The environment variable that holds the provider's key.", security=True),
    _key("providers.*.api_key", str, "The provider's key itself.", security=True),
    _key("providers.*.headers.*", str, "A header sent with every call of the provider.", security=True),
    _key("providers.*.default_model", str, "The model used where only the provider is known.", security=True),
    _key("providers.*.native_tools", bool, "Whether it takes tools; if not, JSON actions are used.", security=True),
    _key("providers.*.structured", Structured, "How an answer is held to a schema.", security=True),
    _key("providers.*.context_window", Count, "Tokens its models can read.", security=True),
    _key("providers.*.max_output_tokens", Count, "Tokens one answer may have.", security=True),
    _key("providers.*.free", bool, "Whether its calls cost nothing.", security=True),
    _key("providers.*.price_as", str, "The provider's name in the table of prices.", security=True),
    _key("tools.*.effect", Effect, "What a tool does to the world, where its own word is wrong.", security=True),
]
SERVER = [
    _key("server.public_url", str, "The address under which people reach the server.", security=True),
    _key(
        "server.owner_database_url",
        str,
        "The database as the owner of its tables reaches it, to migrate it.",
        security=True,
    ),
    _key("server.cors_origins", str, "Sites whose pages may call the server, with commas.", security=True),
    _key("server.proxies", str, "Addresses of proxies whose word about a caller's address counts.", security=True),
    _key("server.requests_per_minute", Count, "Requests one key or person may make in a minute.", security=True),
    _key("server.strangers_per_minute", Count, "Requests without a good key from one address.", security=True),
    _key("server.max_body_mb", Count, "Megabytes the body of a request may have.", security=True),
    _key("server.request_seconds", Seconds, "Seconds a request may take; following a run is not one.", security=True),
    _key("server.stop_seconds", Seconds, "Seconds that requests have to end when the server stops.", security=True),
    _key("server.keep_days", Count, "Days that a server keeps runs that ended; 0 is no limit.", security=True),
    _key("server.keep_mb", Count, "Megabytes that the runs of a workspace may take up; 0 is no limit.", security=True),
    _key("server.otlp_endpoint", str, "Where OpenTelemetry sends what it measured.", security=True),
    _key("server.models_by_path", bool, "Whether people may name models by files of the server.", security=True),
    _key("server.private_addresses", bool, "Whether repositories may be of its network, or by ssh.", security=True),
]
PROFILES = [Key(("profiles", "*", *key.path), key.type, key.help, security=True) for key in PLAIN]
KEYS = [*PLAIN, *NAMED, *SERVER, *PROFILES]
SECRETS = frozenset({"api_key", "secret_keys"})


def find(path: Path) -> Key | None:
    """The setting at a path, or None."""
    for key in KEYS:
        if len(key.path) == len(path) and all(want in ("*", got) for want, got in zip(key.path, path, strict=True)):
            return key
    return None


def nearest(path: Path) -> str | None:
    """The dotted name of the most similar setting, with the user's own names kept in place."""
    candidates: dict[str, None] = {}
    for key in KEYS:
        parts = [path[i] if part == "*" and i < len(path) else part for i, part in enumerate(key.path)]
        if "*" not in parts:
            candidates[dotted(tuple(parts))] = None
    return next(iter(difflib.get_close_matches(dotted(path), candidates, n=1, cutoff=0.6)), None)


def takes(type: Any) -> str:
    """`true or false`, `one of a, b`: the values a setting takes, for a person."""
    if type is bool:
        return "true or false"
    arguments = getattr(type, "__args__", None)
    if getattr(type, "__metadata__", None):
        number = "a whole number" if type.__origin__ is int else "a number"
        return f"{number} above 0" if type is Seconds else f"{number}, 0 or more"
    return f"one of {', '.join(arguments)}" if arguments else "text"


def dotted(path: Path) -> str:
    """`providers.ollama.wire`; parts that TOML would want quoted are quoted."""
    return ".".join(part if part.replace("-", "").replace("_", "").isalnum() else f'"{part}"' for part in path)


def is_secret(path: Path) -> bool:
    """Whether the value must never be shown."""
    return path[-1] in SECRETS or "headers" in path
