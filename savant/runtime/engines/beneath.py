"""Files beneath a root, and no others: `..`, absolute paths, symbolic links out of it and races are refused.

A path is resolved, checked to lie in the root, and then opened folder by folder with O_NOFOLLOW: a link that is
swapped in after the check is met as an error, not followed.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import posixpath
import re
import stat
from collections.abc import Generator
from pathlib import Path

from savant import clock
from savant.runtime.tools.engine import bad_argument, tool_failed

_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY
_FOLDER = os.O_RDONLY | os.O_NOFOLLOW | os.O_DIRECTORY | os.O_CLOEXEC
_CREATE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_TEMPORARY = re.compile(r"\.savant-[0-9a-f]+\.tmp")


def relative(path: str) -> str:
    """`./a//b` -> `a/b`, the root -> `.`; raises TOOL_BAD_ARGUMENTS for what cannot lie beneath a root."""
    if "\0" in path or any("\ud800" <= letter <= "\udfff" for letter in path):
        raise bad_argument(f"The path {path!r} has characters that no file name here can have.")
    if path.startswith(("/", "~/")):
        raise bad_argument(f"The path `{path}` is absolute.", "Give it relative to the root: `src/app.py`.")
    normal = posixpath.normpath(path) if path else "."
    if normal == ".." or normal.startswith("../"):
        raise bad_argument(f"The path `{path}` leads out of the root.", "Only files beneath the root can be reached.")
    return normal


def shown(path: str) -> str:
    """A path as JSON can carry it: bytes that are not UTF-8 as `\\xff`."""
    return path if path.isascii() else os.fsencode(path).decode("utf-8", "backslashreplace")


class Beneath:
    """The files beneath `root`; every method raises TOOL_FAILED in words where the file is not what it must be."""

    def __init__(self, root: Path) -> None:
        self.root = Path(os.path.realpath(root))

    def resolve(self, path: str) -> list[str]:
        """The parts of the real path below the root, links followed; refused if they lead out of it or into .git."""
        asked = relative(path)
        # Of `a/link/../b` the path `a/b` is meant, as a policy on tools reads it, wherever the link leads.
        real = Path(os.path.realpath(self.root / asked))
        if real != self.root and self.root not in real.parents:
            raise tool_failed(f"`{path}` leads out of the root through a symbolic link.", "It cannot be reached.")
        parts = list(real.relative_to(self.root).parts)
        if any(part.casefold() == ".git" for part in [*parts, *asked.split("/")]):
            raise tool_failed(f"`{path}` is git's own.", "Use the git tools.")
        return parts

    @contextlib.contextmanager
    def folder(self, path: str, parts: list[str], *, create: bool = False) -> Generator[int]:
        """A descriptor of the folder `parts`; missing folders are made if `create`."""
        try:
            with contextlib.ExitStack() as stack:
                fd = _open_folder(stack, os.fspath(self.root), None)
                for part in parts:
                    if create:
                        _make_folder(part, fd)
                    fd = _open_folder(stack, part, fd)
                yield fd
        except OSError as error:
            raise _explained(path, error) from None

    def read(self, path: str, limit: int) -> bytes:
        """The bytes of a regular file; refused if there are more than `limit`."""
        parts = self.resolve(path)
        if not parts:
            raise tool_failed(f"`{path}` is a folder.", "Use fs.list.")
        with self.folder(path, parts[:-1]) as parent, _opened(parent, parts[-1], path) as fd:
            size = os.fstat(fd).st_size
            with os.fdopen(os.dup(fd), "rb") as file:
                data = file.read(limit + 1)
        if len(data) > limit:
            raise tool_failed(f"`{path}` is too large: {size} bytes, of which {limit} can be read at once.")
        return data

    def write(self, path: str, data: bytes, *, expected: bytes | None = None) -> bool:
        """Replace or make a regular file as a whole, keeping its mode and owner; True if it is new.

        With `expected`, nothing is written unless that is what the file still holds.
        """
        parts = self.resolve(path)
        if not parts:
            raise tool_failed(f"`{path}` is a folder.")
        with self.folder(path, parts[:-1], create=expected is None) as parent:
            old = _status(parent, parts[-1])
            if old:
                _must_be_regular(path, old)
                _must_be_writable(path, parent, parts[-1])
            if expected is not None and self.read(path, len(expected)) != expected:
                raise tool_failed(f"`{path}` was changed by someone else meanwhile.", "Read it again.")
            _replace(parent, parts[-1], data, old)
        return old is None


def _open_folder(stack: contextlib.ExitStack, name: str, parent: int | None) -> int:
    fd = os.open(name, _FOLDER, dir_fd=parent)
    stack.callback(os.close, fd)
    return fd


def _make_folder(name: str, parent: int) -> None:
    with contextlib.suppress(FileExistsError):
        os.mkdir(name, dir_fd=parent)


@contextlib.contextmanager
def _opened(parent: int, name: str, path: str) -> Generator[int]:
    # Looked at before it is opened: to open a device can do something, to open a FIFO can wait for ever.
    _must_be_regular(path, os.stat(name, dir_fd=parent, follow_symlinks=False))
    fd = os.open(name, _READ, dir_fd=parent)
    try:
        _must_be_regular(path, os.fstat(fd))
        yield fd
    finally:
        os.close(fd)


def _replace(parent: int, name: str, data: bytes, old: os.stat_result | None) -> None:
    _sweep(parent)
    temporary, fd = _temporary(parent, 0o600 if old else 0o666)
    try:
        with os.fdopen(fd, "wb") as file:
            file.write(data)
            if old:
                _keep_owner_and_mode(fd, old)
            file.flush()
            os.fsync(fd)
            os.rename(temporary, name, src_dir_fd=parent, dst_dir_fd=parent)
    except BaseException:  # raised again: even a cancelled write must not leave its temporary file
        with contextlib.suppress(FileNotFoundError):
            os.unlink(temporary, dir_fd=parent)
        raise


def _temporary(parent: int, mode: int) -> tuple[str, int]:
    """A new file that is locked while somebody is at it; the system lets go of the lock if the process dies."""
    while True:
        name = f".savant-{clock.token(8)}.tmp"
        fd = os.open(name, _CREATE, mode, dir_fd=parent)
        fcntl.flock(fd, fcntl.LOCK_EX)
        if os.fstat(fd).st_nlink:
            return name, fd
        os.close(fd)  # swept away before it was locked


def _sweep(parent: int) -> None:
    """Remove the temporary files of writers that were killed: nobody holds them any more."""
    for name in os.listdir(parent):
        if _TEMPORARY.fullmatch(name):
            with contextlib.suppress(OSError), os.fdopen(os.open(name, _READ, dir_fd=parent)) as file:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                os.unlink(name, dir_fd=parent)


def _keep_owner_and_mode(fd: int, old: os.stat_result) -> None:
    mine = os.fstat(fd)
    if (mine.st_uid, mine.st_gid) != (old.st_uid, old.st_gid):
        with contextlib.suppress(PermissionError):
            os.fchown(fd, old.st_uid, old.st_gid)
    os.fchmod(fd, stat.S_IMODE(old.st_mode))


def _status(parent: int, name: str) -> os.stat_result | None:
    with contextlib.suppress(FileNotFoundError):
        return os.stat(name, dir_fd=parent, follow_symlinks=False)
    return None


def _must_be_regular(path: str, status: os.stat_result) -> None:
    if stat.S_ISDIR(status.st_mode):
        raise tool_failed(f"`{path}` is a folder.", "Use fs.list.")
    if not stat.S_ISREG(status.st_mode):
        raise tool_failed(f"`{path}` is not a regular file but {kind(status.st_mode)}.")


def _must_be_writable(path: str, parent: int, name: str) -> None:
    if not os.access(name, os.W_OK, dir_fd=parent):
        raise tool_failed(f"`{path}` is read-only.", "Its mode must be changed by you first.")


def kind(mode: int) -> str:
    """What a mode says a file is, in one word."""
    kinds = {stat.S_IFDIR: "folder", stat.S_IFREG: "file", stat.S_IFLNK: "symlink", stat.S_IFIFO: "fifo"}
    others = {stat.S_IFSOCK: "socket", stat.S_IFCHR: "device", stat.S_IFBLK: "device"}
    return (kinds | others).get(stat.S_IFMT(mode), "other")


_REASONS = {
    errno.ENOENT: "does not exist",
    errno.ENOTDIR: "leads through something that is no folder",
    errno.ELOOP: "is or leads through a symbolic link that cannot be followed",
    errno.EACCES: "may not be accessed",
    errno.EPERM: "may not be accessed",
    errno.EISDIR: "is a folder",
    errno.ENAMETOOLONG: "has a name that is too long",
    errno.ENOSPC: "does not fit: the disk is full",
    errno.EROFS: "is on a read-only file system",
}


def _explained(path: str, error: OSError) -> Exception:
    reason = _REASONS.get(error.errno or 0, f"cannot be used: {error.strerror}")
    return tool_failed(f"`{path}` {reason}.", "Use fs.list or fs.find." if error.errno == errno.ENOENT else None)
