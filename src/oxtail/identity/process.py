"""Whether a process is the one that was meant, and whether it is still there.

Rules of this file:

* Doubt means alive.  :func:`provably_dead` says True only on proof.
* A pid alone names nobody: it is compared together with the start of its process.
* Every call of ``ps`` ends within :data:`PS_TIMEOUT_SECONDS`; a failed one means "unknown".

``docs/concepts.md`` tells why.
"""

from __future__ import annotations

import os
import re
import sys
import time
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from oxtail.core.owner import Owner
from oxtail.core.value import Value

if TYPE_CHECKING:
    from collections.abc import Mapping

PS_TIMEOUT_SECONDS: Final = 2.0
"""Longest wait for one ``ps``; a healthy one takes some milliseconds."""

SAME_START_SECONDS: Final = 2.0
"""How far two readings of one start may differ: each is cut to a whole second."""

ZONE_STEP_SECONDS: Final = 900
"""All offsets between time zones are multiples of a quarter of an hour."""

ZONE_SPAN_SECONDS: Final = 26 * 3600
"""The largest offset between two zones: from -12:00 to +14:00."""

PS_ANSWER_SECONDS: Final = 5.0
"""How long an answer of ``ps`` is used again where there is no ``/proc``."""

_LINUX: Final = sys.platform.startswith("linux")
_MONTHS: Final = "JanFebMarAprMayJunJulAugSepOctNovDec"
_LSTART: Final = re.compile(
    r"[A-Z][a-z]{2} +([A-Z][a-z]{2}) +([0-9]{1,2}) +([0-9]{2}):([0-9]{2}):([0-9]{2}) +([0-9]{4})"
)
_NEUTRAL: Final = {"TZ": "UTC", "LC_ALL": "C"}
_PID_MAX: Final = 2**31 - 1


class Stat(Value):
    """What ``/proc/<pid>/stat`` says: name, state letter, parent, threads and start in ticks."""

    comm: str
    state: str
    ppid: int
    threads: int
    ticks: int


def _proc_text(path: str) -> str | None:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        return os.read(descriptor, 65_536).decode("utf-8", "replace")
    except OSError:
        return None
    finally:
        os.close(descriptor)


def parse_stat(text: str) -> Stat | None:
    """Return the members of one ``/proc/<pid>/stat`` line, or None if it is no such line.

    The name of the program may hold blanks and parentheses, so it ends at the last ``)``.
    """
    head, close, tail = text.rpartition(")")
    _, opening, comm = head.partition("(")
    fields = tail.split()
    if not close or not opening or len(fields) < 20:
        return None
    try:
        return Stat(comm, fields[0], int(fields[1]), int(fields[17]), int(fields[19]))
    except ValueError:
        return None


def stat_of(pid: int) -> Stat | None:
    """Return what the kernel says about *pid*, or None where it says nothing."""
    text = _proc_text(f"/proc/{int(pid)}/stat") if _LINUX else None
    return parse_stat(text) if text else None


