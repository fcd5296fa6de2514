"""Which project a folder belongs to.

A project is the nearest folder upward that holds an entry named ``.git``.  With the scope
``repository``, a worktree belongs to the project of the repository that it was made from, so that
agents in sibling worktrees see each other.  ``docs/concepts.md`` tells more.
"""

from __future__ import annotations

import os
from typing import Final

from oxtail.core.scope import Place

SCOPES: Final = ("directory", "repository")
POINTER_MAX_BYTES: Final = 8192
"""Largest ``.git`` or ``commondir`` file that is believed: it holds one path."""

CONFIG_MAX_BYTES: Final = 1024 * 1024
"""Largest configuration of a repository that is read."""


def _pointer(path: str) -> str | None:
    """Return the one line of the small regular file *path*, or None."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError:
        return None
    try:
        data = os.read(descriptor, POINTER_MAX_BYTES + 1)
    except OSError:
        return None
    finally:
        os.close(descriptor)
    if len(data) > POINTER_MAX_BYTES or b"\0" in data:
        return None
    return os.fsdecode(data).rstrip("\r\n") or None


def main_root(root: str) -> str:
    """Return the main repository of the worktree *root*, or *root* if it is none.

    A worktree's ``.git`` is a file with ``gitdir: <repository>/.git/worktrees/<name>``; the file
    ``commondir`` in that folder leads to the repository.  A submodule has no ``commondir`` and
    stays a project of its own.
    """
    line = _pointer(os.path.join(root, ".git"))
    if line is None or not line.startswith("gitdir:"):
        return root
    folder = os.path.join(root, line[len("gitdir:") :].strip())
    if os.path.basename(os.path.dirname(folder)) != "worktrees":
        return root
    common = _pointer(os.path.join(folder, "commondir"))
    if common is None:
        return root
    shared = os.path.realpath(os.path.join(folder, common))
    if not os.path.isdir(shared):
        return root
    return os.path.dirname(shared) if os.path.basename(shared) == ".git" else shared


def _config(root: str) -> str | None:
    """Return the text of the configuration of the repository at *root*, or None.

    A worktree has that of its repository, and a submodule one of its own.
    """
    folder = os.path.join(root, ".git")
    if (line := _pointer(folder)) is not None:
        if not line.startswith("gitdir:"):
            return None
        folder = os.path.join(root, line[len("gitdir:") :].strip())
        if common := _pointer(os.path.join(folder, "commondir")):
            folder = os.path.join(folder, common)
    descriptor = os.open(os.path.join(folder, "config"), os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    try:
        data = os.read(descriptor, CONFIG_MAX_BYTES + 1)
    finally:
        os.close(descriptor)
    return data.decode(errors="replace") if len(data) <= CONFIG_MAX_BYTES else None


class FileProjects:
    """Projects as the file system shows them.

    Args:
        scope: ``directory``, or ``repository`` where worktrees of one repository are one project.
    """

    def __init__(self, scope: str = "directory") -> None:
        if scope not in SCOPES:
            raise ValueError(f"scope is one of {', '.join(SCOPES)}")
        self.scope = scope

    def place(self, path: str) -> Place:
        """Return the place of *path*.

        A path that is not absolute or cannot be resolved is its own place.  Nothing is kept from
        one call to the next, so a repository that appears or goes counts at once.
        """
        if not os.path.isabs(path):
            return Place(path, path, False)
        try:
            cwd = os.path.realpath(path)
            root = self._git_root(cwd)
            if root is None:
                return Place(cwd, cwd, False)
            return Place(cwd, main_root(root) if self.scope == "repository" else root, True)
        except (OSError, ValueError):  # a NUL, or a character that no file name can have
            return Place(path, path, False)

    def key(self, path: str) -> str | None:
        """Return what the remote of the repository of *path* is called between hosts, or None."""
        from oxtail.core.repository import identity, project_key, remote_url

        try:
            root = self._git_root(os.path.realpath(path)) if os.path.isabs(path) else None
            config = _config(root) if root else None
        except (OSError, ValueError):
            return None
        url = remote_url(config) if config else None
        return project_key(identity(url) if url else None)

    @staticmethod
    def _git_root(path: str) -> str | None:
        while True:
            if os.path.exists(os.path.join(path, ".git")):
                return path
            above = os.path.dirname(path)
            if above == path:
                return None
            path = above
