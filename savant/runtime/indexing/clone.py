"""Repositories by URL: cloned into a folder of ours, and brought up to date there."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import ipaddress
import os
import re
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Literal, NamedTuple
from urllib.parse import urlsplit

from savant.errors import ErrorCode, SavantError
from savant.runtime.addresses import Place
from savant.runtime.engines.process import clean_environment, run
from savant.runtime.secrets import Mask

SECONDS = 1800.0
TOKENS = {"github.com": "GITHUB_TOKEN", "gitlab.com": "GITLAB_TOKEN"}
TOKEN = "SAVANT_GIT_TOKEN"
_URL = re.compile(r"(?:https?|ssh|git|file)://\S+$")
_SCP = re.compile(r"[\w.-]+@[\w.-]+:[\w./~-]+$")
_SETTINGS = ("core.hooksPath=/dev/null", "core.fsmonitor=false", "submodule.recurse=false", "gc.auto=0")


def is_url(target: str) -> bool:
    """Whether a target names a repository elsewhere rather than a folder."""
    return bool(_URL.match(target) or _SCP.match(target))


def checked(url: str) -> str:
    """The URL, without what is secret in it being kept; raises VALIDATION_ERROR for what git must not be given."""
    if not is_url(url):
        raise SavantError(
            ErrorCode.VALIDATION, f"`{url}` is not the URL of a repository.", hint="https://, ssh:// or git@host:path"
        )
    parts = urlsplit(url) if "://" in url else None
    if parts and parts.password:
        raise SavantError(
            ErrorCode.VALIDATION,
            "The URL has a password in it.",
            hint="Leave it out, and name a secret: --token NAME",
        )
    return url.rstrip("/")


def name_of(url: str) -> str:
    """`https://host/team/app.git` -> app."""
    return re.split(r"[/:]", url.rstrip("/"))[-1].removesuffix(".git")


def source_of(url: str | None) -> Literal["local", "git", "github", "gitlab"]:
    host = (urlsplit(url).hostname if url and "://" in url else (url or "").partition("@")[2].partition(":")[0]) or ""
    if url is None:
        return "local"
    return "github" if host == "github.com" else "gitlab" if host.startswith("gitlab.") else "git"


class Remote(NamedTuple):
    """Where a repository is, which branch of it (its own choice without one), and with how much history.

    `settings` are more of git's own, for all that is done with it.
    """

    url: str
    branch: str | None = None
    shallow: bool = False
    token: str | None = None
    settings: tuple[str, ...] = ()


def pinned(remote: Remote, place: Place, numbers: Iterable[str]) -> Remote:
    """The same, opened at these IP addresses alone: not where its name leads later, and not where it points on to."""
    there = ",".join(f"[{number}]" if ":" in number else number for number in numbers)
    pins = (f"http.curloptResolve={place.host}:{place.port}:{there}",) if not _is_number(place.host) else ()
    return remote._replace(settings=("http.followRedirects=false", *pins))


def _is_number(host: str) -> bool:
    with contextlib.suppress(ValueError):
        return bool(ipaddress.ip_address(host))
    return False


async def update(remote: Remote, folder: Path) -> None:
    """Bring `folder` to what the branch is at, fetching only what is new; raises UNREACHABLE if it cannot be had."""
    if await fetch(remote, folder):
        return
    target = f"origin/{remote.branch}" if remote.branch else "origin/HEAD"
    if remote.branch is None:
        await _git(folder, remote, ["remote", "set-head", "origin", "--auto"])
    name = remote.branch or (await _git(folder, remote, ["rev-parse", "--abbrev-ref", target])).removeprefix("origin/")
    await _git(folder, remote, ["checkout", "--quiet", "--force", "-B", name, target, "--"])
    await _git(folder, remote, ["clean", "-ffdxq"])


async def fetch(remote: Remote, folder: Path) -> bool:
    """Have all there is of a repository in `folder`, without touching the files there; True if it was cloned now."""
    depth = ["--depth", "1"] if remote.shallow else []
    if (folder / ".git").is_dir():
        await _git(folder, remote, ["fetch", "--quiet", "--prune", "--force", *depth, "origin"])
        return False
    await remove(folder)
    options = [*_branch(remote.branch), *depth, "--no-single-branch"]
    await _git(folder.parent, remote, ["clone", "--quiet", *options, "--", remote.url, str(folder)], make=True)
    return True


async def commit_of(remote: Remote, folder: Path, commit: str | None) -> str | None:
    """The commit in full, or what the branch was at when it was fetched; None if that is not here."""
    names = [commit] if commit else [f"refs/remotes/origin/{remote.branch}", f"refs/heads/{remote.branch}"]
    for name in names if commit or remote.branch else ["HEAD"]:
        with contextlib.suppress(SavantError):
            return await _git(folder, remote, ["rev-parse", "--verify", "--quiet", f"{name}^{{commit}}"])
    return None


async def check_out(remote: Remote, source: Path, folder: Path, commit: str) -> None:
    """A working tree of its own at a commit of `source`, which shares nothing with it that can be changed."""
    await _git(source, remote, ["clone", "--quiet", "--no-checkout", "--", str(source), str(folder)])
    await _git(folder, remote, ["remote", "set-url", "origin", remote.url])
    branch = ["-B", remote.branch] if remote.branch else ["--detach"]
    await _git(folder, remote, ["checkout", "--quiet", "--force", *branch, commit, "--"])


async def empty(folder: Path) -> None:
    """A repository with nothing in it: git looks for none in the folders above.

    Every run that needs no repository has one, so it is written as `git init` does, without a process of git.
    """
    git = folder / ".git"
    for inside in ("objects", "refs"):
        (git / inside).mkdir(parents=True, exist_ok=True)
    (git / "HEAD").write_text("ref: refs/heads/main\n")
    (git / "config").write_text("[core]\n\trepositoryformatversion = 0\n\tbare = false\n")


def token_from(environ: Mapping[str, str], url: str) -> str | None:
    """The token that this machine's own user has set for a URL."""
    if not url.startswith("https://"):
        return None
    return environ.get(TOKEN) or environ.get(TOKENS.get(urlsplit(url).hostname or "", "")) or None