def run_ps(*arguments: str, environ: Mapping[str, str] | None = None) -> str | None:
    """Return what ``ps`` prints, or None if it is missing, fails or takes too long.

    Args:
        arguments: Its arguments.
        environ: Variables to set on top of the inherited ones.
    """
    import subprocess

    try:
        done = subprocess.run(
            ["ps", *arguments],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=PS_TIMEOUT_SECONDS,
            check=False,
            env={**os.environ, **environ} if environ else None,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.decode("utf-8", "replace") if done.returncode == 0 else None


_answers: dict[int, tuple[float, str | None]] = {}


def _neutral_lstart(pid: int) -> str | None:
    """Return the start of *pid* in UTC and English from ``ps``, where there is no ``/proc``."""
    now = time.monotonic()
    answer = _answers.get(pid)
    if answer is None or now - answer[0] > PS_ANSWER_SECONDS:
        if len(_answers) > 256:
            _answers.clear()
        text = run_ps("-o", "lstart=", "-p", str(pid), environ=_NEUTRAL)
        answer = (now, " ".join(text.split()) or None if text else None)
        _answers[pid] = answer
    return answer[1]


@lru_cache(maxsize=1)
def boot_id() -> str | None:
    """Return what tells this run of the machine from every other, or None if that is unknown."""
    text = _proc_text("/proc/sys/kernel/random/boot_id") if _LINUX else None
    return (text or "").strip() or None


@lru_cache(maxsize=1)
def pid_namespace() -> str | None:
    """Return the process namespace of this process, or None if there is no such thing."""
    try:
        return os.readlink("/proc/self/ns/pid") if _LINUX else None
    except OSError:
        return None


@lru_cache(maxsize=1)
def host() -> str:
    """Return what names this machine: its host name, and its machine id if it has one.

    Two machines that share a home folder may share a host name too.
    """
    machine = (_proc_text("/etc/machine-id") or "").strip() if _LINUX else ""
    return f"{os.uname().nodename}/{machine[:64]}" if machine else os.uname().nodename


def _token(stat: Stat | None) -> str | None:
    boot = boot_id()
    return f"{boot}/{stat.ticks}" if stat and boot else None


def start_token(pid: int) -> str | None:
    """Return when *pid* started, in a form that no clock or time zone changes; None if unknown.

    On Linux it is the boot id and the start in ticks, elsewhere ``ps:`` and the start in UTC.
    """
    if _LINUX:
        return _token(stat_of(pid))
    start = _neutral_lstart(pid)
    return f"ps:{start}" if start else None


def _differ(first: str | None, second: str | None) -> bool:
    """Tell whether two start tokens of the same kind name different starts."""
    if not first or not second or first.startswith("ps:") != second.startswith("ps:"):
        return False
    return first != second


def _has_ended(stat: Stat) -> bool:
    # The first thread of a process may end before the others; then it looks like a zombie.
    return stat.state in "ZXx" and stat.threads <= 1


def is_alive(pid: int) -> bool:
    """Tell whether a process *pid* exists; one of another user counts, a zombie does not."""
    if not 0 < pid <= _PID_MAX:
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    stat = stat_of(pid)
    return stat is None or not _has_ended(stat)


def current_owner() -> Owner:
    """Return this process as an owner."""
    pid = os.getpid()
    return Owner(pid, start_token(pid), boot_id(), pid_namespace(), host())


def provably_dead(owner: Owner) -> bool:
    """Tell whether the process *owner* has provably ended; doubt means False.

    Proof is: on this host, another boot; or on this host and in this process namespace, no process
    with that pid, or one that started at another time.
    """
    if owner.host != host():
        return False
    if owner.boot_id and boot_id() and owner.boot_id != boot_id():
        return True
    here = pid_namespace()
    if owner.pid_namespace != here or (_LINUX and here is None) or owner.pid <= 0:
        return False
    return not is_alive(owner.pid) or _differ(owner.start_token, start_token(owner.pid))


def lstart(pid: int) -> str:
    """Return exactly what a Node peer reads for *pid*: ``ps -o lstart=``, trimmed; else empty."""
    return (run_ps("-o", "lstart=", "-p", str(int(pid))) or "").strip()


@lru_cache(maxsize=512)
def lstart_seconds(text: str) -> int | None:
    """Return an ``lstart`` text as seconds since 1970 as if it were UTC, or None if it is none."""
    match = _LSTART.fullmatch(text.strip())
    place = _MONTHS.find(match[1]) if match else -1
    if match is None or place % 3:
        return None
    month, day, year = place // 3 + 1, int(match[2]), int(match[6])
    # Days of the civil calendar, with the year starting in March so that a leap day is its last.
    shifted = year - (month <= 2)
    days = 365 * shifted + shifted // 4 - shifted // 100 + shifted // 400
    days += (153 * ((month + 9) % 12) + 2) // 5 + day - 1 - 719_468
    return days * 86_400 + int(match[3]) * 3600 + int(match[4]) * 60 + int(match[5])


def started_wall(pid: int) -> float | None:
    """Return when *pid* started in unix seconds, by the clock as it is now; None if unknown."""
    if _LINUX:
        stat = stat_of(pid)
        if stat is None:
            return None
        booted = time.time() - time.clock_gettime(time.CLOCK_BOOTTIME)
        return booted + stat.ticks / os.sysconf("SC_CLK_TCK")
    return lstart_seconds(_neutral_lstart(pid) or "")


def is_zone_shift(seconds: float) -> bool:
    """Tell whether two readings of one moment that differ by *seconds* may be of two zones."""
    step = ZONE_STEP_SECONDS * round(seconds / ZONE_STEP_SECONDS)
    return abs(step) <= ZONE_SPAN_SECONDS and abs(seconds - step) <= SAME_START_SECONDS


_accepted: set[tuple[int, str, str]] = set()

_found_running: set[tuple[int, str]] = set()
"""Processes that were found running once; most commands look no more often than that."""

_FOUND_MAX: Final = 1024


def same_start(proc_sig: str, pid: int) -> bool:
    """Tell whether process *pid* may be the one whose ``lstart`` once was *proc_sig*.

    The text is local time of whoever wrote it, so whole quarters of an hour do not count.
    A text that is none, and a process whose start is unknown, count as the same.
    """
    written = lstart_seconds(proc_sig)
    token = start_token(pid)
    if written is None or token is None:
        return True
    # Once seen as the same, a process stays so: a later step of the clock moves its start.
    known = (pid, token, proc_sig)
    if known in _accepted:
        return True
    started = started_wall(pid)
    same = started is None or is_zone_shift(written - started)
    if same:
        if len(_accepted) > 1024:
            _accepted.clear()
        _accepted.add(known)
    return same


def is_same_process(pid: int, token: str | None, proc_sig: str | None) -> bool:
    """Tell whether *pid* is alive and not provably another process than the one described.

    Args:
        pid: The process.
        token: Its start token as published by a Python peer, or None.
        proc_sig: Its ``lstart`` as published by any peer; empty or None is no evidence.
    """
    was_here = token is not None and (pid, token) in _found_running
    if token and was_here:
        from oxtail.identity import watched

        if watched.runs(pid, token):
            return True
    stat = stat_of(pid)
    if stat is None:  # no process, or no word from the kernel about it
        if not is_alive(pid):
            return False
        return not _differ(token, start_token(pid)) if token else same_start(proc_sig or "", pid)
    if _has_ended(stat):
        return False
    if token:
        if token != _token(stat):
            return not _differ(token, _token(stat))
        if was_here:
            watched.watch(pid, token, start_token)
        elif len(_found_running) < _FOUND_MAX:
            _found_running.add((pid, token))
        return True
    return not proc_sig or same_start(proc_sig, pid)
