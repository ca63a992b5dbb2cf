"""Profiles: names for servers in the person's own settings. `local` is this machine, and needs none."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from savant.cli.door import Door
from savant.errors import ErrorCode, SavantError

if TYPE_CHECKING:
    from savant.settings import Settings
    from savant.settings.layers import Layer

LOCAL = "local"


def check_url(url: str) -> None:
    """USAGE for what is no address, or one that would send a key in the clear."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise SavantError(ErrorCode.USAGE, f"`{url}` is no address.", hint="It begins with https://, or http://.")
    if parts.scheme == "http" and parts.hostname not in ("localhost", "127.0.0.1", "::1"):
        message = f"{url} would send your key in the clear."
        raise SavantError(ErrorCode.USAGE, message, hint="Use the server's https:// address.")


def at(settings: Settings, url: str, key: str) -> Settings:
    """The settings of somebody who works on a server."""
    import msgspec

    return msgspec.structs.replace(settings, url=url, api_key=key, workspace=None)


def add(door: Door, url: str, name: str | None) -> str:
    """Write a profile for a server into the person's settings and use it; returns its name."""
    from savant.settings.edit import write

    name = name or _free_name(door, url)
    if name == LOCAL:
        raise SavantError(ErrorCode.USAGE, f"`{LOCAL}` is this machine.", hint="Choose another name.")
    file = _file(door)
    write(file, _key(name, "url"), url)
    write(file, "profile", name)
    return name


def use(door: Door, name: str) -> None:
    """Use a profile from now on."""
    from savant.settings.edit import write

    file = _file(door)
    if name == LOCAL:
        if _layer(door).get(("profile",)) is not None:
            write(file, "profile", None)
        return
    if name not in known(door):
        names = ", ".join([LOCAL, *known(door)])
        raise SavantError(ErrorCode.NOT_FOUND, f"There is no profile `{name}`.", hint=f"There are: {names}.")
    write(file, "profile", name)


def set_workspace(door: Door, workspace: str | None) -> None:
    """Work in a workspace of the server in use from now on."""
    from savant.settings.edit import write

    profile = door.settings.profile
    write(_file(door), _key(profile, "workspace") if profile else "workspace", workspace)


def known(door: Door) -> dict[str, str | None]:
    """The person's profiles, and the server each stands for."""
    layer = _layer(door)
    names = sorted({path[1] for path in layer if path[0] == "profiles"})
    urls = {name: layer.get(("profiles", name, "url")) for name in names}
    return {name: found.value if found else None for name, found in urls.items()}


def _free_name(door: Door, url: str) -> str:
    """The server's host; another server by that name gets its port, too."""
    parts = urlsplit(url)
    host = parts.hostname or "server"
    taken = known(door).get(host)
    return host if taken in (None, url) else f"{host}-{parts.port or parts.scheme}"


def _key(name: str, setting: str) -> str:
    return f'profiles."{name}".{setting}'


def _layer(door: Door) -> Layer:
    from savant.settings.layers import from_file

    return from_file(_file(door))


def _file(door: Door) -> Path:
    from savant.settings import places, user_file

    return user_file(places(door.environ).config_dir)
