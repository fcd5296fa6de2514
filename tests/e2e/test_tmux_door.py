"""The tmux door against a real tmux server and a fake agent: it types only when it should.

What was typed is read from the agent's own transcript, never from the calls that were made.
"""

from __future__ import annotations

import json
import os
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

from helpers import fake_agent
from helpers.fakes import ALICE, BOB, FakeClock, FakeTrace, World
from helpers.tmux import PrivateTmux, needs_tmux, private_tmux
from helpers.waiting import until
from oxtail.app.wake import wake_after_send
from oxtail.core import wake
from oxtail.core.entry import Client, Entry
from oxtail.core.presence import Marker
from oxtail.disk.atomic import Disk
from oxtail.errors import LockBusy, StoreError
from oxtail.identity.ancestry import is_client
from oxtail.identity.process import is_same_process, run_ps, start_token
from oxtail.store.files.locks import Locks
from oxtail.tmux.server import Tmux
from oxtail.wake.keystrokes import WAKE_TEXT
from oxtail.wake.markers import FileMarkers
from oxtail.wake.records import FileTypings, FileWakeRecords
from oxtail.wake.tmux_door import System, TmuxDoor
from oxtail.wake.waker import DoorWaker, Woken

pytestmark = needs_tmux

LOCK_SECONDS = 0.2


class Stage:
    """A tmux server, agents in its panes, and senders that wake them."""

    def __init__(self, tmux: PrivateTmux, home: Path) -> None:
        self.tmux = tmux
        self.clock = FakeClock()
        self.trace = FakeTrace()
        self.disk = Disk(str(home / ".oxtail"))
        self.markers = FileMarkers(self.disk)
        self.lock: Callable[[str], AbstractContextManager[object]] = self._lock
        self.program = tmux.folder / "codex"
        self.program.symlink_to(os.path.realpath(sys.executable))

    def _lock(self, pane: str) -> AbstractContextManager[object]:
        locks = Locks(self.disk, LOCK_SECONDS, self.trace)
        return locks.holding(self.disk.layout.pane_lock(pane), "door_lock_stolen")

    def agent(self, name: str = "agent", *, kind: str = "codex", within: str = "") -> Agent:
        return Agent(self, name, kind, within)

    def sender(self, strategy: str = "auto", debounce_ms: int = 1_000) -> DoorWaker:
        """A waker as another process would have it: it shares the state folder and no more."""
        system = System(
            run_ps=run_ps,
            is_client=is_client,
            is_same_process=is_same_process,
            lock=self.lock,
            has_marker=lambda session_id: self.markers.read(session_id) is not None,
        )
        door = TmuxDoor(
            Tmux(self.tmux.environ, self.trace),
            system,
            FileTypings(self.disk, self.clock, window_ms=debounce_ms),
            strategy=strategy,
            trace=self.trace,
        )
        return DoorWaker(
            strategy,
            self.trace,
            monotonic=self.clock.monotonic,
            debounce_ms=debounce_ms,
            doors=[door],
        )

    def hook(self) -> None:
        """Let the peer be one that reports busy and idle."""
        self.markers.write(BOB, "idle")


class Agent:
    """A fake agent in a pane of its own, with its server."""

    def __init__(self, stage: Stage, name: str, kind: str, within: str) -> None:
        self.folder = stage.tmux.folder / name
        self.folder.mkdir()
        program = stage.program if kind != "unknown" else stage.program.with_name("other")
        if not program.exists():
            program.symlink_to(os.path.realpath(sys.executable))
        command = f"{program} -I -S {fake_agent.__file__} {self.folder}"
        self.pane = stage.tmux.session(name, within or f"exec {command}")
        if within:
            stage.tmux.run("send-keys", "-t", self.pane, command, "Enter")
        until((self.folder / "screens").exists)
        pid = int((self.folder / "server").read_text())
        token = start_token(pid)
        self.entry = Entry(
            pid, 1, Client(kind, BOB, None, None, "/p"), tmux_pane=self.pane, start_token=token
        )

    def tell(self, line: str) -> None:
        """Give the agent an order and wait until it has drawn the outcome."""
        before = self._drawn()
        (self.folder / "control").write_text(line + "\n")
        if line != "stop":
            until(lambda: self._drawn() > before)

    def _drawn(self) -> int:
        return int((self.folder / "screens").read_text() or 0)

    def transcript(self) -> list[dict[str, str]]:
        path = self.folder / "transcript"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


@pytest.fixture
def stage(home: Path) -> Iterator[Stage]:
    with private_tmux() as tmux:
        yield Stage(tmux, home)


