"""Doctor: each kind of trouble is found, named and left as it is."""

from __future__ import annotations

import json
import os
from pathlib import Path
from types import SimpleNamespace

import pytest

from oxtail.cli import doctor
from oxtail.cli.output import Output
from oxtail.cli.parser import parse
from oxtail.config import from_env
from oxtail.core.codec import encode_line, encode_pretty
from oxtail.core.entry import OURS, Client, Entry
from oxtail.core.envelope import Envelope, encode
from oxtail.core.mail import Load
from oxtail.core.names import hash32, relay_box, session_box
from oxtail.disk.atomic import Disk
from oxtail.identity.known import parse_known
from oxtail.store.files.checks import examine
from oxtail.store.files.findings import NOTE, WRONG, Finding, Probes
from oxtail.store.files.marks import PYTHON_MODE

NOW = 2_000_000_000.0
ALIVE, DEAD = 4242, 4343
SESSION = "11111111-1111-4111-8111-111111111111"


@pytest.fixture
def state(home: Path) -> Path:
    """A state folder as a healthy one is."""
    path = home / ".oxtail"
    for folder in ("", "mailboxes", "received", "sessions", "known", "damaged"):
        (path / folder).mkdir(mode=0o700)
    return path


def look(state: Path, room: Load | None = None) -> list[Finding]:
    probes = Probes(
        is_alive=lambda pid: pid == ALIVE,
        provably_dead=lambda owner: owner.pid == DEAD,
        is_running=lambda entry: entry.server_pid == ALIVE,
        parse_known=parse_known,
        room=room,
    )
    return examine(Disk(str(state)), probes, NOW)


def checks(state: Path) -> set[tuple[str, str]]:
    return {(finding.check, finding.level) for finding in look(state)}


def put(path: Path, data: bytes = b"", *, age: float = 1.0, mode: int = 0o600) -> Path:
    path.write_bytes(data)
    path.chmod(mode)
    os.utime(path, (NOW - age, NOW - age))
    return path


def mail(state: Path, box: str) -> Path:
    line = encode(Envelope(id="0f3c9a1be2d47758", body="hello", enqueued_at=1))
    return put(state / "mailboxes" / f"{box}.jsonl", line)


def entry(state: Path, pid: int, session_id: str | None) -> None:
    made = Entry(pid, 1, Client("codex", session_id, None, "env", "/p"), capabilities=OURS)
    put(state / "sessions" / f"{pid}.json", encode_pretty(made.as_dict()))


def lock(state: Path, *, pid: int, age: float, beside: Path | None = None) -> Path:
    path = Path(f"{beside or state / 'mailboxes' / '7.jsonl'}.lock")
    put(path.with_name(path.name + ".owner"), f"{pid}.0011223344556677".encode())
    path.mkdir(mode=0o700)
    os.utime(path, (NOW - age, NOW - age))
    return path


def test_a_healthy_folder_has_no_findings(state: Path) -> None:
    entry(state, ALIVE, SESSION)
    mail(state, session_box(SESSION))

    assert look(state) == []


def test_a_folder_that_is_not_there_has_no_findings(tmp_path: Path) -> None:
    assert look(tmp_path / "absent") == []


def test_a_folder_that_is_a_file_is_wrong(tmp_path: Path) -> None:
    assert checks(put(tmp_path / "state")) == {("folder", WRONG)}


def test_a_folder_open_to_others_is_wrong(state: Path) -> None:
    state.chmod(0o755)

    assert ("folder-mode", WRONG) in checks(state)


@pytest.mark.parametrize("kind", [".lock", ".lock.spare", ".lock.steal"])
def test_a_lock_beside_its_file_is_no_folder_that_its_owner_cannot_use(
    state: Path, kind: str
) -> None:
    """Python peers make lock folders with mode 0500, and put them aside for the next time."""
    path = state / f"notices.jsonl{kind}"
    path.mkdir()
    path.chmod(PYTHON_MODE)
    os.utime(path, (NOW, NOW))

    assert look(state) == []


@pytest.mark.parametrize("name", ["notices.jsonl", "acknowledged.json"])
def test_a_lock_in_the_state_folder_itself_that_a_dead_process_holds_is_noted(
    state: Path, name: str
) -> None:
    path = lock(state, pid=DEAD, age=1, beside=state / name)

    assert [(f.check, f.level, f.path) for f in look(state)] == [("lock-stale", NOTE, str(path))]


def test_open_files_below_a_private_folder_are_a_note(state: Path) -> None:
    put(state / "mailboxes" / "7.jsonl", mode=0o644)
    (state / "mailboxes").chmod(0o755)

    assert checks(state) == {("file-mode", NOTE), ("folder-mode", NOTE)}


def test_open_files_below_an_open_folder_are_wrong(state: Path) -> None:
    put(state / "mailboxes" / "7.jsonl", mode=0o644)
    state.chmod(0o755)

    assert ("file-mode", WRONG) in checks(state)


def test_damaged_records_are_wrong_until_they_are_removed(state: Path) -> None:
    put(state / "damaged" / "something")

    assert checks(state) == {("damaged", WRONG)}


