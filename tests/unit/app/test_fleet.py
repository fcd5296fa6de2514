"""One look at a fleet: through ports only, cheap, and the same for whoever looks."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from helpers.delegating import delegate
from helpers.fakes import ALICE, BOB, CAROL, FakePanes, World
from helpers.file_world import FileWorld
from oxtail.app.acknowledge import acknowledge
from oxtail.app.fleet import FINDINGS_SECONDS, Collector
from oxtail.app.policy import release
from oxtail.app.send import send
from oxtail.core.activity import Activity, Family, Tool
from oxtail.core.census import Census, Counted
from oxtail.core.correlation import Ask
from oxtail.core.entry import Client, Entry, Known, State
from oxtail.core.fleet_facts import Alert
from oxtail.core.liveness import Life, Reason
from oxtail.core.notice import Notice
from oxtail.core.pane import Pane
from oxtail.core.policy import HOLD, Policy, Rule
from oxtail.core.presence import Marker
from oxtail.core.waits import Stage
from oxtail.errors import PaneError, StoreError, TargetNotFound

DAVE = "44444444-4444-4444-8444-444444444444"


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def alice(world):
    return world.context(ALICE, pid=1, name="alice")


@pytest.fixture
def bob(world):
    return world.context(BOB, pid=2, name="bob")


def look(ctx, **options):
    return Collector(ctx, **options).look()


def keys(fleet):
    return {each.key for each in (*fleet.agents, *fleet.background)}


def leave(world: World, session_id: str, name: str, cwd: str = "/project") -> None:
    """Make a session one that is known and does not run."""
    for pid, entry in list(world.entries.items()):
        if entry.session_id == session_id:
            del world.entries[pid]
    world.known[session_id] = Known(session_id, name, "codex", cwd, int(world.clock.now()))


def pane(pid: int) -> Pane:
    return Pane("work", "/project", 5, True, 2, f"%{pid}", pid, "/project", False, f"w{pid}", pid)


def test_entries_that_cannot_be_read_are_counted_and_some_are_named(alice, monkeypatch):
    def warnings(*names):
        monkeypatch.setattr(alice.registry, "census", lambda: Census(unreadable=names))
        return look(alice).warnings

    assert warnings() == ()
    assert warnings("7.json") == ("1 registry entry cannot be read: 7.json",)
    assert warnings(*(f"{pid}.json" for pid in range(7))) == (
        "7 registry entries cannot be read: 0.json, 1.json, 2.json, 3.json, 4.json and 2 more",
    )


def test_a_project_shows_its_own_agents(world, alice, bob):
    world.context(CAROL, pid=3, cwd="/elsewhere")
    assert keys(look(alice)) == {ALICE, BOB}
    assert keys(look(alice, everywhere=True)) == {ALICE, BOB, CAROL}
    assert keys(look(alice, project_root="/elsewhere")) == {CAROL}


def test_a_folder_inside_a_project_means_the_project(world, alice, bob):
    fleet = look(alice, project_root="/project/src/deep")
    assert keys(fleet) == {ALICE, BOB}
    assert fleet.project_root == "/project"


def test_whoever_looks_is_marked(world, alice, bob):
    fleet = look(alice)
    assert [each.is_self for each in fleet.agents] == [True, False]
    assert fleet.self_session_id == ALICE


def test_a_command_in_an_agents_shell_knows_whose_shell_it_is(world, alice):
    shell = world.context(None, pid=9, announced=False, environ={"CLAUDE_CODE_SESSION_ID": ALICE})
    assert [each.is_self for each in look(shell).agents] == [True]


def test_a_look_asks_tmux_once_whatever_the_size_of_the_fleet(world, alice):
    for number in range(20):
        world.context(f"session-{number}", pid=100 + number)
    panes = FakePanes(pane(1), pane(105))
    collector = Collector(alice._replace(panes=panes))

    fleet = collector.look()
    assert panes.asked == 1
    assert [each.label for each in fleet.agents] == ["alice", "w105"]
    assert len(fleet.background) == 19


def test_without_tmux_nobody_is_hidden_and_the_reason_is_told(world, alice, bob):
    fleet = look(alice._replace(panes=FakePanes(problem="it hangs")))
    assert (len(fleet.agents), fleet.background) == (2, ())
    assert fleet.warnings == ("tmux could not be asked: it hangs",)


def test_a_dead_agent_is_shown_with_what_it_left_and_takes_no_pane(world, alice, bob):
    send(alice, BOB, "hello")
    left = world.entries.pop(2)
    world.corpses[2] = Counted(left, Life.EXITED, True)
    fleet = look(alice._replace(panes=FakePanes(pane(1), pane(2))))

    shown = fleet.agent(BOB)
    assert (shown.verdict.reason, shown.unread, shown.tmux_pane) == (Reason.EXITED, 1, None)
    assert not fleet.healthy


def test_a_session_that_left_is_shown_while_mail_waits_for_it(world, alice, bob):
    leave(world, BOB, "bob")
    assert keys(look(alice)) == {ALICE}
    send(alice, BOB, "hello")
    shown = look(alice).agent(BOB)
    assert (shown.label, shown.server_pid, shown.unread) == ("bob", None, 1)


def test_mail_in_the_box_of_an_earlier_server_counts(world, alice, bob):
    dead = Entry(77, 5, Client("codex", BOB, None, None, "/project"))
    world.corpses[77] = Counted(dead, Life.EXITED, True)
    from helpers.stores import letter
    from oxtail.core.address import Route

    world.store.put(Route("77", None, 77), letter())
    assert look(alice).agent(BOB).unread == 1


def test_a_wait_is_seen_while_it_blocks(world, alice, bob):
    at = int(world.clock.now() * 1000)
    world.store.open_ask(Ask(ALICE, "aa", BOB, "0123456789abcdef", 0, at))
    (waiting,) = look(bob).agent(ALICE).waits
    assert (waiting.label, waiting.wait.stage.value) == ("bob", "waiting")


def test_an_answered_wait_is_gone(world, alice, bob):
    at = int(world.clock.now() * 1000)
    one = Ask(ALICE, "aa", BOB, "0123456789abcdef", 0, at)
    world.store.open_ask(one)
    world.store.suspend_ask(one)
    assert len(look(alice).agent(ALICE).waits) == 1
    send(bob, ALICE, "yes", reply_to="aa")
    assert look(alice).agent(ALICE).waits == ()


def test_an_answer_from_another_project_ends_the_wait(world, alice):
    carol = world.context(CAROL, pid=3, cwd="/elsewhere")
    at = int(world.clock.now() * 1000)
    world.store.open_ask(Ask(CAROL, "aa", ALICE, "0123456789abcdef", 0, at))
    assert len(look(alice).graph.waits) == 1
    from helpers.stores import letter
    from oxtail.core.address import Route
    from oxtail.core.names import session_box

    answer = letter("yes", from_session_id=ALICE, reply_to="aa")
    world.store.put(Route(session_box(CAROL), CAROL, 3), answer)
    assert look(alice).graph.waits == ()
    assert carol.session.id == CAROL


def test_work_that_is_owed_is_shown_with_its_deadline(world, alice, bob):
    delegate(alice, deadline=int(world.clock.now()) + 60)
    (owed,) = look(alice).agent(BOB).obligations
    assert (owed.text, owed.requester_label, owed.overdue) == ("please do", "alice", False)
    world.clock.advance(61)
    assert look(alice).agent(BOB).overdue == 1


def test_a_session_goes_by_its_latest_id(world, alice, bob):
    send(alice, BOB, "hello")
    world.sides.lineage.record(BOB, DAVE, "hook")
    world.entries.pop(2)
    world.context(DAVE, pid=2, name="bob")
    fleet = look(alice)

    assert keys(fleet) == {ALICE, DAVE}
    assert fleet.agent(DAVE).unread == 1
    assert [line.receiver for line in fleet.comms] == [DAVE]


def test_transcripts_and_hooks_say_who_works(world, alice, bob):
    now = world.clock.now()
    path = f"/transcripts/{BOB}.jsonl"
    entry = world.entries[2]
    client = entry.client._replace(transcript_path=path)
    world.entries[2] = entry._replace(client=client, state=State("build", int(now) - 10))
    world.transcripts.activities[path] = Activity(now - 100, Tool("Bash", Family.BASH, True))
    world.presence.markers[ALICE] = Marker("busy", now - 30)
    fleet = look(alice)

    assert fleet.agent(BOB).verdict.reason is Reason.TOOL_RUNNING
    assert fleet.agent(BOB).purpose == "build"
    assert fleet.agent(ALICE).verdict.reason is Reason.MARKED_BUSY
    assert look(alice, activity=False).agent(BOB).verdict.reason is Reason.NO_TRANSCRIPT


def test_the_log_has_mail_for_an_agent_that_has_said_no_id(world, alice):
    unclaimed = world.context(None, pid=8)
    from helpers.stores import letter
    from oxtail.core.address import Route

    world.store.put(Route("8", None, 8), letter("who are you"))
    fleet = look(alice)
    assert fleet.agent("pid:8").unread == 1
    assert [(line.receiver_label, line.body) for line in fleet.comms] == [("pid:8", "who are you")]
    assert unclaimed.session.id is None


def test_the_log_is_as_long_as_one_wants(world, alice, bob):
    for number in range(120):
        send(alice, BOB, f"number {number}")
        world.clock.advance(1)
    collector = Collector(alice)
    assert [line.body for line in collector.look(comms=2).comms] == ["number 118", "number 119"]
    assert len(collector.look(comms=1_000).comms) == 120
    assert collector.look(comms=0).comms == ()


def test_notices_of_late_are_shown(world, alice, bob):
    now = int(world.clock.now())
    for at, who in ((now - 90_000, None), (now - 5, None), (now - 4, CAROL), (now - 3, BOB)):
        world.sides.notices.say(Notice(at, "damped", f"at {at}", who))
    assert [notice.at for notice in look(alice).notices] == [now - 5, now - 3]


def test_findings_are_looked_for_seldom_and_go_to_their_agents(world, alice, bob):
    calls: list[int] = []

    def examine() -> list[Alert]:
        calls.append(1)
        return [
            Alert("entry", "wrong", "odd", "rm it", "/x/sessions/2.json"),
            Alert("home", "note", "full", "make room"),
        ]

    collector = Collector(alice, examine=examine)
    for _ in range(3):
        fleet = collector.look()
    assert len(calls) == 1
    assert [each.check for each in fleet.agent(BOB).findings] == ["entry"]
    assert [each.check for each in fleet.findings] == ["home"]
    world.clock.advance(FINDINGS_SECONDS)
    collector.look()
    assert len(calls) == 2


@pytest.mark.parametrize(
    ("port", "method"),
    [("store", "all_asks"), ("lineage", "heir"), ("acknowledged", "keys"), ("registry", "census")],
)
def test_what_cannot_be_read_is_a_warning(world, alice, bob, monkeypatch, port, method):
    class Broken:
        def __getattr__(self, name):
            def fail(*arguments, **options):
                raise StoreError("the disk is gone")

            return fail if name == method else getattr(getattr(alice, port), name)

    fleet = look(alice._replace(**{port: Broken()}))
    assert fleet.warnings == ("the disk is gone",)
    assert keys(fleet) == (set() if port == "registry" else {ALICE, BOB})


# ---------------------------------------------------------------- acknowledging


@pytest.fixture
def stranded(world, alice, bob):
    send(alice, BOB, "hello")
    send(alice, BOB, "again")
    delegate(alice)
    leave(world, BOB, "bob")
    return alice


def test_a_check_becomes_green_when_a_person_knows_and_red_when_there_is_more(world, stranded):
    collector = Collector(stranded)
    assert not collector.look().healthy
    assert len(acknowledge(stranded, collector.look())) == 3
    fleet = collector.look()
    assert fleet.healthy
    assert fleet.counts.acknowledged == 5
    send(stranded, BOB, "more")
    assert not collector.look().healthy


@pytest.mark.parametrize("target", ["bob", BOB, BOB[:8]])
def test_an_agent_can_be_named_in_every_way_that_it_is_shown(world, stranded, target):
    acknowledge(stranded, look(stranded), target)
    assert look(stranded).healthy


def test_one_message_can_be_acknowledged(world, stranded):
    mail = look(stranded).troubles[-1]
    acknowledge(stranded, look(stranded), mail.parts[0].subject)
    assert not look(stranded).healthy
    assert look(stranded).troubles[-1].open_parts == len(mail.parts) - 1


def test_who_has_no_trouble_cannot_be_acknowledged(world, stranded):
    with pytest.raises(TargetNotFound):
        acknowledge(stranded, look(stranded), "nobody")
    assert look(stranded).counts.acknowledged == 0


def test_what_was_acknowledged_of_one_agent_stays_when_another_is(world, stranded):
    carol = world.context(CAROL, pid=3, name="carol")
    send(stranded, CAROL, "hello")
    leave(world, CAROL, "carol")
    acknowledge(stranded, look(stranded), "carol")
    acknowledge(stranded, look(stranded), "bob")
    assert look(stranded).healthy
    assert carol.session.id == CAROL


def test_what_was_not_seen_is_not_forgotten(world, stranded):
    acknowledge(stranded, look(stranded))
    blind = look(stranded._replace(panes=FakePanes(problem="x")))._replace(troubles=())
    acknowledge(stranded, blind)
    assert look(stranded).healthy
    acknowledge(stranded, look(stranded)._replace(troubles=()))
    assert not look(stranded).healthy


# ---------------------------------------------------------------- on real files


def folder(home: Path) -> dict[str, tuple[int, bytes]]:
    return {
        str(path.relative_to(home)): (
            path.lstat().st_mtime_ns,
            path.read_bytes() if path.is_file() else b"",
        )
        for path in sorted(home.rglob("*"))
    }


def test_a_look_at_real_files_changes_nothing_and_takes_no_lock(home):
    state = home / ".oxtail"
    world = FileWorld(state)
    for number in range(3):
        send(world.alice, BOB, f"hello {number}")
    delegate(world.carol)
    world.store.open_ask(Ask(ALICE, "aa", BOB, "0123456789abcdef", 0, 1))
    (state / "asks" / ("a-" + "0" * 32)).write_bytes(b"damaged")
    before = folder(state)

    collector = Collector(world.alice)
    for _ in range(2):
        fleet = collector.look()
        assert fleet.agent(BOB).unread == 4
        assert len(fleet.agent(BOB).obligations) == 1
        assert fleet.agent(ALICE).waits
    assert folder(state) == before


def test_a_second_look_reads_no_box_and_no_ledger_again(home, monkeypatch):
    state = home / ".oxtail"
    world = FileWorld(state)
    for number in range(30):
        send(world.alice, BOB, f"hello {number}")
    collector = Collector(world.alice)
    collector.look()
    opened: list[str] = []
    real = os.open
    monkeypatch.setattr(os, "open", lambda p, *a, **k: opened.append(str(p)) or real(p, *a, **k))

    collector.look()
    assert [path for path in opened if "mailboxes" in path or "received" in path] == []


def test_held_mail_is_seen_until_a_person_lets_it_through(world, alice, bob):
    bob.policies.set_session(BOB, Policy((Rule(ALICE, HOLD),)))
    due = int(world.clock.now()) + 60
    delegate(alice, deadline=due)

    seen = look(alice)
    assert seen.agent(ALICE).waits[0].wait.deadline == due
    assert (seen.agent(BOB).held, seen.agent(BOB).unread, seen.counts.held) == (1, 0, 1)
    assert [each.wait.stage for each in seen.agent(ALICE).waits] == [Stage.HELD]

    release(bob, (BOB,))
    seen = look(alice)
    assert (seen.agent(BOB).held, seen.agent(BOB).unread, seen.counts.held) == (0, 1, 0)
    assert [each.wait.stage for each in seen.agent(ALICE).waits] == [Stage.OPEN]


def test_a_second_look_reads_no_held_box_again(home, monkeypatch):
    world = FileWorld(home / ".oxtail")
    world.bob.policies.set_session(BOB, Policy((Rule(ALICE, HOLD),)))
    for number in range(3):
        send(world.alice, BOB, f"hello {number}")
    collector = Collector(world.alice)
    before = folder(home / ".oxtail")
    assert collector.look().agent(BOB).held == 3
    opened: list[str] = []
    real = os.open
    monkeypatch.setattr(os, "open", lambda p, *a, **k: opened.append(str(p)) or real(p, *a, **k))

    assert collector.look().agent(BOB).held == 3
    assert [path for path in opened if "mailboxes" in path] == []
    assert folder(home / ".oxtail") == before


def test_all_errors_of_panes_are_pane_errors():
    with pytest.raises(PaneError):
        FakePanes(problem="x").hosts(())