SENT = [{"sent": WAKE_TEXT}]


@pytest.mark.parametrize("strategy", ["auto", "legacy"])
@pytest.mark.parametrize("trait", ["idle", "busy", "plain", "swallow"])
def test_a_line_is_typed_and_seen_to_go(stage: Stage, strategy: str, trait: str) -> None:
    stage.hook()
    agent = stage.agent()
    agent.tell(trait)
    assert stage.sender(strategy).try_to_wake(agent.entry) == Woken("fired")
    assert [one["sent"].rstrip("\n") for one in agent.transcript()] == [WAKE_TEXT]


def test_a_bracketed_paste_needs_no_second_enter(stage: Stage) -> None:
    agent = stage.agent()
    agent.tell("swallow")
    stage.sender().wake(agent.entry)
    assert agent.transcript() == SENT
    assert stage.trace.named("tmux_door_typed")[0]["enters"] == 1


def test_a_peer_without_a_marker_is_fired_at_unconfirmed(stage: Stage) -> None:
    agent = stage.agent()
    assert stage.sender().try_to_wake(agent.entry) == Woken("fired_unconfirmed")
    assert agent.transcript() == SENT


def test_an_unclaimed_peer_is_fired_at_unconfirmed_and_never_debounced(stage: Stage) -> None:
    agent = stage.agent()
    unclaimed = agent.entry._replace(client=Client("codex", None, None, None, "/p"))
    sender = stage.sender()
    assert [sender.wake(unclaimed) for _ in range(2)] == ["fired_unconfirmed"] * 2
    assert agent.transcript() == SENT * 2


def test_a_narrow_pane_wraps_the_line_and_it_is_recognized(stage: Stage) -> None:
    stage.hook()
    agent = stage.agent()
    stage.tmux.run("resize-window", "-t", agent.pane, "-x", "31", "-y", "24")
    agent.tell("idle")
    assert stage.sender().wake(agent.entry) == "fired"
    assert agent.transcript() == SENT


def test_a_client_of_another_make_is_typed_to(stage: Stage) -> None:
    stage.hook()
    agent = stage.agent(kind="unknown")
    assert stage.sender().wake(agent.entry) == "fired"
    assert agent.transcript() == SENT


def test_a_program_that_an_agent_runs_is_not_the_agent(stage: Stage) -> None:
    agent = stage.agent()
    program = agent.entry._replace(client=Client("unknown", BOB, None, None, "/p"))
    refused = stage.sender().try_to_wake(program)
    assert refused == Woken("skipped_no_target", wake.NO_VERIFIED_PANE)
    assert agent.transcript() == []


def _dialog(stage: Stage, agent: Agent) -> None:
    agent.tell("dialog")


def _draft(stage: Stage, agent: Agent) -> None:
    agent.tell("draft rm -rf build")


def _multiline_draft(stage: Stage, agent: Agent) -> None:
    stage.tmux.run("set-buffer", "first\nsecond")
    stage.tmux.run("paste-buffer", "-p", "-t", agent.pane)
    until(lambda: "second" in stage.tmux.run("capture-pane", "-p", "-t", agent.pane))


def _copy_mode(stage: Stage, agent: Agent) -> None:
    stage.tmux.run("copy-mode", "-t", agent.pane)


def _synchronized(stage: Stage, agent: Agent) -> None:
    stage.tmux.run("set-option", "-w", "-t", agent.pane, "synchronize-panes", "on")


def _input_off(stage: Stage, agent: Agent) -> None:
    stage.tmux.run("select-pane", "-d", "-t", agent.pane)


@pytest.mark.parametrize(
    ("prepare", "reason"),
    [
        (_dialog, wake.PANE_DIALOG),
        (_draft, wake.PANE_DRAFT),
        (_multiline_draft, wake.PANE_DRAFT),
        (_copy_mode, wake.PANE_IN_MODE),
        (_synchronized, wake.PANE_SYNCHRONIZED),
        (_input_off, wake.PANE_INPUT_OFF),
    ],
)
@pytest.mark.parametrize("strategy", ["auto", "legacy"])
def test_nothing_is_typed_where_it_could_do_harm(
    stage: Stage, prepare: Callable[[Stage, Agent], None], reason: str, strategy: str
) -> None:
    stage.hook()
    agent = stage.agent()
    prepare(stage, agent)
    assert stage.sender(strategy).try_to_wake(agent.entry) == Woken("skipped_no_target", reason)
    assert agent.transcript() == []
    assert stage.trace.named("tmux_door_typed") == []
    assert WAKE_TEXT[:20] not in stage.tmux.run("capture-pane", "-p", "-t", agent.pane)


