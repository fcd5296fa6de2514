from __future__ import annotations

import pytest

from oxtail.wake.foreground import Foreground, Process, judge, parse_processes

TTY = "/dev/pts/3"


def tree(*, keys: int = 20, **changes: Process) -> dict[int, Process]:
    """A shell 10 in the pane, a client 20 below it, its server 30; *keys* is the group in front."""
    processes = {
        10: Process(5, 10, keys, "pts/3", "bash"),
        20: Process(10, 20, keys, "pts/3", "claude"),
        30: Process(20, 20, keys, "pts/3", "python"),
    }
    return processes | {int(name[1:]): process for name, process in changes.items()}


def who(
    processes: dict[int, Process],
    *,
    pane: int = 10,
    kind: str = "claude-code",
    clients: tuple[str, ...] = ("claude", "codex"),
) -> Foreground:
    return judge(
        processes,
        30,
        pane,
        TTY,
        client_type=kind,
        is_client=lambda pid: processes[pid].comm in clients,
    )


def test_a_client_in_front_has_the_keys() -> None:
    assert who(tree()) is Foreground.CLIENT


def test_a_client_that_is_the_pane_itself_has_the_keys() -> None:
    assert who(tree(), pane=20) is Foreground.CLIENT


def test_a_shell_in_front_of_a_stopped_client_has_the_keys() -> None:
    assert who(tree(keys=10)) is Foreground.OTHER


def test_another_job_of_the_shell_has_the_keys() -> None:
    assert who(tree(keys=99)) is Foreground.OTHER


def test_a_terminal_that_nobody_holds_gives_no_keys() -> None:
    assert who(tree(keys=-1)) is Foreground.OTHER


def test_a_pane_that_is_not_above_the_server_proves_nothing() -> None:
    assert who(tree(p30=Process(1, 30, 20, "pts/3", "python"))) is Foreground.UNKNOWN
    assert who({}) is Foreground.UNKNOWN


def test_a_ring_of_parents_ends() -> None:
    ring = {30: Process(31, 1, 1, "?", "a"), 31: Process(30, 1, 1, "?", "b")}
    assert who(ring) is Foreground.UNKNOWN


def test_the_pane_must_be_on_the_terminal_that_tmux_names() -> None:
    assert who(tree(p10=Process(5, 10, 20, "pts/33", "bash"))) is Foreground.OTHER


def test_the_server_of_a_daemon_proves_no_pane() -> None:
    daemon = tree(
        p30=Process(25, 25, -1, "?", "python"),
        p25=Process(20, 25, -1, "?", "codex"),
    )
    assert who(daemon, kind="codex") is Foreground.UNKNOWN


def test_a_launcher_between_client_and_server_does_not_matter() -> None:
    launched = tree(
        p30=Process(25, 20, 20, "pts/3", "python"), p25=Process(20, 20, 20, "pts/3", "uv")
    )
    assert who(launched) is Foreground.CLIENT


@pytest.mark.parametrize("holder", ["-zsh", "/bin/bash", "tmux: server", "sudo"])
def test_a_client_of_another_make_is_what_is_no_holder_of_terminals(holder: str) -> None:
    other = tree(
        p10=Process(5, 10, 20, "pts/3", holder), p20=Process(10, 20, 20, "pts/3", "gemini")
    )
    assert who(other, kind="unknown") is Foreground.CLIENT
    assert who(other | {10: other[10]._replace(tpgid=10)}, kind="unknown") is Foreground.OTHER


def test_a_program_in_a_shell_is_no_client() -> None:
    alone = {10: Process(5, 10, 30, "pts/3", "bash"), 30: Process(10, 30, 30, "pts/3", "python")}
    assert who(alone, kind="unknown") is Foreground.OTHER


def test_a_program_that_an_agent_runs_has_not_the_agents_keys() -> None:
    assert who(tree(), kind="unknown") is Foreground.UNKNOWN


def test_a_client_under_another_name_is_taken_for_what_it_says() -> None:
    assert who(tree(p20=Process(10, 20, 20, "pts/3", "my-agent"))) is Foreground.CLIENT


def test_terminals_are_compared_as_ps_of_either_system_writes_them() -> None:
    for short in ("ttys003", "s003"):
        processes = {
            10: Process(5, 10, 10, short, "zsh"),
            30: Process(20, 20, 20, short, "python"),
            20: Process(10, 20, 20, short, "claude"),
        }
        processes[10] = processes[10]._replace(tpgid=20)
        verdict = judge(
            processes, 30, 10, "/dev/ttys003", client_type="codex", is_client=lambda pid: pid == 20
        )
        assert verdict is Foreground.CLIENT


def test_the_answer_of_ps_is_read_line_by_line() -> None:
    text = "  1   0   1  -1 ?     systemd\n 7 6 7 7 pts/0 tmux: server\nx y\n1 2 3\n9 8 a 7 ? b\n"
    assert parse_processes(text) == {
        1: Process(0, 1, -1, "?", "systemd"),
        7: Process(6, 7, 7, "pts/0", "tmux: server"),
    }
