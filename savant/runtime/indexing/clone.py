"""Repositories by URL: cloned into a folder of ours, and brought up to date there."""

from __future__ import annotations

import asyncio
import base64
import os
import re
import shutil
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from savant.errors import ErrorCode, SavantError
from savant.runtime.engines.process import clean_environment, run

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
            ErrorCode.VALIDATION, "The URL has a password in it.", hint=f"Leave it out, and set {TOKEN} instead."
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


async def update(url: str, folder: Path, branch: str | None) -> None:
    """Bring `folder` to what `branch` (the remote's own without one) is at; raises UNREACHABLE if it cannot be had."""
    if not (folder / ".git").is_dir():
        await remove(folder)
        await _git(folder.parent, url, ["clone", "--quiet", *_branch(branch), "--", url, str(folder)], make=True)
        return
    await _git(folder, url, ["fetch", "--quiet", "--prune", "--force", "origin"])
    target = f"origin/{branch}" if branch else "origin/HEAD"
    if branch is None:
        await _git(folder, url, ["remote", "set-head", "origin", "--auto"])
    name = branch or (await _git(folder, url, ["rev-parse", "--abbrev-ref", target])).removeprefix("origin/")
    await _git(folder, url, ["checkout", "--quiet", "--force", "-B", name, target, "--"])
    await _git(folder, url, ["clean", "-ffdxq"])


async def remove(folder: Path) -> None:
    await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)


def _branch(branch: str | None) -> list[str]:
    return ["--branch", branch] if branch else []


async def _git(cwd: Path, url: str, arguments: list[str], *, make: bool = False) -> str:
    if make:
        await asyncio.to_thread(cwd.mkdir, parents=True, exist_ok=True)
    settings = [part for setting in _SETTINGS for part in ("-c", setting)]
    done = await run(["git", *settings, *arguments], cwd=cwd, env=_environment(url), timeout=SECONDS)
    if done.timed_out:
        raise SavantError(ErrorCode.TIMEOUT, f"git {arguments[0]} of {url} took longer than {SECONDS:.0f} seconds.")
    if done.exit_code:
        said = done.stderr.decode("utf-8", "replace").strip().splitlines()
        raise SavantError(
            ErrorCode.UNREACHABLE,
            f"{url} cannot be had: {said[-1].removeprefix('fatal: ') if said else 'git said nothing'}.",
            hint=f"Check the address and the branch; for a private repository set {TOKEN}.",
        )
    return done.stdout.decode("utf-8", "replace").strip()


def _environment(url: str) -> dict[str, str]:
    """Never ask; hand over a token in the environment, which other users cannot see, and to its own host alone."""
    environment = {
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_ASKPASS": "true",
        "GIT_SSH_COMMAND": "ssh -oBatchMode=yes",
        "GIT_ALLOW_PROTOCOL": "https:http:ssh:git:file",
        "GIT_LFS_SKIP_SMUDGE": "1",
    }
    parts = urlsplit(url) if url.startswith("https://") else None
    token = os.environ.get(TOKEN) or os.environ.get(TOKENS.get(parts.hostname or "", "") if parts else "", "")
    if parts and token:
        basic = base64.b64encode(f"x-access-token:{token}".encode()).decode()
        environment |= {
            "GIT_CONFIG_COUNT": "1",
            "GIT_CONFIG_KEY_0": f"http.https://{parts.netloc}/.extraHeader",
            "GIT_CONFIG_VALUE_0": f"Authorization: Basic {basic}",
        }
    agent = {name: os.environ[name] for name in ("SSH_AUTH_SOCK",) if name in os.environ}
    return clean_environment(environment | agent)
