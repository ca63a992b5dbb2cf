"""What tells without reading it whether a file is as it was: what git goes by as well."""

from __future__ import annotations

import os


def stamp(status: os.stat_result) -> str:
    """The same as long as the content is. Who sets a file's time back does not set back when that was done."""
    return f"{status.st_size}.{status.st_mtime_ns}.{status.st_ctime_ns}.{status.st_ino}"