async def remove(folder: Path) -> None:
    await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)


def _branch(branch: str | None) -> list[str]:
    return ["--branch", branch] if branch else []


async def _git(cwd: Path, remote: Remote, arguments: list[str], *, make: bool = False) -> str:
    if make:
        await asyncio.to_thread(cwd.mkdir, parents=True, exist_ok=True)
    settings = [part for setting in (*_SETTINGS, *remote.settings) for part in ("-c", setting)]
    done = await run(["git", *settings, *arguments], cwd=cwd, env=_environment(remote), timeout=SECONDS)
    if done.timed_out:
        raise SavantError(
            ErrorCode.TIMEOUT, f"git {arguments[0]} of {remote.url} took longer than {SECONDS:.0f} seconds."
        )
    if done.exit_code:
        said = Mask([remote.token or ""]).hide(done.stderr.decode("utf-8", "replace")).strip().splitlines()
        raise SavantError(
            ErrorCode.UNREACHABLE,
            f"{remote.url} cannot be had: {said[-1].removeprefix('fatal: ') if said else 'git said nothing'}.",
            hint="Check the address and the branch; a private repository needs a token: docs/search.md says how.",
        )
    return done.stdout.decode("utf-8", "replace").strip()


def _environment(remote: Remote) -> dict[str, str]:
    """Never ask; hand over a token in the environment, which other users cannot see, and to its own host alone."""
    environment = {
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_ASKPASS": "true",
        "GIT_SSH_COMMAND": "ssh -oBatchMode=yes",
        "GIT_ALLOW_PROTOCOL": "https:http:ssh:git:file",
        "GIT_LFS_SKIP_SMUDGE": "1",
    }
    if remote.token is not None:
        parts = urlsplit(remote.url)
        _refuse_in_clear(parts.scheme, parts.hostname or "")
        basic = base64.b64encode(f"x-access-token:{remote.token}".encode()).decode()
        environment |= {
            "GIT_CONFIG_COUNT": "1",
            "GIT_CONFIG_KEY_0": f"http.{parts.scheme}://{parts.netloc}/.extraHeader",
            "GIT_CONFIG_VALUE_0": f"Authorization: Basic {basic}",
        }
    agent = {name: os.environ[name] for name in ("SSH_AUTH_SOCK",) if name in os.environ}
    return clean_environment(environment | agent)


def _refuse_in_clear(scheme: str, host: str) -> None:
    if scheme == "https" or (scheme == "http" and host in ("localhost", "127.0.0.1", "::1")):
        return
    message = "A token is sent only over https."
    raise SavantError(ErrorCode.VALIDATION, message, hint="Use the repository's https:// address.")