@pytest.mark.parametrize("poison", [b"null", b"[]", b"{", b'{"server_pid":1}', b"x" * 70_000])
def test_a_poison_registry_entry_is_wrong_and_stays(state: Path, poison: bytes) -> None:
    path = put(state / "sessions" / f"{ALIVE}.json", poison)

    assert checks(state) == {("registry-entry", WRONG)}
    assert path.read_bytes() == poison


def test_a_registry_entry_that_is_a_folder_or_a_link_is_wrong(state: Path) -> None:
    (state / "sessions" / "5.json").mkdir(mode=0o700)
    (state / "sessions" / "6.json").symlink_to("/etc/hostname")

    findings = look(state)
    assert [finding.check for finding in findings] == ["registry-entry"] * 2


def test_a_lock_of_a_dead_process_is_a_note(state: Path) -> None:
    lock(state, pid=DEAD, age=1)

    assert checks(state) == {("lock-stale", NOTE)}


def test_a_lock_that_a_process_has_just_taken_is_nothing(state: Path) -> None:
    lock(state, pid=ALIVE, age=1)

    assert checks(state) == set()


def test_a_lock_that_a_process_keeps_is_wrong(state: Path) -> None:
    lock(state, pid=ALIVE, age=31)

    assert checks(state) == {("lock-held", WRONG)}


def test_mail_for_a_session_that_may_return_is_a_note(state: Path) -> None:
    entry(state, DEAD, SESSION)
    mail(state, session_box(SESSION))

    (finding,) = look(state)
    assert (finding.check, finding.level) == ("mail-waiting", NOTE)
    assert finding.remedy.endswith(f"oxtail inbox --as {SESSION}")


def test_mail_that_nobody_owns_is_wrong_and_its_owner_is_spelled(state: Path) -> None:
    mail(state, session_box(SESSION))

    (finding,) = look(state)
    assert (finding.check, finding.level) == ("mail-stuck", WRONG)
    assert finding.remedy == f"oxtail inbox --as {SESSION}"


def test_mail_for_a_process_that_is_gone_is_wrong(state: Path) -> None:
    mail(state, str(DEAD))

    assert checks(state) == {("mail-stuck", WRONG)}


def test_mail_for_a_running_process_is_nothing(state: Path) -> None:
    entry(state, ALIVE, None)
    mail(state, str(ALIVE))

    assert checks(state) == set()


def test_mail_for_another_host_waits_and_is_nothing_to_remove(state: Path) -> None:
    mail(state, relay_box("b" * 16))

    (finding,) = look(state)
    assert (finding.check, finding.level) == ("mail-for-host", NOTE)
    assert ("b" * 16) in finding.problem
    assert "remove" not in finding.remedy
    (full,) = look(state, room=Load(1, 10_000))
    assert (full.check, full.level) == ("mail-for-host", WRONG)


def test_mail_that_a_carrier_took_returns_to_the_next_one(state: Path) -> None:
    claim(state, relay_box("b" * 16), DEAD)

    (finding,) = look(state)
    assert (finding.check, finding.level) == ("claim-abandoned", NOTE)
    assert "carrier" in finding.remedy


def test_lines_that_are_no_messages_are_a_note(state: Path) -> None:
    put(state / "mailboxes" / f"{DEAD}.jsonl", b"torn\n[]\n")

    assert checks(state) == {("box-lines", NOTE)}


def test_a_mailbox_that_is_a_link_is_wrong(state: Path) -> None:
    (state / "mailboxes" / "7.jsonl").symlink_to("/etc/hostname")

    assert checks(state) == {("box", WRONG)}


def claim(state: Path, box: str, pid: int) -> None:
    (state / "claimed").mkdir(mode=0o700)
    header = {"schema_version": 1, "box": box, "owner": {"pid": pid, "host": "here"}}
    put(state / "claimed" / f"{box}.{pid}.0f3c9a1be2d47758", encode_line(header))


def test_a_claim_of_a_live_process_is_nothing(state: Path) -> None:
    claim(state, session_box(SESSION), ALIVE)

    assert checks(state) == set()


def test_a_claim_of_a_dead_process_returns_with_its_session(state: Path) -> None:
    entry(state, DEAD, SESSION)
    claim(state, session_box(SESSION), DEAD)

    assert checks(state) == {("claim-abandoned", NOTE)}


def test_a_claim_that_returns_to_nobody_is_wrong(state: Path) -> None:
    claim(state, session_box(SESSION), DEAD)

    (finding,) = look(state)
    assert (finding.check, finding.level) == ("claim-abandoned", WRONG)
    assert finding.remedy.endswith(f"oxtail inbox --as {SESSION}")


@pytest.mark.parametrize(
    ("name", "age", "found"),
    [
        (f"7.jsonl.tmp.{DEAD}.001122334455", 1, True),
        (f"7.jsonl.tmp.{ALIVE}.001122334455", 1, False),
        (f"7.jsonl.tmp.{ALIVE}.001122334455", 3700, True),
        (f"7.json.{DEAD}.tmp", 1, True),
    ],
)
def test_temporary_files_of_the_dead_are_a_note(
    state: Path, name: str, age: float, found: bool
) -> None:
    put(state / "mailboxes" / name, b"half", age=age)

    assert checks(state) == ({("leftovers", NOTE)} if found else set())


