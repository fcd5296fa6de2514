"""Tell a process from every later one with the same pid."""

from __future__ import annotations

import os
import subprocess
import sys
import time

import pytest

from helpers.waiting import until
from oxtail.core.owner import Owner
from oxtail.identity import process

LINUX = sys.platform.startswith("linux")
linux = pytest.mark.skipif(not LINUX, reason="needs /proc")
FIELDS = "S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 7 18 4711 20 21"


@pytest.fixture
def child():
    running = subprocess.Popen([sys.executable, "-S", "-c", "input()"], stdin=subprocess.PIPE)
    yield running
    running.stdin.close()
    running.wait(60)


def ended() -> Owner:
    """An owner that has run and ended, and was waited for."""
    done = subprocess.Popen([sys.executable, "-S", "-c", ""])
    owner = process.current_owner()._replace(pid=done.pid, start_token=None)
    done.wait(60)
    return owner


@pytest.mark.parametrize("comm", ["bash", "a b", "x) S 9 9 (y", "((", "))", "", "tmux: server"])
def test_a_program_name_cannot_shift_the_fields_behind_it(comm: str) -> None:
    stat = process.parse_stat(f"12 ({comm}) {FIELDS}")

    assert stat == process.Stat(comm, "S", 1, 7, 4711)


@pytest.mark.parametrize("text", ["", "12", "12 (a)", "12 (a) S 1", "12 (a) " + "x " * 30, ")("])
def test_a_line_of_another_form_is_no_stat(text: str) -> None:
    assert process.parse_stat(text) is None


def test_this_process_is_alive_and_not_provably_dead() -> None:
    assert process.is_alive(os.getpid())
    assert not process.provably_dead(process.current_owner())


@pytest.mark.parametrize("pid", [0, -1, 2**31, 2**70])
def test_a_number_that_is_no_pid_is_not_alive_and_proves_nothing(pid: int) -> None:
    assert not process.is_alive(pid)
    if pid <= 0:
        assert not process.provably_dead(process.current_owner()._replace(pid=pid))


def test_a_process_of_another_user_counts_as_alive(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_pid: int, _signal: int) -> None:
        raise PermissionError

    monkeypatch.setattr(os, "kill", refuse)

    assert process.is_alive(1)


def test_an_ended_process_is_provably_dead() -> None:
    assert process.provably_dead(ended())


@linux
def test_a_process_that_nobody_waited_for_is_dead(child) -> None:
    owner = process.current_owner()._replace(
        pid=child.pid, start_token=process.start_token(child.pid)
    )
    assert not process.provably_dead(owner)

    child.stdin.close()
    until(lambda: (process.stat_of(child.pid) or process.Stat("", "Z", 0, 0, 0)).state == "Z")

    assert not process.is_alive(child.pid)
    assert process.provably_dead(owner)


def test_another_start_under_the_same_pid_is_proof(child) -> None:
    owner = process.current_owner()._replace(pid=child.pid)
    token = process.start_token(child.pid)
    earlier = "ps:Thu Jan  1 00:00:00 1970" if token.startswith("ps:") else f"{token}0"

    assert not process.provably_dead(owner._replace(start_token=token))
    assert process.provably_dead(owner._replace(start_token=earlier))


@pytest.mark.parametrize(
    "change",
    [
        {"host": "elsewhere"},
        {"pid_namespace": "pid:[1]"},
        {"host": "elsewhere", "boot_id": "another"},
    ],
)
def test_what_happens_elsewhere_is_never_proof(change: dict[str, str]) -> None:
    assert not process.provably_dead(ended()._replace(**change))


@linux
def test_an_unknown_process_namespace_is_never_proof() -> None:
    assert not process.provably_dead(ended()._replace(pid_namespace=None))


