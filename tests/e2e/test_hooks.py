"""The command hook in a process of its own: what it shows, what it keeps, and how it fails."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from helpers.hooking import Hooked
from helpers.stores import ALICE, BOB
from helpers.waiting import until
from oxtail.core.correlation import Ask
from oxtail.core.names import session_box
from oxtail.hooks import script

BOX = session_box(BOB)
DELIVERING = ("UserPromptSubmit", "PreToolUse", "PostToolUse", "Stop")
EVENTS = ("SessionStart", *DELIVERING, "SessionEnd")
CLIENTS = ("claude", "codex")


@pytest.fixture
def hooked(home: Path) -> Hooked:
    """A session with links and without mail."""
    made = Hooked(home)
    made.home.mkdir(mode=0o700)
    made.link()
    return made


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("event", DELIVERING)
def test_mail_is_printed_in_the_form_of_the_client(hooked: Hooked, event: str, client: str) -> None:
    message_id = hooked.mail('quotes " \\ \n and \u2028 \U0001f600')

    ran = hooked.run(event, client)

    assert (ran.status, ran.err) == (0, b"")
    value = json.loads(ran.out)
    if (event, client) == ("Stop", "codex"):
        assert value["decision"] == "block"
    else:
        assert value["hookSpecificOutput"]["hookEventName"] == event
        assert "decision" not in value
    assert 'quotes " \\ \n and \n \U0001f600' in ran.text
    assert message_id in ran.text
    assert hooked.via(message_id) == "hook"
    assert hooked.unread() == []
    assert hooked.marker == "busy"
    assert hooked.run(event, client).out == b""


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("event", [event for event in EVENTS if event != "SessionStart"])
def test_without_mail_nothing_is_printed_and_no_python_runs(
    hooked: Hooked, event: str, client: str
) -> None:
    hooked.script.write_text(script.render("/bin/false", "/dev/null"), encoding="utf-8")
    if event == "SessionEnd":
        hooked.run("Stop", client)

    ran = hooked.run(event, client)

    assert (ran.status, ran.out, ran.err) == (0, b"", b"")
    if (client, event[-7:]) == ("codex", "ToolUse"):
        # The session is in the payload, and nobody needs to know it; the server's hook does mark.
        assert hooked.marker is None
    else:
        assert hooked.marker == {"Stop": "idle", "SessionEnd": None}.get(event, "busy")


@pytest.mark.parametrize("event", EVENTS)
def test_a_session_that_never_had_a_server_is_no_problem(home: Path, event: str) -> None:
    hooked = Hooked(home)

    ran = hooked.run(event)

    assert (ran.status, ran.out, ran.err) == (0, b"", b"")


@pytest.mark.parametrize("event", ["UserPromptSubmit", "Stop"])
def test_without_links_mail_is_found_all_the_same(home: Path, event: str) -> None:
    hooked = Hooked(home)
    hooked.mail("no server ever ran here")

    assert "no server ever ran here" in hooked.run(event).text


def test_a_start_leaves_a_drop_and_no_mail_is_taken_yet(hooked: Hooked) -> None:
    hooked.mail()

    ran = hooked.run("SessionStart", environ={"CLAUDE_PID": str(os.getpid())})

    assert ran.status == 0
    assert "1 message waits" in ran.text
    drop = json.loads((hooked.home / "session-starts" / BOB).read_text(encoding="utf-8"))
    assert (drop["schema_version"], drop["ppid"]) == (1, os.getpid())
    assert drop["payload"]["session_id"] == BOB
    assert drop["ppid_sig"].split(" ") == drop["ppid_sig"].split()
    assert hooked.unread() == ["hello"]
    assert hooked.marker is None


def test_a_start_under_shells_names_the_process_above_them(hooked: Hooked) -> None:
    shell = f"/bin/sh -c '/bin/sh {hooked.script} SessionStart codex; true'; true"
    subprocess.run(
        ["/bin/sh", "-c", shell],
        input=hooked.payload("SessionStart"),
        env=hooked.environ("codex"),
        timeout=60,
    )

    drop = json.loads((hooked.home / "session-starts" / BOB).read_text(encoding="utf-8"))
    assert drop["ppid"] == os.getpid()


BAD = {
    "nothing": b"",
    "blanks": b" \n\t ",
    "not JSON": b"{session_id",
    "torn JSON": b'{"session_id":"' + BOB.encode(),
    "a list": b"[1]",
    "a number": b"1",
    "no id": b"{}",
    "a null id": b'{"session_id":null}',
    "a number as the id": b'{"session_id":7}',
    "an object as the id": b'{"session_id":{"a":1}}',
    "an empty id": b'{"session_id":""}',
    "a long id": b'{"session_id":"' + b"a" * 5_000 + b'"}',
    "an id with a control character": b'{"session_id":"a\\u0000b"}',
    "deep nesting": b"[" * 200_000,
    "a long number": b'{"session_id":' + b"9" * 10_000 + b"}",
    "invalid UTF-8 as the id": b'{"session_id":"\xff\xfe\\u0007"}',
    "11 MB": b'{"session_id":"' + BOB.encode() + b'","x":"' + b"y" * 11_000_000 + b'"}',
}


@pytest.mark.slow
@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("bad", BAD)
def test_a_payload_that_cannot_be_used_keeps_the_mail(
    hooked: Hooked, bad: str, client: str
) -> None:
    hooked.mail()
    for event in ("PostToolUse", "Stop"):
        ran = hooked.run(event, client, stdin=BAD[bad])
        assert (ran.status, ran.out, ran.err) == (0, b"", b""), event
        assert hooked.unread() == ["hello"], event

    assert len(hooked.traced("hook_failed")) == 2
    assert {event["code"] for event in hooked.traced("hook_failed")} == {"bad-argument"}


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize(
    "spaced",
    [
        json.dumps({"session_id": BOB, "x": 1}).encode(),
        json.dumps({"session_id": BOB, "x": 1}, indent=4).encode(),
        b'\r\n { "x" : "\xff" ,\n\t"session_id"\n:\n"' + BOB.encode() + b'" } \n',
        json.dumps({"tool_input": {"session_id": ALICE}, "session_id": BOB}).encode(),
        json.dumps({"tool_input": '"session_id":"' + ALICE, "session_id": BOB}).encode(),
        b'{"x":"' + b"y" * 2_000_000 + b'","session_id":"' + BOB.encode() + b'"}',
    ],
    ids=["spaces", "lines", "blanks everywhere", "another id inside", "an id in a text", "last"],
)
def test_the_spacing_and_order_of_the_payload_do_not_matter(
    hooked: Hooked, spaced: bytes, client: str
) -> None:
    message_id = hooked.mail()

    assert message_id in hooked.run("PostToolUse", client, stdin=spaced).text


@pytest.mark.slow
@pytest.mark.parametrize("hostile", [".*", "../../x", "a/b", "*", "$(id)", "a b", "..", "\u00e9"])
@pytest.mark.parametrize("event", DELIVERING)
def test_a_strange_id_reaches_its_own_mail_and_nobody_elses(
    home: Path, event: str, hostile: str
) -> None:
    stranger = Hooked(home, hostile)
    bystander = Hooked(home)
    bystander.link()
    bystander.mail("for bob")

    for client in CLIENTS:
        ran = stranger.run(event, client)
        assert (ran.status, ran.out, ran.err) == (0, b"", b"")
    assert bystander.unread() == ["for bob"]
    stranger.mail("for the stranger")
    assert "for the stranger" in stranger.run(event, "codex").text

    names = {path.name for path in stranger.home.rglob("*")} | set(os.listdir(home))
    assert not {name for name in names if name == "x" or "*" in name or " " in name}


def test_a_subagent_takes_no_mail_and_the_session_is_busy(hooked: Hooked) -> None:
    hooked.mail()
    for agent in ("a1", 7, {"id": "a1"}, True):
        ran = hooked.run("PostToolUse", members={"agent_id": agent})
        assert (ran.status, ran.out) == (0, b"")
    assert hooked.marker == "busy"
    assert hooked.unread() == ["hello"]

    inside = {"agent_id": "", "tool_input": {"agent_id": "a1"}, "tool_response": '"agent_id":"a1"'}
    assert "hello" in hooked.run("PostToolUse", members=inside).text


@pytest.mark.parametrize("client", CLIENTS)
def test_a_turn_that_was_prolonged_is_not_prolonged_again(hooked: Hooked, client: str) -> None:
    hooked.mail()

    ran = hooked.run("Stop", client, members={"stop_hook_active": True})

    assert (ran.status, ran.out) == (0, b"")
    assert hooked.marker == "idle"
    assert hooked.unread() == ["hello"]
    assert "hello" in hooked.run("Stop", client, members={"stop_hook_active": False}).text
    assert hooked.marker == "busy"


def test_mail_that_comes_as_the_session_says_idle_is_found(hooked: Hooked) -> None:
    (hooked.home / "activity").mkdir(mode=0o700)
    marker = hooked.home / "activity" / BOB
    os.mkfifo(marker)  # the script waits here until somebody reads

    process = hooked.start("Stop")
    until(lambda: process.poll() is not None or _sleeps(process.pid))
    hooked.mail("in the last moment")
    assert marker.read_text(encoding="ascii") == "idle"
    out, _ = process.communicate(hooked.payload("Stop"), timeout=60)

    assert b"in the last moment" in out
    assert hooked.marker == "busy"


def _sleeps(pid: int) -> bool:
    """Tell whether a process waits; this script does so nowhere but at the fifo."""
    shown = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True)
    return shown.stdout.startswith("S")


@pytest.mark.parametrize("event", ["PostToolUse", "Stop"])
def test_a_lock_that_is_held_keeps_the_mail_and_the_turn_goes_on(
    hooked: Hooked, event: str
) -> None:
    hooked.mail()
    lock = hooked.home / "mailboxes" / f"{BOX}.jsonl.lock"
    lock.mkdir()
    (lock / "token").write_text("somebody", encoding="ascii")

    ran = hooked.run(event)

    assert (ran.status, ran.out, ran.err) == (0, b"", b"")
    assert hooked.marker == ("idle" if event == "Stop" else "busy")
    shutil.rmtree(lock)
    assert hooked.unread() == ["hello"]


def test_all_siblings_are_drained(hooked: Hooked) -> None:
    pids = [str(pid) for pid in range(4_000_001, 4_000_009)]
    sessions = hooked.home / "sessions"
    sessions.mkdir(mode=0o700)
    for pid in pids:
        hooked.mail(f"in the box of {pid}", box=pid)
        entry = {
            "server_pid": int(pid),
            "started_at": 1,
            "client": {"type": "claude-code", "session_id": BOB, "cwd": "/"},
        }
        (sessions / f"{pid}.json").write_text(json.dumps(entry), encoding="utf-8")
    hooked.mail("in the box of the session")
    hooked.mail("of a stranger", box="4000009")

    text = hooked.run("PostToolUse").text

    assert "[oxtail] 9 messages" in text
    assert all(f"in the box of {pid}\n" in text for pid in pids)
    assert hooked.unread(*pids, BOX) == []
    assert hooked.unread("4000009") == ["of a stranger"]


DIES_WITH_MAIL = """
import os
from oxtail import config, wiring
from oxtail.core.names import session_box
store = wiring.open_context(config.from_env(os.environ), role="cli").store
boxes = [session_box(os.environ["RECEIVER"])]
claim = store.claim(boxes, [message.id for message in store.peek(boxes).messages])
os._exit(0 if claim.messages else 1)
"""


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("event", ["PostToolUse", "UserPromptSubmit", "Stop"])
def test_mail_that_a_dead_server_held_is_brought_in(
    hooked: Hooked, event: str, client: str
) -> None:
    hooked.mail("held by the dead")
    environ = {**os.environ, "RECEIVER": BOB, "PYTHONPATH": os.pathsep.join(sys.path)}
    assert subprocess.run([sys.executable, "-c", DIES_WITH_MAIL], env=environ).returncode == 0

    assert "held by the dead" in hooked.run(event, client).text


def test_a_link_brings_in_mail_of_another_box_without_python_for_an_empty_one(
    hooked: Hooked,
) -> None:
    hooked.link(BOX, "4711", session_box(ALICE))
    hooked.mail("for the earlier id", box=session_box(ALICE))

    assert "for the earlier id" in hooked.run("PostToolUse").text


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no device that is always full")
@pytest.mark.parametrize("event", ["PostToolUse", "Stop"])
def test_a_full_disk_keeps_the_mail_for_the_next_hook(hooked: Hooked, event: str) -> None:
    hooked.mail()
    with open("/dev/full", "wb") as full:
        ran = hooked.run(event, stdout=full)

    assert ran.status == 0
    assert hooked.unread() == ["hello"]
    assert hooked.traced("hook_failed")[0]["code"] == "not-emitted"
    assert hooked.marker == ("idle" if event == "Stop" else "busy")
    assert "hello" in hooked.run(event).text


@pytest.mark.parametrize("closed", ["1>&-", "0<&- 1>&-", "1>&- 2>&-", "0<&-"])
def test_a_closed_descriptor_keeps_the_mail(hooked: Hooked, closed: str) -> None:
    hooked.mail()
    before = (hooked.home / "mailboxes" / f"{BOX}.jsonl").read_bytes()
    done = subprocess.run(
        ["/bin/sh", "-c", f"exec /bin/sh {hooked.script} PostToolUse claude {closed}"],
        input=hooked.payload("PostToolUse"),
        env=hooked.environ("claude"),
        capture_output=True,
        timeout=60,
    )

    assert (done.returncode, done.stdout) == (0, b"")
    assert hooked.unread() == ["hello"]
    assert (hooked.home / "mailboxes" / f"{BOX}.jsonl").read_bytes() == before
    assert "hello" in hooked.run("PostToolUse").text


def test_a_client_that_is_gone_keeps_the_mail(hooked: Hooked) -> None:
    hooked.mail()
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "wb") as nobody:
        ran = hooked.run("PostToolUse", stdout=nobody)

    assert ran.status == 0
    assert hooked.unread() == ["hello"]


def test_a_client_that_reads_slowly_gets_all_of_it(hooked: Hooked) -> None:
    for number in range(3):
        hooked.mail(str(number) * 7_000)
    ours, theirs = socket.socketpair()
    ours.settimeout(15)
    theirs.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 2_048)
    theirs.setblocking(False)
    roomy = {"OXTAIL_HOOK_MAX_BODY_CHARS": "24000"}
    process = hooked.start("PostToolUse", stdout=theirs, environ=roomy)
    theirs.close()
    assert process.stdin
    process.stdin.write(hooked.payload("PostToolUse"))
    process.stdin.close()
    pieces = []
    while piece := ours.recv(1_000):
        pieces.append(piece)
    assert process.wait(60) == 0
    assert process.stderr
    process.stderr.close()
    if process.stdout:
        process.stdout.close()
    ours.close()

    text = json.loads(b"".join(pieces))["hookSpecificOutput"]["additionalContext"]
    assert all(str(number) * 7_000 in text for number in range(3))
    assert hooked.unread() == []


def test_what_does_not_fit_stays_whole_and_is_counted(hooked: Hooked) -> None:
    for number in range(4):
        hooked.mail(str(number) * 5_000)

    text = hooked.run("PostToolUse").text

    assert len(text) <= 9_000
    assert "3 more messages stay queued: call read_my_messages" in text
    assert hooked.unread() == [str(number) * 5_000 for number in (1, 2, 3)]

    roomy = {"OXTAIL_HOOK_MAX_BODY_CHARS": "24000"}
    assert "stay queued" not in hooked.run("PostToolUse", environ=roomy).text
    assert hooked.unread() == []


def test_a_message_that_the_client_would_cut_is_named_and_stays(hooked: Hooked) -> None:
    message_id = hooked.mail("x" * 10_000)

    assert hooked.run("PostToolUse").out == b""
    assert message_id in hooked.run("Stop").text
    assert hooked.marker == "busy"
    assert hooked.run("Stop", members={"stop_hook_active": True}).out == b""
    assert hooked.marker == "idle"
    assert hooked.unread() == ["x" * 10_000]
    assert hooked.via(message_id) is None


def test_a_reply_that_a_question_waits_for_is_left_to_it(hooked: Hooked) -> None:
    ask = Ask(BOB, "00112233445566ff", ALICE, "00000000000000aa", 1, 1)
    hooked.store.open_ask(ask)
    hooked.mail("the answer", reply_to=ask.request_id)

    assert hooked.run("PostToolUse").out == b""
    assert hooked.run("Stop").out == b""
    assert hooked.marker == "idle"
    assert hooked.unread() == ["the answer"]
    hooked.mail("other mail")
    text = hooked.run("PostToolUse").text
    assert "other mail" in text
    assert "the answer" not in text


def test_hooks_that_race_show_each_message_once(hooked: Hooked) -> None:
    ids = [hooked.mail(f"number {number}") for number in range(3)]
    running = [hooked.start("PostToolUse") for _ in range(6)]
    outputs = [
        process.communicate(hooked.payload("PostToolUse"), timeout=60)[0] for process in running
    ]

    assert [process.returncode for process in running] == [0] * 6
    shown = b"".join(outputs)
    assert [shown.count(f"message_id={each} ".encode()) for each in ids] == [1, 1, 1]


def test_an_interpreter_that_is_gone_ends_the_turn_and_keeps_the_mail(hooked: Hooked) -> None:
    hooked.mail()
    hooked.script.write_text(script.render("/nowhere/python3", "/nowhere/run.py"), encoding="utf-8")

    for event in EVENTS:
        ran = hooked.run(event)
        assert (ran.status, ran.out) == (0, b""), event
        if event == "Stop":
            assert hooked.marker == "idle"
    assert hooked.unread() == ["hello"]


def test_a_folder_that_cannot_be_used_is_no_problem(home: Path) -> None:
    hooked = Hooked(home)
    hooked.home.write_text("a file", encoding="ascii")

    for event in EVENTS:
        ran = hooked.run(event)
        assert (ran.status, ran.out, ran.err) == (0, b"", b""), event


@pytest.mark.parametrize("words", [(), ("Stop",), ("Nothing", "claude"), ("Stop", "nobody")])
def test_words_that_mean_nothing_do_nothing(hooked: Hooked, words: tuple[str, ...]) -> None:
    hooked.mail()
    done = subprocess.run(
        ["/bin/sh", str(hooked.script), *words],
        input=hooked.payload("Stop"),
        env=hooked.environ("codex"),
        capture_output=True,
        timeout=60,
    )

    assert (done.returncode, done.stdout) == (0, b"")
    assert hooked.unread() == ["hello"]


def test_what_the_script_writes_is_private(hooked: Hooked) -> None:
    subprocess.run(
        ["/bin/sh", "-c", f"umask 022; /bin/sh {hooked.script} PostToolUse claude"],
        input=b"",
        env=hooked.environ("claude"),
        timeout=60,
    )

    activity = hooked.home / "activity"
    assert activity.stat().st_mode & 0o777 == 0o700
    assert (activity / BOB).stat().st_mode & 0o777 == 0o600


def test_the_script_is_sound(hooked: Hooked) -> None:
    for shell in filter(shutil.which, ("sh", "dash", "bash", "ksh", "zsh", "busybox")):
        words = [shell, "sh"] if shell == "busybox" else [shell]
        subprocess.run([*words, "-n", str(hooked.script)], check=True, timeout=60)
    if checker := shutil.which("shellcheck"):
        subprocess.run([checker, "-s", "sh", str(hooked.script)], check=True, timeout=60)


def test_a_script_for_paths_with_blanks_and_quotes_works(home: Path) -> None:
    folder = home / "it's a $HOME"
    folder.mkdir()
    python = folder / "py thon"
    python.symlink_to(sys.executable)
    hooked = Hooked(home)
    hooked.link()
    hooked.mail()
    hooked.script.write_text(
        script.render(str(python), str(Path(script.__file__).with_name("run.py"))), encoding="utf-8"
    )

    assert "hello" in hooked.run("PostToolUse").text
