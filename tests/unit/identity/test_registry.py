"""Who is running, and what is done about those who are not."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from helpers.fakes import ALICE, BOB, CAROL
from helpers.registries import EARLIER, STARTED, World, entry
from oxtail.core.entry import Capabilities, Entry, Known, State
from oxtail.core.liveness import Life
from oxtail.core.names import session_box
from oxtail.errors import StoreError
from oxtail.identity import registry as registry_module
from oxtail.identity.process import current_owner, lstart

ME = 5001
LIVE, DEAD, OTHER = 5002, 5003, 5004


@pytest.fixture
def world(home: Path) -> World:
    return World(home)


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


# Publishing


def test_an_entry_lies_on_disk_in_the_order_and_form_that_peers_read(world: World) -> None:
    mine = entry(
        ME,
        ALICE,
        proc_sig="Sun Nov  8 14:19:01 2026",
        tmux_pane="%3",
        tmux_session="main",
        state=State('wiring "quotes" and naïve 🦊', STARTED),
        name="builder",
        doors=("claude-inbox",),
    )
    world.registry().publish(mine)

    text = (world.sessions / f"{ME}.json").read_bytes().decode()
    assert text == json.dumps(json.loads(text), indent=2, ensure_ascii=False)
    assert list(json.loads(text)) == [
        "server_pid", "started_at", "proc_sig", "client", "tmux_pane", "tmux_session", "state",
        "capabilities", "mailbox_key", "name", "start_token", "doors",
    ]  # fmt: skip
    assert list(json.loads(text)["client"]) == [
        "type", "session_id", "transcript_path", "session_id_source", "cwd",
    ]  # fmt: skip
    assert f'\n  "mailbox_key": "{session_box(ALICE)}",\n' in text
    assert f'"session_id": "{ALICE}"' in text
    assert '"wiring \\"quotes\\" and naïve 🦊"' in text


def test_the_folder_and_every_entry_are_private_after_a_publish(world: World) -> None:
    world.others(entry(LIVE, BOB))
    os.chmod(world.sessions / f"{LIVE}.json", 0o644)
    os.chmod(world.sessions, 0o755)
    os.chmod(world.home, 0o755)
    target = world.home / "elsewhere"
    target.write_text("x")
    target.chmod(0o644)
    (world.sessions / "note.json").symlink_to(target)

    World(world.home.parent).registry().publish(entry(ME, ALICE))

    assert mode(world.home) == mode(world.sessions) == 0o700
    assert {mode(world.sessions / f"{pid}.json") for pid in (ME, LIVE)} == {0o600}
    assert mode(target) == 0o644


def test_a_second_publish_replaces_the_first_in_one_step(world: World) -> None:
    registry = world.registry()
    registry.publish(entry(ME))
    registry.publish(entry(ME, ALICE))

    assert [each.session_id for each in registry.entries()] == [ALICE]
    assert world.files() == [f"{ME}.json"]


def test_an_entry_that_cannot_be_written_is_an_error_and_the_old_one_stays(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    registry = world.registry()
    registry.publish(entry(ME, ALICE))

    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "write", full)
        with pytest.raises(StoreError):
            registry.publish(entry(ME, BOB))

    assert [each.session_id for each in registry.entries()] == [ALICE]
    assert world.files() == [f"{ME}.json"]


# Reading


def test_dead_processes_are_not_listed_and_reading_removes_nothing(world: World) -> None:
    world.others(entry(LIVE, ALICE), entry(DEAD, BOB))
    world.dead.add(DEAD)
    registry = world.registry()

    assert [each.server_pid for each in registry.entries()] == [LIVE]
    assert registry.live(LIVE) == entry(LIVE, ALICE)
    assert registry.live(DEAD) is registry.live(77) is registry.live(0) is None
    assert world.files() == [f"{LIVE}.json", f"{DEAD}.json"]


def test_of_several_entries_of_a_session_the_freshest_counts(world: World) -> None:
    for order in ((LIVE, OTHER), (OTHER, LIVE)):
        world.others(entry(order[0], ALICE, started_at=STARTED + 5), entry(order[1], ALICE))
        assert [each.server_pid for each in world.registry().entries()] == [order[0]]


def test_of_two_that_started_in_the_same_second_the_higher_pid_counts(world: World) -> None:
    world.others(entry(900, ALICE), entry(1000, ALICE))

    assert [each.server_pid for each in world.registry().entries()] == [1000]


def test_sessions_without_an_id_are_never_merged_and_come_last(world: World) -> None:
    world.others(entry(LIVE), entry(OTHER), entry(6000, ALICE), entry(6001, BOB))

    assert [each.server_pid for each in world.registry().entries()] == [6000, 6001, LIVE, OTHER]


def test_all_processes_of_a_session_are_known_oldest_first_the_dead_too(world: World) -> None:
    world.others(
        entry(LIVE, ALICE, started_at=STARTED + 9),
        entry(DEAD, ALICE, started_at=EARLIER),
        entry(OTHER, ALICE),
        entry(6000, BOB),
        entry(6001),
    )
    world.dead.add(DEAD)

    assert world.registry().pids_of(ALICE) == (DEAD, OTHER, LIVE)
    assert world.registry().pids_of(CAROL) == world.registry().pids_of("") == ()


def test_an_entry_is_parsed_again_only_when_its_file_changes(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.others(entry(LIVE, ALICE))
    registry = world.registry()
    assert registry.entries() == (entry(LIVE, ALICE),)
    reads: list[str] = []
    real = world.disk.read
    monkeypatch.setattr(
        world.disk, "read", lambda path, limit: reads.append(path) or real(path, limit)
    )

    assert registry.entries() == (entry(LIVE, ALICE),)
    assert reads == []

    world.disk.publish(
        str(world.sessions / f"{LIVE}.json"), json.dumps(entry(LIVE, BOB).as_dict()).encode()
    )
    assert registry.entries() == (entry(LIVE, BOB),)
    assert len(reads) == 1


def test_a_missing_folder_has_no_entries(world: World) -> None:
    assert world.registry().entries() == ()
    assert world.registry().known() == ()


# Poison

GOOD = json.dumps(entry(7000, BOB).as_dict())
POISON = {
    "null": "null",
    "list": "[1, 2]",
    "text": '"entry"',
    "empty": "",
    "torn": GOOD[: len(GOOD) // 2],
    "binary": b"\xff\xfe\x00" * 40,
    "bom": b"\xef\xbb\xbf" + GOOD.encode(),
    "no client": '{"server_pid": 7000, "started_at": 1}',
    "client null": GOOD.replace('"client": {', '"client": null, "x": {'),
    "pid as text": GOOD.replace("7000", '"7000"', 1),
    "pid true": GOOD.replace("7000", "true", 1),
    "pid fraction": GOOD.replace("7000", "7000.5", 1),
    "time as text": GOOD.replace(str(STARTED), '"now"', 1),
    "time infinite": GOOD.replace(str(STARTED), "1e999", 1),
    "time NaN": GOOD.replace(str(STARTED), "NaN", 1),
    "time of 400 digits": GOOD.replace(str(STARTED), "9" * 400, 1),
    "time of 5000 digits": GOOD.replace(str(STARTED), "9" * 5000, 1),
    "cwd number": GOOD.replace('"/p"', "7"),
    "session list": GOOD.replace(f'"session_id": "{BOB}"', '"session_id": []'),
    "deep": "[" * 60_000,
    "huge": GOOD[:-1] + " " * 70_000 + "}",
}


@pytest.mark.parametrize("content", POISON.values(), ids=POISON.keys())
def test_a_damaged_entry_is_set_aside_and_disturbs_nobody(
    world: World, content: str | bytes
) -> None:
    world.raw("7000.json", content)
    registry = world.registry()
    registry.publish(entry(ME, ALICE))

    assert registry.entries() == (entry(ME, ALICE),)
    assert registry.pids_of(BOB) == ()
    assert registry.live(7000) is None
    assert world.files() == [f"{ME}.json"]
    assert [name.rsplit("-", 1)[1] for name in world.damaged()] == ["7000_json"]
    assert len(world.trace.named("damaged_set_aside")) == 1


def test_a_folder_a_link_and_a_pipe_under_an_entry_s_name_are_set_aside(world: World) -> None:
    target = world.raw("target", GOOD)
    (world.sessions / "7000.json").symlink_to(target)
    (world.sessions / "7001.json").mkdir()
    os.mkfifo(world.sessions / "7002.json")

    assert world.registry().entries() == ()
    assert world.files() == ["target"]
    assert len(world.damaged()) == 3


@pytest.mark.parametrize(
    "name", ["07000.json", "0.json", "-1.json", "7000.JSON", "7000.json.9.tmp", "x.json", "٣.json"]
)
def test_another_name_is_no_entry_and_stays(world: World, name: str) -> None:
    world.raw(name, GOOD)

    assert world.registry().entries() == ()
    assert world.files() == [name]
    assert world.damaged() == []


def test_an_entry_that_speaks_for_another_process_is_invisible_everywhere(world: World) -> None:
    world.raw("7001.json", GOOD)
    registry = world.registry()

    assert registry.entries() == ()
    assert registry.live(7001) is None
    assert registry.pids_of(BOB) == ()
    assert registry.holder(BOB) is None
    assert world.files() == ["7001.json"]
    registry.entries()
    assert len(world.trace.named("record_forged")) == 2  # listed once, read anew once


def test_an_unreadable_entry_is_skipped_and_traced_once(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.others(entry(LIVE, ALICE), entry(OTHER, BOB))
    real = os.open

    def refuse(path: str, *arguments: object, **more: object) -> int:
        if str(path).endswith(f"{OTHER}.json"):
            raise PermissionError(13, "Permission denied", path)
        return real(path, *arguments, **more)

    monkeypatch.setattr(os, "open", refuse)
    registry = world.registry()

    assert [each.server_pid for each in registry.entries()] == [LIVE]
    registry.entries()
    assert len(world.trace.named("record_unreadable")) == 1
    assert world.damaged() == []


def test_a_damaged_entry_that_was_replaced_meanwhile_is_left_alone(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.raw(f"{LIVE}.json", "null")
    real = world.disk.read

    def replaced_after(path: str, limit: int) -> bytes | None:
        data = real(path, limit)
        world.disk.publish(path, json.dumps(entry(LIVE, ALICE).as_dict()).encode())
        return data

    registry = world.registry()
    with monkeypatch.context() as patch:
        patch.setattr(world.disk, "read", replaced_after)
        assert registry.entries() == ()

    assert registry.entries() == (entry(LIVE, ALICE),)
    assert world.damaged() == []


# What dead processes leave behind


def test_a_live_process_of_the_same_session_is_left_alone(world: World) -> None:
    world.others(entry(LIVE, ALICE))
    world.boxes.put(str(LIVE), "mail")

    world.registry().publish(entry(ME, ALICE))

    assert world.boxes.of(str(LIVE)) == ["mail"]
    assert world.files() == [f"{ME}.json", f"{LIVE}.json"]


def test_mail_of_a_dead_sibling_moves_to_the_session_before_its_entry_goes(world: World) -> None:
    world.others(entry(DEAD, ALICE))
    world.dead.add(DEAD)
    world.boxes.put(str(DEAD), "mail")

    world.registry().publish(entry(ME, ALICE))

    assert world.boxes.of_session(ALICE) == ["mail"]
    assert world.files() == [f"{ME}.json"]


def test_mail_moves_only_after_our_own_entry_is_visible(world: World) -> None:
    world.others(entry(DEAD, ALICE))
    world.dead.add(DEAD)
    world.boxes.put(str(DEAD), "mail")
    seen: list[list[str]] = []

    def adopt(source: str, target: str) -> int:
        seen.append(world.files())
        return world.boxes.adopt(source, target)

    world.registry(adopt_box=adopt).publish(entry(ME, ALICE))

    assert seen == [[f"{ME}.json", f"{DEAD}.json"]]


def test_a_move_that_fails_keeps_the_dead_entry_and_its_mail(world: World) -> None:
    world.others(entry(DEAD, ALICE))
    world.dead.add(DEAD)
    world.boxes.put(str(DEAD), "mail")
    world.boxes.broken.add(session_box(ALICE))

    world.registry().publish(entry(ME, ALICE))

    assert world.boxes.of(str(DEAD)) == ["mail"]
    assert world.files() == [f"{ME}.json", f"{DEAD}.json"]
    assert world.trace.named("registry_step_failed")


@pytest.mark.parametrize("where", ["pid box", "session box", "open work", "unknown"])
def test_a_dead_entry_that_leads_to_something_is_kept(world: World, where: str) -> None:
    world.others(entry(DEAD, BOB))
    world.dead.add(DEAD)
    if where == "pid box":
        world.boxes.put(str(DEAD), "mail")
    elif where == "session box":
        world.boxes.put(session_box(BOB), "mail")
    elif where == "open work":
        world.open_work.add(BOB)
    else:
        world.boxes.broken.add(str(DEAD))

    world.registry().publish(entry(ME, ALICE))

    assert world.files() == [f"{ME}.json", f"{DEAD}.json"]
    assert [each.server_pid for each in world.registry().entries()] == [ME]


def test_a_dead_entry_that_leads_nowhere_goes_and_its_session_stays_known(world: World) -> None:
    world.others(entry(DEAD, BOB, name="bob", project="0a" * 16))
    world.dead.add(DEAD)

    registry = world.registry()
    registry.publish(entry(ME, ALICE))

    assert world.files() == [f"{ME}.json"]
    assert Known(BOB, "bob", "codex", "/p", STARTED + 100, "0a" * 16) in registry.known()


def test_a_dead_entry_without_an_id_goes_even_with_mail(world: World) -> None:
    world.others(entry(DEAD))
    world.dead.add(DEAD)
    world.boxes.put(str(DEAD), "mail")

    world.registry().publish(entry(ME, ALICE))

    assert world.files() == [f"{ME}.json"]


def test_an_entry_whose_process_is_alive_on_a_second_look_is_kept(world: World) -> None:
    world.others(entry(DEAD, BOB))
    looks: list[int] = []

    def is_running(each: Entry) -> bool:
        looks.append(each.server_pid)
        return looks.count(DEAD) > 1

    world.registry(is_running=is_running).publish(entry(ME, ALICE))

    assert world.files() == [f"{ME}.json", f"{DEAD}.json"]


def test_a_failure_while_collecting_does_not_fail_the_publish(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.others(entry(DEAD, BOB))
    world.dead.add(DEAD)

    def refuse(*_: object) -> None:
        raise OSError(13, "Permission denied")

    monkeypatch.setattr(world.disk, "remove_unchanged", refuse)
    world.registry().publish(entry(ME, ALICE))

    assert world.files() == [f"{ME}.json", f"{DEAD}.json"]
    assert world.trace.named("registry_step_failed")


# Leaving


def test_leaving_moves_pid_box_mail_to_the_session_and_removes_the_entry_last(
    world: World,
) -> None:
    files: list[list[str]] = []

    def adopt(source: str, target: str) -> int:
        files.append(world.files())
        return world.boxes.adopt(source, target)

    registry = world.registry(adopt_box=adopt)
    registry.publish(entry(ME, ALICE))
    world.boxes.put(str(ME), "mail")

    registry.withdraw()

    assert files == [[f"{ME}.json"]]
    assert world.boxes.of_session(ALICE) == ["mail"]
    assert world.files() == []
    assert [known.session_id for known in registry.known()] == [ALICE]
    registry.withdraw()


def test_an_entry_whose_mail_could_not_move_stays_when_its_process_leaves(world: World) -> None:
    registry = world.registry()
    registry.publish(entry(ME, ALICE))
    world.boxes.put(str(ME), "mail")
    world.boxes.broken.add(session_box(ALICE))

    registry.withdraw()
    assert world.files() == [f"{ME}.json"]

    world.boxes.broken.clear()
    world.dead.add(ME)
    world.registry().publish(entry(OTHER, ALICE))
    assert world.boxes.of_session(ALICE) == ["mail"]
    assert world.files() == [f"{OTHER}.json"]


def test_leaving_without_having_come_does_nothing(world: World) -> None:
    world.registry().withdraw()

    assert not world.sessions.exists()


# A pid that was used before


def test_mail_for_an_earlier_session_with_our_pid_goes_to_that_session(world: World) -> None:
    world.others(entry(ME, BOB, started_at=EARLIER, start_token="boot/1"))
    world.boxes.put(str(ME), "for bob")

    registry = world.registry()
    registry.publish(entry(ME, ALICE))

    assert world.boxes.of_session(BOB) == ["for bob"]
    assert world.boxes.of(str(ME)) == []
    assert BOB in [known.session_id for known in registry.known()]


def test_mail_for_an_earlier_process_that_nobody_knows_is_set_aside(world: World) -> None:
    world.others(entry(ME, None, started_at=EARLIER, start_token=None))
    world.boxes.put(str(ME), "for a stranger")

    world.registry().publish(entry(ME, ALICE))

    assert list(world.boxes.quarantined) == [str(ME)]


def test_mail_older_than_our_process_is_set_aside(world: World) -> None:
    world.boxes.put(str(ME), "for a stranger", at=STARTED - 3600)

    world.registry().publish(entry(ME, ALICE))

    assert list(world.boxes.quarantined) == [str(ME)]
    assert world.trace.named("registry_box_quarantined")


@pytest.mark.parametrize("started", [float(STARTED), None])
def test_mail_that_came_since_we_started_stays(world: World, started: float | None) -> None:
    world.boxes.put(str(ME), "for us", at=STARTED + 5)

    world.registry(started=lambda _pid: started).publish(entry(ME, ALICE))

    assert world.boxes.of(str(ME)) == ["for us"]


def test_our_own_earlier_entry_does_not_make_our_mail_foreign(world: World) -> None:
    world.others(entry(ME))
    world.boxes.put(str(ME), "for us", at=STARTED + 5)

    world.registry().publish(entry(ME, ALICE))

    assert world.boxes.of(str(ME)) == ["for us"]


def test_only_the_first_publish_looks_for_foreign_mail(world: World) -> None:
    registry = world.registry()
    registry.publish(entry(ME))
    world.boxes.put(str(ME), "for us", at=STARTED - 5)

    registry.publish(entry(ME, ALICE))

    assert world.boxes.of(str(ME)) == ["for us"]


# Boxes that are still in use


def test_every_box_that_an_entry_or_a_known_session_leads_to_is_referenced(world: World) -> None:
    world.others(entry(LIVE, ALICE), entry(DEAD))
    world.raw("7001.json", GOOD)  # speaks for somebody else
    world.raw("07.json", GOOD)
    registry = world.registry()
    registry.remember(Known(CAROL, None, "codex", "/p", STARTED))

    assert registry.referenced_boxes() == {
        str(LIVE), str(DEAD), "7001", session_box(ALICE), session_box(CAROL),
    }  # fmt: skip


# Who holds an id


def test_an_id_is_held_by_a_live_process_of_another_agent_only(world: World) -> None:
    world.others(entry(LIVE, ALICE), entry(DEAD, BOB), entry(OTHER, CAROL))
    world.dead.add(DEAD)
    world.relatives.add(OTHER)
    registry = world.registry()

    held = registry.holder(ALICE)
    assert held is not None
    assert held.server_pid == LIVE
    assert registry.holder(BOB) is None
    assert registry.holder(CAROL) is None
    assert registry.holder("") is None


def test_our_own_entry_holds_nothing_against_us(world: World) -> None:
    world.others(entry(os.getpid(), ALICE))

    assert world.registry().holder(ALICE) is None


def test_a_freshest_relative_does_not_hide_another_holder(world: World) -> None:
    world.others(entry(LIVE, ALICE), entry(OTHER, ALICE, started_at=STARTED + 9))
    world.relatives.add(OTHER)

    held = world.registry().holder(ALICE)
    assert held is not None
    assert held.server_pid == LIVE


# Known sessions


def test_live_peers_with_session_boxes_are_noted_for_the_time_after_them(world: World) -> None:
    old = Capabilities(reply_to=True)
    world.others(entry(LIVE, BOB), entry(OTHER, CAROL, capabilities=old), entry(6000))

    registry = world.registry()
    registry.publish(entry(ME, ALICE))

    assert {known.session_id for known in registry.known()} == {ALICE, BOB}


# The real process


def test_this_process_counts_as_running_by_token_and_by_signature() -> None:
    mine = entry(os.getpid(), ALICE, start_token=current_owner().start_token)
    npm = mine._replace(start_token=None, proc_sig=lstart(os.getpid()))
    recycled = npm._replace(proc_sig="Sun Nov 22 14:19:01 2015")

    assert registry_module.is_running(mine)
    assert registry_module.is_running(npm)
    assert registry_module.is_running(npm._replace(proc_sig=None))
    assert not registry_module.is_running(recycled)
    assert not registry_module.is_running(mine._replace(start_token="another/1"))


def test_only_those_that_may_be_meant_are_asked_whether_they_live(world: World) -> None:
    world.others(entry(LIVE, ALICE), entry(OTHER, BOB)._replace(name="reviewer"))
    registry = world.registry()

    assert [each.server_pid for each in registry.answering(ALICE)] == [LIVE]
    assert [each.server_pid for each in registry.answering("reviewer")] == [OTHER]
    assert registry.answering("nobody") == ()


def test_a_census_counts_the_living_the_dead_and_those_whose_pid_is_another_s(world: World) -> None:
    world.others(entry(11, "a"), entry(12, "b"), entry(13, "c", start_token=None))
    world.dead |= {12, 13}
    registry = world.registry(is_alive=lambda pid: pid == 13)

    counted = {each.entry.server_pid: each for each in registry.census().counted}
    assert {pid: each.life for pid, each in counted.items()} == {
        11: Life.RUNNING,
        12: Life.EXITED,
        13: Life.REUSED,
    }
    assert [counted[pid].is_proved for pid in (11, 12, 13)] == [True, True, False]


def test_a_census_leaves_everything_where_it_is(world: World) -> None:
    world.others(entry(11, "a"), entry(12, "b"))
    world.dead.add(12)
    world.raw("13.json", "damaged")
    world.raw("14.json", json.dumps(entry(15, "x").as_dict()))
    world.raw("notes.txt", "mine")
    known = world.home / "known"
    known.mkdir()
    (known / ("0" * 32 + ".json")).write_text("damaged")
    before = world.files()
    registry = world.registry()

    for _ in range(2):
        census = registry.census()
        assert len(census.counted) == 2
        assert census.unreadable == ("13.json", "14.json")
    assert world.files() == before
    assert world.damaged() == []
    assert [path.name for path in known.iterdir()] == ["0" * 32 + ".json"]


def test_a_recycled_pid_is_one_at_every_census(world: World) -> None:
    world.others(entry(LIVE, ALICE))
    world.dead.add(LIVE)
    registry = world.registry(is_alive=lambda pid: True)

    for _ in range(3):
        (counted,) = registry.census().counted
        assert counted.life is Life.REUSED
