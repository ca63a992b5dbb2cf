"""Real repositories for tests, made by the real git with nothing of the machine's configuration."""

import os
import subprocess

from savant.runtime.engines.catalog import builtin
from savant.runtime.tools.toolbox import EngineToolbox
from savant.schemas.programs import Bundle


class Repo:
    """A repository in `folder`; each commit is a day after the one before it."""

    def __init__(self, folder):
        self.folder = folder
        self.day = 0
        folder.mkdir(parents=True, exist_ok=True)
        self.git("init", "-q", "-b", "main")

    def git(self, *arguments, author="Ada"):
        self.day += arguments[0] == "commit" or arguments[0] == "merge"
        date = f"2026-01-{self.day + 1:02}T12:00:00+00:00"
        mail = f"{author.lower()}@example.com"
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.folder),
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_CONFIG_GLOBAL": os.devnull,
            **{f"GIT_{who}_NAME": author for who in ("AUTHOR", "COMMITTER")},
            **{f"GIT_{who}_EMAIL": mail for who in ("AUTHOR", "COMMITTER")},
            **{f"GIT_{who}_DATE": date for who in ("AUTHOR", "COMMITTER")},
        }
        done = subprocess.run(
            ["git", "-c", "protocol.file.allow=always", *arguments],
            cwd=self.folder,
            env=environment,
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout.strip()

    def write(self, path, text):
        file = self.folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(text.encode() if isinstance(text, str) else text)

    def commit(self, subject, files=None, author="Ada"):
        for path, text in (files or {}).items():
            self.write(path, text)
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", subject, author=author)
        return self.git("rev-parse", "HEAD")

    def toolbox(self):
        return toolbox(self.folder)


def toolbox(folder, **options):
    return EngineToolbox(builtin(folder, Bundle(), **options))
