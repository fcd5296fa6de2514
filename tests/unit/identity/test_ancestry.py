"""The processes above a process, and whether two belong to one agent."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from oxtail.identity import ancestry
from oxtail.identity.ancestry import Ancestor, Row

SNAPSHOT = """
    1     0 Sun Nov 22 12:00:00 2026
   20     1 Sun Nov  8 12:00:00 2026
   30    20 Sun Nov 22 12:00:02 2026
   40    30 Sun Nov 22 12:00:03 2026
nonsense
   50
"""


def test_the_chain_goes_up_and_ends_before_the_first_process() -> None:
    rows = ancestry.parse_snapshot(SNAPSHOT)

    assert ancestry.chain(rows, 30) == (
        Ancestor(30, "Sun Nov 22 12:00:02 2026"),
        Ancestor(20, "Sun Nov 8 12:00:00 2026"),
    )


def test_a_parent_that_is_gone_ends_the_chain_without_a_signature() -> None:
    assert ancestry.chain({40: Row(99, "a")}, 40) == (Ancestor(40, "a"), Ancestor(99, ""))


def test_a_cycle_ends_the_chain() -> None:
    assert len(ancestry.chain({2: Row(3, "a"), 3: Row(2, "b")}, 2)) == 2
    assert ancestry.walk(2, {2: 3, 3: 4, 4: 3}.__getitem__) == (3, 4)
    assert ancestry.walk(2, {2: 2}.__getitem__) == ()


def test_a_long_chain_is_cut() -> None:
    rows = {pid: Row(pid + 1, "s") for pid in range(2, 100)}

    assert len(ancestry.chain(rows, 2)) == ancestry.CHAIN_MAX
    assert len(ancestry.walk(2, lambda pid: pid + 1)) == ancestry.WALK_MAX


def test_our_own_chain_starts_with_our_parent() -> None:
    above = ancestry.ancestors()

    assert above[0].pid == os.getppid()
    assert above[0].sig == " ".join(
        subprocess.check_output(["ps", "-o", "lstart=", "-p", str(os.getppid())], text=True).split()
    )
    assert [each.pid for each in above] == list(ancestry.ancestor_pids()[: len(above)])


def test_without_ps_the_chain_is_only_a_parent_without_a_signature(
    monkeypatch: pytest.MonkeyPatch, tmp_path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))

    assert ancestry.ancestors() == (Ancestor(os.getppid(), ""),)


@pytest.mark.parametrize(
    ("argv", "comm"),
    [
        (("claude", "--resume"), "claude"),
        (("/opt/codex/bin/codex",), "codex"),
        (("codex-x86_64-unknown-linux-musl",), "codex-x86_64-un"),
        (("node", "/usr/lib/node_modules/@openai/codex/bin/codex.js"), "node"),
        (("/usr/bin/node", "/u/node_modules/@anthropic-ai/claude-code/cli.js"), "node"),
        (("node", "/usr/bin/claude"), "MainThread"),
    ],
)
def test_a_client_is_known_by_its_program(argv: tuple[str, ...], comm: str) -> None:
    assert ancestry.is_client_command(argv, comm)


@pytest.mark.parametrize(
    ("argv", "comm"),
    [
        (("bash",), "bash"),
        (("vim", "codex.md"), "vim"),
        (("bash", "/usr/bin/claude"), "bash"),
        (("run-codex-tests",), "run-codex-tests"),
        (("codex-linux-sandbox", "bash"), "codex-linux-san"),
        (("node", "server.js", "claude"), "node"),
        ((), ""),
    ],
)
def test_mentioning_a_client_makes_no_client(argv: tuple[str, ...], comm: str) -> None:
    assert not ancestry.is_client_command(argv, comm)


@pytest.fixture
def tree(monkeypatch: pytest.MonkeyPatch) -> None:
    """Shell 10 runs clients 20 and 30; 21 and 22 are servers of 20, 32 sits below shell 31."""
    parents = {10: 1, 20: 10, 21: 20, 22: 20, 30: 10, 31: 30, 32: 31, 40: 22, 11: 10}
    monkeypatch.setattr(ancestry, "_parent_lookup", lambda: lambda pid: parents.get(pid, 0))


@pytest.mark.parametrize(
    ("first", "second", "related"),
    [
        (21, 21, True),  # itself
        (21, 22, True),  # two servers of one client
        (40, 22, True),  # below it
        (20, 21, True),  # above it
        (40, 21, True),  # a command that the client runs, and its server
        (32, 21, False),  # the server of another client under the same shell
        (11, 21, False),  # a program under the same shell
        (11, 12, False),  # nobody knows 12
    ],
)
@pytest.mark.usefixtures("tree")
def test_only_a_client_above_both_makes_two_processes_one_agent(
    first: int, second: int, related: bool
) -> None:
    is_client = {20, 30}.__contains__

    assert ancestry.is_ancestor_related(first, second, is_client=is_client) is related
    assert ancestry.is_ancestor_related(second, first, is_client=is_client) is related


@pytest.mark.usefixtures("tree")
def test_a_client_inside_a_client_is_another_agent() -> None:
    assert not ancestry.is_ancestor_related(21, 40, is_client={20, 22}.__contains__)


def test_two_children_of_a_test_runner_are_two_agents() -> None:
    children = [
        subprocess.Popen([sys.executable, "-S", "-c", "input()"], stdin=subprocess.PIPE)
        for _ in range(2)
    ]
    try:
        assert not ancestry.is_ancestor_related(children[0].pid, children[1].pid)
        assert ancestry.is_ancestor_related(os.getpid(), children[0].pid)
    finally:
        for child in children:
            child.stdin.close()
            child.wait(60)
