"""Which sessions belong to one project.

Belongs here: comparing places that an adapter has resolved.  Never here: looking at a disk.
"""

from __future__ import annotations

from oxtail.core.value import Value


class Place(Value):
    """A working directory in terms of projects.

    Attributes:
        cwd: Its real path.
        root: The real path of its project.
        is_git: False where no ancestor is a repository; then *root* is *cwd*.
    """

    cwd: str
    root: str
    is_git: bool


def _at_or_below(top: str, path: str) -> bool:
    return path == top or path.startswith(top.rstrip("/") + "/")


def same_project(a: Place, b: Place) -> bool:
    """Tell whether two places belong to one project; the order of the two does not matter.

    Two places of one repository do, and a repository inside another one is a project of its own.
    Without any repository, equal folders do, and a folder with those below it.
    """
    if a.is_git or b.is_git:
        return a.is_git and b.is_git and a.root == b.root
    return _at_or_below(a.root, b.cwd) or _at_or_below(b.root, a.cwd)


def contains(root: Place, path: Place) -> bool:
    """Tell whether *path* lies in the project whose folder is ``root.root``.

    A path in a repository belongs to the project of that repository alone, so a nested repository
    is not contained; another path belongs if it is the folder or lies below it.
    """
    return path.root == root.root if path.is_git else _at_or_below(root.root, path.cwd)