def test_every_finding_names_what_mends_it(state: Path) -> None:
    state.chmod(0o755)
    put(state / "damaged" / "something")
    mail(state, str(DEAD))
    lock(state, pid=DEAD, age=99)

    findings = look(state)
    assert len(findings) >= 4
    assert all(finding.remedy for finding in findings)


def test_looking_changes_nothing(state: Path) -> None:
    entry(state, DEAD, SESSION)
    put(state / "sessions" / "5.json", b"null")
    mail(state, session_box(SESSION))
    lock(state, pid=DEAD, age=99)

    def everything() -> list[tuple[str, int, int]]:
        found = sorted(state.rglob("*"))
        return [(str(p), p.lstat().st_mode, p.lstat().st_mtime_ns) for p in found]

    before = everything()
    look(state)

    assert everything() == before


def test_the_command_exits_with_1_where_something_is_wrong(
    state: Path, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    put(state / "damaged" / "something\x1b")

    output = Output("doctor", as_json=False)
    status = output.finish(doctor.run(parse("doctor", []), output))

    out = capsysbinary.readouterr().out
    assert status == 1
    assert b"[damaged]" in out
    assert b"\x1b" not in out


def test_a_home_that_is_missing_is_wrong(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "nowhere"))

    outcome = doctor.run(parse("doctor", ["--json"]), Output("doctor", as_json=True))

    assert outcome.exit_status == 1
    assert json.loads(json.dumps(outcome.result))["healthy"] is False


def known_as(state: Path, session_id: str) -> None:
    put(
        state / "known" / f"{hash32(session_id)}.json",
        encode_pretty(
            {
                "schema_version": 1,
                "session_id": session_id,
                "name": None,
                "client_type": "codex",
                "cwd": "/p",
                "last_seen": 1,
            }
        ),
    )


def test_a_file_system_that_is_read_only_is_wrong_and_its_modes_are_not(
    state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "access", lambda *_: False)
    assert ("folder-mode", WRONG) in checks(state)

    real = os.statvfs(state)
    mounted = SimpleNamespace(
        f_flag=real.f_flag | os.ST_RDONLY, f_bavail=2**30, f_frsize=real.f_frsize
    )
    monkeypatch.setattr(os, "statvfs", lambda _: mounted)

    assert checks(state) == {("read-only", WRONG)}


def test_a_value_that_counts_as_unset_is_noted(state: Path) -> None:
    environ = {
        "HOME": str(state.parent),
        "OXTAIL_PAIR_PER_MINUTE": "many",
        "OXTAIL_MAX_HOPS": "0",
        "OXTAIL_RECEIVED_MAX": "0",
        "OXTAIL_FSYNC": "false",
        "OXTAIL_AUTOWAKE": "OFF ",
        "OXTAIL_SCOPE": "repo",
        "OXTAIL_ASK_PEER_WAKE_STRATEGY": "",
    }

    found = [f for f in doctor.findings_of(from_env(environ)) if f.check == "setting"]

    assert {f.problem.partition(" ")[0] for f in found} == {
        "OXTAIL_PAIR_PER_MINUTE",
        "OXTAIL_RECEIVED_MAX",
        "OXTAIL_FSYNC",
        "OXTAIL_SCOPE",
    }
    assert {f.level for f in found} == {NOTE}


def test_a_box_that_is_full_is_wrong(state: Path) -> None:
    known_as(state, SESSION)
    mail(state, session_box(SESSION))

    assert ("mailbox-full", WRONG) not in checks(state)
    for room in (Load(1, 10_000), Load(10, 50)):
        (full,) = (f for f in look(state, room=room) if f.check == "mailbox-full")
        assert full.level == WRONG
        assert f"--adopt {SESSION}" in full.remedy


def test_mail_of_an_id_whose_heir_runs_is_no_trouble(state: Path) -> None:
    known_as(state, SESSION)
    mail(state, session_box(SESSION))
    entry(state, ALIVE, "heir")
    assert ("mail-waiting", NOTE) in checks(state)

    lineage = state / "lineage"
    lineage.mkdir(mode=0o700)
    put(
        lineage / f"{hash32(SESSION)}.next",
        encode_line({"schema_version": 1, "session_id": SESSION, "successor": "heir"}),
    )

    assert not {check for check, _ in checks(state)} & {"mail-waiting", "mail-stuck"}


def test_expired_mail_is_told_of(state: Path) -> None:
    folder = state / "expired"
    folder.mkdir(mode=0o700)
    put(folder / f"{session_box(SESSION)}.0011223344556677.jsonl", b"{}\n{}\n")

    (expired,) = (f for f in look(state) if f.check == "mail-expired")
    assert expired.level == NOTE
    assert "2 messages expired" in expired.problem
