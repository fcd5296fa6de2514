"""Which places share a project."""

from __future__ import annotations

import pytest

from oxtail.core.scope import Place, contains, same_project


def git(cwd: str, root: str) -> Place:
    return Place(cwd, root, is_git=True)


def bare(cwd: str) -> Place:
    return Place(cwd, cwd, is_git=False)


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        (git("/r", "/r"), git("/r/sub", "/r"), True),
        (git("/r/a", "/r"), git("/r/b", "/r"), True),
        (git("/r", "/r"), git("/r/nested", "/r/nested"), False),
        (git("/r", "/r"), bare("/r/sub"), False),
        (bare("/r"), git("/r", "/r"), False),
        (bare("/d"), bare("/d"), True),
        (bare("/d"), bare("/d/sub"), True),
        (bare("/d"), bare("/dx"), False),
        (bare("/d/a"), bare("/d/b"), False),
        (bare("/"), bare("/d"), True),
    ],
)
def test_two_places_share_a_project(a: Place, b: Place, expected: bool):
    assert same_project(a, b) is expected
    assert same_project(b, a) is expected


@pytest.mark.parametrize(
    ("root", "path", "expected"),
    [
        (git("/r", "/r"), git("/r/sub/deep", "/r"), True),
        (git("/r", "/r"), git("/r/nested/x", "/r/nested"), False),
        (git("/r", "/r"), bare("/r/sub"), True),
        (bare("/d"), bare("/d"), True),
        (bare("/d"), bare("/d/sub"), True),
        (bare("/d/sub"), bare("/d"), False),
        (bare("/d"), bare("/dx"), False),
        (bare("/d"), git("/d/repo", "/d/repo"), False),
        (bare("/"), bare("/anything"), True),
        # With one project for all worktrees of a repository, a worktree may lie anywhere.
        (git("/r", "/r"), git("/elsewhere/tree", "/r"), True),
    ],
)
def test_a_project_contains_its_paths_and_no_nested_repository(
    root: Place, path: Place, expected: bool
):
    assert contains(root, path) is expected