def test_a_shell_in_front_of_a_stopped_client_gets_no_keys(stage: Stage) -> None:
    agent = stage.agent(within="exec bash --norc --noprofile -i")
    assert stage.sender().wake(agent.entry) == "fired_unconfirmed"
    agent.tell("stop")
    until(lambda: "Stopped" in stage.tmux.run("capture-pane", "-p", "-t", agent.pane))
    stage.clock.advance(60)
    refused = stage.sender().try_to_wake(agent.entry)
    assert refused == Woken("skipped_no_target", wake.PANE_FOREGROUND)
    assert agent.transcript() == SENT
    assert "not found" not in stage.tmux.run("capture-pane", "-p", "-t", agent.pane)


def test_a_program_that_the_client_put_in_front_gets_no_keys(stage: Stage) -> None:
    # An editor that a client opens runs in the client's own group; only the screen tells.
    agent = stage.agent()
    tty = Path(stage.tmux.run("display-message", "-p", "-t", agent.pane, "#{pane_tty}"))
    tty.write_text("\x1b[2J\x1b[Hsome text\r\nmore text\x1b[1;3H")
    until(lambda: "more text" in stage.tmux.run("capture-pane", "-p", "-t", agent.pane))
    refused = stage.sender().try_to_wake(agent.entry)
    assert refused == Woken("skipped_no_target", wake.PANE_NO_COMPOSER)
    assert agent.transcript() == []


@pytest.mark.parametrize(
    "change",
    [
        {"tmux_pane": None},
        {"start_token": "another-boot/1"},
        {"server_pid": 1},
        {"server_pid": os.getpid(), "start_token": None},
    ],
)
def test_a_pane_that_is_not_proven_is_not_touched(stage: Stage, change: dict[str, object]) -> None:
    agent = stage.agent()
    refused = stage.sender().try_to_wake(agent.entry._replace(**change))
    assert refused == Woken("skipped_no_target", wake.NO_VERIFIED_PANE)
    assert agent.transcript() == []


def test_the_registered_pane_is_a_claim_and_the_live_one_is_used(stage: Stage) -> None:
    other, agent = stage.agent("other"), stage.agent()
    claim = agent.entry._replace(tmux_pane=other.pane)
    assert stage.sender().wake(claim) == "fired_unconfirmed"
    assert (other.transcript(), agent.transcript()) == ([], SENT)
    assert stage.trace.named("ask_peer_wake_pane_refreshed") == [
        {"cached": other.pane, "live": agent.pane, "server_pid": agent.entry.server_pid}
    ]


def test_enter_is_pressed_only_when_the_text_is_seen(stage: Stage) -> None:
    stage.hook()
    agent = stage.agent()
    agent.tell("deaf")
    refused = stage.sender().try_to_wake(agent.entry)
    assert refused == Woken("skipped_no_target", wake.PANE_NO_ECHO)
    assert stage.trace.named("tmux_door_typed")[0]["enters"] == 0


def test_a_text_that_stays_is_tried_once_more_and_not_confirmed(stage: Stage) -> None:
    stage.hook()
    agent = stage.agent()
    agent.tell("stubborn")
    assert stage.sender().wake(agent.entry) == "fired_unconfirmed"
    assert agent.transcript() == []
    assert stage.trace.named("tmux_door_typed")[0]["enters"] == 2


def test_a_text_that_was_left_behind_is_sent_and_not_typed_again(stage: Stage) -> None:
    stage.hook()
    agent = stage.agent()
    agent.tell(f"draft {WAKE_TEXT}")
    assert stage.sender().wake(agent.entry) == "fired"
    assert agent.transcript() == SENT


def test_the_users_paste_buffers_stay_as_they_are(stage: Stage) -> None:
    agent = stage.agent()
    stage.tmux.run("set-buffer", "-b", "mine", "precious")
    stage.sender().wake(agent.entry)
    assert stage.tmux.run("list-buffers", "-F", "#{buffer_name}") == "mine"


def test_another_process_that_woke_it_a_moment_ago_debounces(stage: Stage) -> None:
    agent = stage.agent()
    assert stage.sender().wake(agent.entry) == "fired_unconfirmed"
    stage.clock.advance(0.5)
    refused = stage.sender().try_to_wake(agent.entry)
    assert refused == Woken("skipped_debounced", wake.DEBOUNCED)
    stage.clock.advance(0.6)
    assert stage.sender().wake(agent.entry) == "fired_unconfirmed"
    assert agent.transcript() == SENT * 2