def test_tokens_of_two_kinds_prove_nothing(child) -> None:
    token = process.start_token(child.pid)
    foreign = "boot/12" if token.startswith("ps:") else "ps:Sun Nov 22 14:19:01 2026"
    owner = process.current_owner()._replace(pid=child.pid, start_token=foreign)

    assert not process.provably_dead(owner)


@linux
def test_another_boot_of_this_host_is_proof() -> None:
    assert process.provably_dead(process.current_owner()._replace(boot_id="another"))
    assert not process.provably_dead(process.current_owner()._replace(boot_id=None))


def test_the_signature_is_what_ps_prints(child) -> None:
    printed = subprocess.check_output(["ps", "-o", "lstart=", "-p", str(child.pid)], text=True)

    assert process.lstart(child.pid) == printed.strip() != ""


def test_a_missing_or_hanging_ps_means_unknown(monkeypatch: pytest.MonkeyPatch, tmp_path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert process.lstart(os.getpid()) == ""

    slow = tmp_path / "ps"
    slow.write_text(f"#!{sys.executable} -S\nimport signal\nsignal.pause()\n")
    slow.chmod(0o700)
    monkeypatch.setattr(process, "PS_TIMEOUT_SECONDS", 0.05)
    assert process.lstart(os.getpid()) == ""


def test_the_start_text_is_read_as_a_civil_time() -> None:
    for moment in (0, 951_782_400, 1_078_012_800, 1_795_357_140, 4_102_444_800):
        text = time.asctime(time.gmtime(moment))
        assert process.lstart_seconds(text) == moment
        assert process.lstart_seconds(" ".join(text.split())) == moment


@pytest.mark.parametrize(
    "text",
    ["", "now", "12:00:00", "So 22. Nov 14:19:01 2026", "Sun anF 22 14:19:01 2026", "x" * 999],
)
def test_an_unknown_start_text_is_no_evidence(text: str, child) -> None:
    assert process.lstart_seconds(text) is None
    assert process.same_start(text, child.pid)


@pytest.mark.parametrize("zone", ["UTC", "Asia/Tokyo", "America/St_Johns", "Asia/Kathmandu"])
def test_a_signature_written_in_another_time_zone_is_the_same_process(zone: str, child) -> None:
    foreign = process.run_ps("-o", "lstart=", "-p", str(child.pid), environ={"TZ": zone})

    assert process.same_start(foreign.strip(), child.pid)


@pytest.mark.parametrize(
    ("seconds", "same"),
    [
        (0, True), (2, True), (-2, True), (3, False), (450, False), (900, True), (902, True),
        (903, False), (-45_900, True), (26 * 3600, True), (27 * 3600, False), (-7 * 86_400, False),
    ],
)  # fmt: skip
def test_only_whole_quarters_of_an_hour_may_lie_between_two_zones(seconds: int, same: bool) -> None:
    assert process.is_zone_shift(seconds) is same


def test_a_start_at_another_time_is_another_process(child) -> None:
    started = process.started_wall(child.pid)
    other = time.asctime(time.gmtime(started + 450))

    assert not process.same_start(other, child.pid)
    assert not process.is_same_process(child.pid, None, other)
    assert process.is_same_process(child.pid, process.start_token(child.pid), other)
    assert process.is_same_process(child.pid, None, "")


@linux
def test_a_step_of_the_clock_does_not_turn_a_known_peer_into_a_stranger(
    child, monkeypatch: pytest.MonkeyPatch
) -> None:
    signature = process.lstart(child.pid)
    assert process.same_start(signature, child.pid)
    real = time.time

    monkeypatch.setattr(time, "time", lambda: real() + 400)

    assert process.same_start(signature, child.pid)


@linux
def test_comparing_a_start_runs_no_program(child, monkeypatch: pytest.MonkeyPatch) -> None:
    signature = process.lstart(child.pid)

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("ps was run")

    monkeypatch.setattr(process, "run_ps", refuse)

    assert process.same_start(signature, child.pid)
    assert process.is_same_process(child.pid, None, signature)
