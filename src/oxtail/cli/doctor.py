"""``oxtail doctor``: what is wrong with state folder, machine and clients, and what mends it.

Reads only, and starts without a session of its own, so it works where nothing else does.
"""

from __future__ import annotations

import os
import shutil
import sys
import time
from typing import TYPE_CHECKING, Final

from oxtail.cli.output import Outcome, Output, one_line
from oxtail.config import Settings, from_env, malformed
from oxtail.core.mail import Load
from oxtail.disk.atomic import Disk
from oxtail.identity.known import parse_known
from oxtail.identity.process import is_alive, provably_dead
from oxtail.identity.registry import is_running
from oxtail.setup import checks as client_checks
from oxtail.setup import session_checks
from oxtail.setup.world import CLAUDE, CODEX, look_around
from oxtail.store.files.checks import examine
from oxtail.store.files.findings import NOTE, WRONG, Finding, Probes
from oxtail.store.files.locks import Locks
from oxtail.store.files.notices import FileNotices
from oxtail.trace import timestamp

if TYPE_CHECKING:
    from collections.abc import Iterator

    from oxtail.cli.parser import Options

NOTICES_SHOWN: Final = 5
"""Most notices that are shown; the file has the others."""

NOTICE_SECONDS: Final = 86_400
"""Age of a notice from which it is no longer shown."""

_ABOUT_NOTICES: Final = "a notice; nothing to do unless it surprises you"


def _machine(settings: Settings) -> Iterator[Finding]:
    if not os.path.isdir(settings.user_home):
        problem = f"the home folder {settings.user_home} does not exist"
        yield Finding("home", WRONG, problem, "set HOME, or OXTAIL_HOME", settings.user_home)
    elif not os.path.lexists(settings.home):
        parent = os.path.dirname(settings.home)
        if not os.access(parent, os.W_OK | os.X_OK):
            problem = f"the state folder cannot be made in {parent}"
            yield Finding("home", WRONG, problem, "set OXTAIL_HOME to a folder of yours", parent)
    if shutil.which("tmux", path=settings.environ.get("PATH")) is None:
        problem = "tmux is not installed: panes cannot be read, and keystrokes wake nobody"
        yield Finding("tmux", NOTE, problem, "install tmux, if you want either")
    if not settings.fsync:
        problem = "syncing is off: mail may be lost in a power cut"
        yield Finding("fsync", NOTE, problem, "unset OXTAIL_FSYNC")


def _settings(settings: Settings) -> Iterator[Finding]:
    for variable, takes in malformed(settings.environ).items():
        value = settings.environ[variable][:40]
        problem = f"{variable} is {value!r}, which counts as unset: it takes {takes}"
        yield Finding("setting", NOTE, problem, f"set it anew, or unset {variable}")


def _python() -> Iterator[Finding]:
    if sys.dont_write_bytecode:
        problem = "PYTHONDONTWRITEBYTECODE is set: each command compiles anew and takes longer"
        yield Finding("bytecode", NOTE, problem, "unset PYTHONDONTWRITEBYTECODE")
        return
    package = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    cache = os.path.join(package, "__pycache__")
    folder = cache if os.path.isdir(cache) else package
    if os.path.isdir(cache) and os.listdir(cache):
        return
    if not os.access(folder, os.W_OK):
        problem = "compiled modules cannot be kept, so each command takes longer"
        remedy = f"{sys.executable} -m compileall -q {package}"
        yield Finding("bytecode", NOTE, problem, remedy, package)


def _clients(settings: Settings) -> list[Finding]:
    world = look_around(settings)
    expects = [client_checks.is_set_up(world, client) for client in (CLAUDE, CODEX)]
    return [
        *client_checks.examine(world),
        *session_checks.examine(world, is_running, is_alive, *expects),
    ]


def _hosts(settings: Settings, disk: Disk) -> Iterator[Finding]:
    if settings.environ.get("OXTAIL_NATS_URL") or os.path.isdir(disk.layout.nats):
        from oxtail.cli.doctor_carrier import examine as examine_carrier

        yield from examine_carrier(disk, settings.environ)


def _notices(disk: Disk) -> Iterator[Finding]:
    """Say what was said to the human of late; most of it mends itself, and none of it is hidden."""
    locks = Locks(disk, 0.0, disk.trace)
    for notice in FileNotices(disk, locks).recent(NOTICES_SHOWN):
        if time.time() - notice.at < NOTICE_SECONDS:
            problem = f"{notice.text} (at {timestamp(notice.at)})"
            path = disk.layout.notices()
            yield Finding(f"notice-{notice.kind}", NOTE, problem, _ABOUT_NOTICES, path)


def text_of(home: str, findings: list[Finding]) -> str:
    """Return the findings for people, what is wrong first."""
    lines = []
    for finding in findings:
        where = f"{finding.path}: " if finding.path else ""
        lines.append(f"{finding.level}: {one_line(where + finding.problem)} [{finding.check}]")
        lines.append(f"  to mend it: {one_line(finding.remedy)}")
    wrong = sum(finding.level == WRONG for finding in findings)
    summary = f"{wrong} things are wrong" if wrong > 1 else "one thing is wrong"
    lines.append(f"{one_line(home)}: {summary if wrong else 'nothing is wrong'}")
    return "\n".join(lines)


def run(options: Options, output: Output) -> Outcome:  # noqa: ARG001 - as all verbs
    """Look, and report."""
    settings = from_env(os.environ)
    findings = findings_of(settings)
    healthy = not any(finding.level == WRONG for finding in findings)
    members = {
        "healthy": healthy,
        "state_folder": settings.home,
        "python": ".".join(map(str, sys.version_info[:3])),
        "findings": [finding._asdict() for finding in findings],
    }
    return Outcome(members, text_of(settings.home, findings), exit_status=0 if healthy else 1)


def findings_of(settings: Settings) -> list[Finding]:
    """Return what is noticed, what is wrong first; reads all of the state folder."""
    disk = Disk(settings.home)
    room = Load(settings.stored_max_messages, settings.stored_max_bytes)
    probes = Probes(is_alive, provably_dead, is_running, parse_known, room)
    findings = [
        *_machine(settings),
        *_settings(settings),
        *_python(),
        *examine(disk, probes, time.time()),
        *_clients(settings),
        *_hosts(settings, disk),
        *_notices(disk),
    ]
    return sorted(findings, key=lambda finding: finding.level != WRONG)
