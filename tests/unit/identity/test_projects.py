"""Which project a folder belongs to."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from oxtail.core.scope import Place
from oxtail.identity.projects import FileProjects

DIRECTORY = FileProjects()
REPOSITORY = FileProjects("repository")


@pytest.fixture
def base(tmp_path: Path) -> Path:
    path = tmp_path / "base"
    path.mkdir()
    return path.resolve()


def worktree(repository: Path, path: Path, name: str, *, relative: bool = False) -> Path:
    """Make what ``git worktree add`` makes, as far as it matters here."""
    inner = repository / ".git" / "worktrees" / name
    inner.mkdir(parents=True)
    (inner / "commondir").write_text("../..\n")
    path.mkdir()
    pointer = os.path.relpath(inner, path) if relative else str(inner)
    (path / ".git").write_text(f"gitdir: {pointer}\n")
    return path


def test_the_nearest_folder_with_git_is_the_project(base: Path) -> None:
    inner = base / "repo" / "src" / "deep"
    inner.mkdir(parents=True)
    (base / "repo" / ".git").mkdir()

    assert DIRECTORY.place(str(inner)) == Place(str(inner), str(base / "repo"), True)


def test_a_repository_inside_a_repository_is_another_project(base: Path) -> None:
    nested = base / "repo" / "vendor"
    nested.mkdir(parents=True)
    (base / "repo" / ".git").mkdir()
    assert DIRECTORY.place(str(nested)).root == str(base / "repo")

    (nested / ".git").write_text("gitdir: ../.git/modules/vendor\n")

    assert DIRECTORY.place(str(nested)).root == str(nested)
    assert REPOSITORY.place(str(nested)).root == str(nested)


def test_a_folder_without_git_is_its_own_project(base: Path) -> None:
    assert DIRECTORY.place(str(base)) == Place(str(base), str(base), False)


def test_a_path_through_a_link_is_where_it_leads(base: Path) -> None:
    (base / "repo" / ".git").mkdir(parents=True)
    (base / "link").symlink_to(base / "repo")

    assert DIRECTORY.place(str(base / "link")) == DIRECTORY.place(str(base / "repo"))


@pytest.mark.parametrize("path", ["", "relative", "/a\0b", "/\ud800", "~", "/" + "x" * 5000])
def test_what_cannot_be_resolved_is_its_own_place(path: str) -> None:
    for projects in (DIRECTORY, REPOSITORY):
        assert projects.place(path) == Place(path, path, False)


@pytest.mark.parametrize("relative", [False, True])
def test_worktrees_are_one_project_only_if_asked_for(base: Path, relative: bool) -> None:
    repository = base / "repo"
    (repository / ".git").mkdir(parents=True)
    tree = worktree(repository, base / "tree", "tree", relative=relative)

    assert DIRECTORY.place(str(tree)).root == str(tree)
    assert REPOSITORY.place(str(tree)) == Place(str(tree), str(repository), True)
    assert REPOSITORY.place(str(repository)).root == str(repository)


def test_worktrees_of_a_bare_repository_are_one_project(base: Path) -> None:
    bare = base / "repo.git"
    trees = []
    for name in ("a", "b"):
        inner = bare / "worktrees" / name
        inner.mkdir(parents=True)
        (inner / "commondir").write_text("../..\n")
        (base / name).mkdir()
        (base / name / ".git").write_text(f"gitdir: {inner}\n")
        trees.append(REPOSITORY.place(str(base / name)).root)

    assert trees == [str(bare), str(bare)]


@pytest.mark.parametrize(
    "content",
    [
        b"", b"\n", b"gitdir:", b"gitdir: \n", b"nonsense", b"gitdir: /nowhere/worktrees/x",
        b"gitdir: /a\0b/worktrees/x", b"gitdir: " + b"x" * 20_000, b"\xff\xfe" * 50,
    ],
)  # fmt: skip
def test_a_damaged_pointer_leaves_the_folder_a_project_of_its_own(
    base: Path, content: bytes
) -> None:
    (base / ".git").write_bytes(content)

    assert REPOSITORY.place(str(base)) == Place(str(base), str(base), True)


def test_a_pointer_that_is_a_pipe_does_not_block(base: Path) -> None:
    os.mkfifo(base / ".git")

    assert REPOSITORY.place(str(base)).root == str(base)


def test_a_common_folder_that_is_gone_is_not_believed(base: Path) -> None:
    tree = worktree(base / "repo", base / "tree", "tree")
    (base / "repo/.git/worktrees/tree/commondir").write_text("/nowhere/at/all")

    assert REPOSITORY.place(str(tree)).root == str(tree)


def test_only_a_folder_of_worktrees_leads_to_a_repository(base: Path) -> None:
    inner = base / "repo" / ".git" / "modules" / "part"
    inner.mkdir(parents=True)
    (inner / "commondir").write_text("../..")
    (base / "part").mkdir()
    (base / "part" / ".git").write_text(f"gitdir: {inner}")

    assert REPOSITORY.place(str(base / "part")).root == str(base / "part")


def test_a_pointer_that_is_too_long_is_not_believed(base: Path) -> None:
    tree = worktree(base / "repo", base / "tree", "tree")
    assert REPOSITORY.place(str(tree)).root == str(base / "repo")

    with (tree / ".git").open("a") as file:
        file.write(" " * 20_000)

    assert REPOSITORY.place(str(tree)).root == str(tree)


@pytest.mark.skipif(not shutil.which("git"), reason="needs git")
def test_what_git_itself_makes_is_understood(base: Path) -> None:
    def git(*arguments: str) -> None:
        subprocess.run(
            ["git", "-c", "user.name=u", "-c", "user.email=u@h", "-C", str(base), *arguments],
            check=True,
            capture_output=True,
            env={**os.environ, "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_SYSTEM": "/dev/null"},
        )

    git("init", "-q", "repo")
    git("-C", "repo", "commit", "-q", "--allow-empty", "-m", "start")
    git("-C", "repo", "worktree", "add", "-q", "../tree")

    assert REPOSITORY.place(str(base / "tree")).root == str(base / "repo")
    assert DIRECTORY.place(str(base / "tree")).root == str(base / "tree")


def test_an_unknown_scope_is_refused() -> None:
    with pytest.raises(ValueError, match="scope"):
        FileProjects("universe")


class TestKeys:
    @pytest.fixture
    def clone(self, tmp_path):
        root = tmp_path / "clone"
        (root / ".git").mkdir(parents=True)
        config = '[remote "origin"]\n\turl = git@example.org:team/tool.git\n'
        (root / ".git" / "config").write_text(config)
        return root

    def test_clones_of_one_repository_have_one_key_wherever_they_lie(self, clone, tmp_path):
        other = tmp_path / "other" / ".git"
        other.mkdir(parents=True)
        (other / "config").write_text('[remote "origin"]\nurl=https://example.org/team/tool\n')
        key = FileProjects().key(str(clone))
        assert key is not None
        assert key == FileProjects().key(str(other.parent))

    def test_a_worktree_has_the_key_of_its_repository(self, clone, tmp_path):
        link = clone / ".git" / "worktrees" / "tree"
        link.mkdir(parents=True)
        (link / "commondir").write_text("../..\n")
        tree = tmp_path / "tree"
        tree.mkdir()
        (tree / ".git").write_text(f"gitdir: {link}\n")
        assert FileProjects().key(str(tree)) == FileProjects().key(str(clone))

    def test_what_has_no_remote_has_no_key(self, tmp_path):
        (tmp_path / ".git").mkdir()
        assert FileProjects().key(str(tmp_path)) is None
        (tmp_path / ".git" / "config").write_text("[core]\nbare = false\n")
        assert FileProjects().key(str(tmp_path)) is None
        assert FileProjects().key("not/absolute") is None