def test_a_wake_that_was_refused_does_not_debounce_the_next(stage: Stage) -> None:
    agent = stage.agent()
    agent.tell("draft x")
    assert stage.sender().wake(agent.entry) == "skipped_no_target"
    agent.tell("draft ")
    assert stage.sender().wake(agent.entry) == "fired_unconfirmed"


def test_of_two_senders_at_once_one_types(stage: Stage) -> None:
    agent = stage.agent()
    senders = [stage.sender() for _ in range(4)]
    start = threading.Barrier(len(senders))
    statuses: list[str] = []

    def send(sender: DoorWaker) -> None:
        start.wait(60)
        statuses.append(sender.wake(agent.entry))

    threads = [threading.Thread(target=send, args=(sender,)) for sender in senders]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(statuses) == ["fired_unconfirmed"] + ["skipped_debounced"] * 3
    assert agent.transcript() == SENT


def test_a_pane_into_which_somebody_types_is_left_alone(stage: Stage) -> None:
    agent = stage.agent()

    @contextmanager
    def taken(pane: str) -> Iterator[None]:
        raise LockBusy(path=pane)
        yield

    stage.lock = taken
    refused = stage.sender().try_to_wake(agent.entry)
    assert refused == Woken("skipped_debounced", wake.PANE_LOCKED)
    assert agent.transcript() == []


def test_a_state_folder_that_cannot_be_used_stops_the_keys_and_nothing_else(stage: Stage) -> None:
    agent = stage.agent()

    @contextmanager
    def broken(pane: str) -> Iterator[None]:
        raise StoreError("no space left")
        yield

    stage.lock = broken
    refused = stage.sender().try_to_wake(agent.entry)
    assert refused == Woken("skipped_store_error", wake.STORE_UNUSABLE)
    assert agent.transcript() == []


def test_the_kill_switch_stops_every_key(stage: Stage) -> None:
    agent = stage.agent()
    assert stage.sender("off").wake(agent.entry) == "disabled"
    assert agent.transcript() == []
    assert stage.trace.named("tmux_call") == []


@pytest.mark.parametrize(
    ("marker", "wish", "reply_to", "earlier", "settings", "status"),
    [
        ("busy", "auto", None, None, {}, "skipped_busy"),
        ("idle", "auto", None, None, {}, "fired"),
        (None, None, None, None, {}, "fired_unconfirmed"),
        (None, None, None, None, {"autowake": False}, "disabled"),
        ("old", None, "q1", None, {}, "skipped_no_fresh_idle"),
        ("idle", None, "q1", None, {}, "fired"),
        ("idle", None, "q1", "q1", {}, "skipped_deduped"),
        ("idle", None, "q1", "q2", {}, "skipped_rate_limited"),
        ("idle", None, "q1", "unusable", {}, "skipped_store_error"),
        ("idle", "auto", None, None, {"wake_strategy": "off"}, "disabled"),
        ("gone", "auto", None, None, {}, "skipped_no_target"),
    ],
)
def test_every_status_is_reached_and_only_a_fired_one_types(
    stage: Stage,
    marker: str | None,
    wish: str | None,
    reply_to: str | None,
    earlier: str | None,
    settings: dict[str, object],
    status: str,
) -> None:
    agent = stage.agent()
    world = World()
    records = FileWakeRecords(
        stage.disk, stage.clock, dedupe_ttl_ms=3_600_000, min_interval_ms=4_000
    )
    entry = agent.entry._replace(tmux_pane=None) if marker == "gone" else agent.entry
    if marker is not None:
        age = 600 if marker == "old" else 60
        word = "busy" if marker == "busy" else "idle"
        world.presence.markers[BOB] = Marker(word, world.clock.now() - age)
        stage.hook()
    layout = stage.disk.layout
    if earlier == "unusable":
        Path(layout.autowake).write_text("no folder")
    elif earlier:
        records.stamp(BOB, earlier)
        for path in (layout.woken_for(BOB, earlier), layout.woken_at(BOB)):
            os.utime(path, (stage.clock.now(),) * 2)
    strategy = str(settings.get("wake_strategy", "auto"))
    ctx = world.context(ALICE, **settings)._replace(
        waker=stage.sender(strategy), wake_records=records
    )

    report = wake_after_send(ctx, entry, wake=wish, reply_to=reply_to, via="send_message")

    assert report.status == status
    assert agent.transcript() == (SENT if status.startswith("fired") else [])
