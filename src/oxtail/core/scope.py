"""Which sessions belong to one project."""

from __future__ import annotations

from typing import NamedTuple


class Place(NamedTuple):
    """A working directory in terms of projects.

    Attributes:
        cwd: Its real path.
        root: The real path of its project.
        is_git: False where no ancestor is a repository; then *root* is *cwd*.
    """

    cwd: str
    root: str
    is_git: bool
