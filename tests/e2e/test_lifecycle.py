"""The life of a fleet on a real tmux server, among panes that only look like the fleet's."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from helpers.fleet_stage import Stage, spec
from helpers.tmux import PrivateTmux, needs_tmux, private_tmux
from helpers.waiting import until
from oxtail.core.fleet_errors import FleetBusy, FleetRefused
from oxtail.core.fleet_plan import ADD, KEEP, LEAVE, REMOVE, RESTART
from oxtail.core.fleet_spec import FleetSpec, WindowSpec
from oxtail.errors import PaneError

pytestmark = [needs_tmux, pytest.mark.slow]

TWO = spec("main", "cx")


@pytest.fixture
def tmux() -> Iterator[PrivateTmux]:
    with private_tmux() as server:
        yield server


@pytest.fixture
def stage(tmux: PrivateTmux, tmp_path: Path) -> Stage:
    root = tmp_path / "shop"
    (root / ".git").mkdir(parents=True)
    return Stage(tmux, root, tmp_path / "state")


def test_a_spawned_fleet_runs_marked_in_the_folder_of_its_project(stage: Stage) -> None:
    plan = stage.plan("spawn", TWO)
    assert not stage.tmux.socket.exists()
    assert [step.do for step in plan.steps] == [ADD, ADD]
    report = stage.run("spawn", TWO, confirmed=plan)
    assert report.ok
    assert stage.windows() == ["main", "cx"]
    fleet_id = report.plan.fleet_id
    for pane in stage.panes().values():
        assert (pane.managed, pane.made, pane.command) == (fleet_id, fleet_id, "cat")
        assert pane.root
        assert '"agent":"command"' in pane.launch
    path = stage.tmux.run("display-message", "-p", "-t", "=shop:main", "#{pane_current_path}")
    assert path == str(stage.root)
    assert [name for name, _ in stage.launches] == ["main", "cx"]


def test_a_session_of_that_name_refuses_a_spawn_and_one_with_a_longer_name_does_not(
    stage: Stage,
) -> None:
    stage.tmux.session("shop-2")
    assert stage.run("spawn", TWO).ok
    assert stage.windows("shop-2") == [stage.windows("shop-2")[0]]
    plan = stage.plan("spawn", TWO)
    assert plan.refusal == "session-exists"
    before = stage.panes()
    with pytest.raises(FleetRefused) as caught:
        stage.run("spawn", TWO)
    assert caught.value.fields["reason"] == "session-exists"
    assert stage.panes() == before


def test_a_missing_session_is_never_completed_to_another_one(stage: Stage) -> None:
    stage.tmux.session("shop-2")
    for verb in ("sync", "reset", "teardown", "kill"):
        plan = stage.plan(verb, TWO, window="main")
        assert (plan.refusal, plan.steps) == ("no-session", ())


@pytest.mark.parametrize("name", ["it's #{pane_id} #(touch hit)", 'a\nq"$HOME`x` é;'])
def test_a_folder_of_any_name_is_handed_to_tmux_as_it_is(
    stage: Stage, name: str, tmp_path: Path
) -> None:
    stage.root = tmp_path / name
    (stage.root / ".git").mkdir(parents=True)
    assert stage.run("spawn", spec("main")).ok
    pane = stage.pane("main")
    assert os.readlink(f"/proc/{pane.pane_pid}/cwd") == str(stage.root)
    assert stage.run("reset", spec("main")).ok
    again = stage.pane("main")
    assert again.pane_pid != pane.pane_pid
    assert os.readlink(f"/proc/{again.pane_pid}/cwd") == str(stage.root)
    assert not list(tmp_path.rglob("hit"))


def test_no_window_inherits_whose_child_its_maker_is(stage: Stage) -> None:
    stage.tmux.session("other")
    stage.tmux.run("set-environment", "-g", "CLAUDE_CODE_SESSION_ID", "somebody")
    stage.tmux.run("set-environment", "-g", "CODEX_THREAD_ID", "somebody")
    stage.tmux.run("set-environment", "-g", "OXTAIL_SESSION_ID", "somebody")
    stage.tmux.run("set-environment", "-g", "MY_SETTING", "kept")
    stage.run("spawn", TWO)
    stage.run("reset", TWO)
    for window in ("main", "cx"):
        environ = Path(f"/proc/{stage.pane(window).pane_pid}/environ").read_bytes()
        assert b"somebody" not in environ
        assert b"MY_SETTING=kept" in environ


def plant(stage: Stage, fleet_id: str) -> dict[str, str]:
    """Put panes among those of the fleet that are not the fleet's, and return what they run."""
    run = stage.tmux.run
    make = ("-d", "-P", "-F", "#{pane_id}")
    planted = [
        run("new-window", *make, "-t", "=shop:", "-n", "main", "exec sleep 600"),
        run("new-window", *make, "-t", "=shop:", "-n", "a.b|c", "exec sleep 600"),
        run("split-window", *make, "-t", stage.pane("main").pane_id, "exec sleep 600"),
        run("new-window", *make, "-t", "=shop:", "-n", f"<x>{fleet_id}<x>", "exec sleep 600"),
    ]
    pane = run("new-window", *make, "-t", "=shop:", "-n", "docked", "exec sleep 600")
    run("set-option", "-p", "-t", pane, "@oxpit_dock", "1")
    run("set-option", "-p", "-t", pane, "@oxpit_managed", fleet_id)
    planted.append(pane)
    twin = stage.tmux.session("shop-2")
    run("rename-window", "-t", twin, "main")
    run("set-option", "-p", "-t", twin, "@oxpit_managed", fleet_id)
    planted.append(twin)
    return {pane: run("display-message", "-p", "-t", pane, "#{pane_pid}") for pane in planted}


def untouched(stage: Stage, planted: dict[str, str]) -> bool:
    return all(
        stage.tmux.run("display-message", "-p", "-t", pane, "#{pane_pid}") == pid
        for pane, pid in planted.items()
    )


def test_foreign_panes_survive_sync_reset_and_teardown(stage: Stage) -> None:
    fleet_id = stage.run("spawn", spec("main", "cx", "old")).plan.fleet_id
    planted = plant(stage, fleet_id)

    plan = stage.plan("sync", spec("main", "cx", "new"))
    acted = {step.pane.pane_id for step in plan.steps if step.pane and step.do != LEAVE}
    assert not acted & set(planted)
    assert [step.window for step in plan.to(REMOVE)] == ["old"]
    assert stage.run("sync", spec("main", "cx", "new")).ok
    assert untouched(stage, planted)
    assert "old" not in stage.windows()

    before = stage.pane("cx").pane_pid
    assert stage.run("reset", spec("main", "cx", "new")).ok
    assert stage.pane("cx").pane_pid != before
    assert untouched(stage, planted)

    report = stage.run("teardown", TWO)
    assert stage.states(report) == {"cx": "removed", "new": "removed"}
    assert untouched(stage, planted)
    left = [step for step in report.plan.to(LEAVE) if step.why == "foreign-panes"]
    assert [step.window for step in left] == ["main"]


def test_panes_of_another_fleet_refuse_everything(stage: Stage) -> None:
    stage.run("spawn", TWO)
    pane = stage.tmux.run(
        "new-window", "-d", "-P", "-F", "#{pane_id}", "-t", "=shop:", "exec sleep 600"
    )
    stage.tmux.run("set-option", "-p", "-t", pane, "@oxpit_managed", "shop-99999999")
    for verb in ("sync", "reset", "teardown", "kill"):
        assert stage.plan(verb, TWO, window="main").refusal == "several-fleets"


def test_a_fleet_of_the_same_name_in_another_project_is_left_alone(
    stage: Stage, tmp_path: Path
) -> None:
    stage.run("spawn", TWO)
    before = stage.panes()
    stage.root = tmp_path / "elsewhere" / "shop"
    (stage.root / ".git").mkdir(parents=True)
    for verb in ("sync", "reset", "teardown", "kill"):
        with pytest.raises(FleetRefused) as caught:
            stage.run(verb, spec("other"), window="main")
        assert caught.value.fields["reason"] == "other-project"
    assert stage.panes() == before


def test_a_fleet_of_an_npm_peer_is_known_by_its_mark_and_its_folder(stage: Stage) -> None:
    pane = stage.tmux.session("shop", "exec cat", cwd=stage.root)
    stage.tmux.run("rename-window", "-t", pane, "main")
    stage.tmux.run("set-option", "-p", "-t", pane, "@oxpit_managed", "shop-0123abcd")
    plan = stage.plan("sync", TWO)
    assert (plan.fleet_id, [step.do for step in plan.steps]) == ("shop-0123abcd", [ADD, KEEP])
    elsewhere = stage.tmux.session("elsewhere", cwd=stage.tmux.folder)
    stage.tmux.run("set-option", "-p", "-t", elsewhere, "@oxpit_managed", "shop-0123abcd")
    assert stage.plan("sync", spec("x", name="elsewhere")).refusal == "other-project"


def test_a_pane_that_changes_after_the_plan_is_not_touched(stage: Stage) -> None:
    spawned = stage.run("spawn", spec("main", "cx", "third", "fourth"))
    assert spawned.ok, spawned
    renamed, marked, replaced = (stage.pane(name) for name in ("main", "cx", "third"))
    plan = stage.plan("reset", spec("main", "cx", "third", "fourth"))
    again: list[int] = []

    def change() -> bool:
        # Under the lock, after the plan was made anew: the worst moment.
        if not again:
            again.append(1)
            stage.tmux.run("rename-window", "-t", renamed.pane_id, "mine")
            stage.tmux.run("set-option", "-p", "-t", marked.pane_id, "@oxpit_managed", "x-00000000")
            stage.tmux.run("respawn-pane", "-k", "-t", replaced.pane_id, "exec sleep 600")
        return False

    fleet = spec("main", "cx", "third", "fourth")
    report = stage.run("reset", fleet, confirmed=plan, canceled=change)
    assert stage.states(report) == {
        "main": "refused", "cx": "refused", "third": "refused", "fourth": "up",
    }  # fmt: skip
    assert {row.reason for row in report.rows} == {"pane-changed", ""}
    assert stage.panes()[renamed.pane_id].pane_pid == renamed.pane_pid
    assert stage.panes()[marked.pane_id].pane_pid == marked.pane_pid
    assert stage.running(replaced.pane_id) == "sleep"


def test_tmux_itself_compares_the_marks_in_the_moment_of_acting(stage: Stage) -> None:
    fleet_id = stage.run("spawn", TWO).plan.fleet_id
    ground = stage.ground(fleet_id)
    seen = stage.pane("main")
    stage.tmux.run("set-option", "-p", "-t", seen.pane_id, "@oxpit_managed", "x-00000000")
    assert not stage.workspace.remove(seen, ground)
    assert not stage.workspace.restart(seen, ground)
    assert stage.panes()[seen.pane_id].pane_pid == seen.pane_pid
    for changed in (
        {"window_id": "@99"}, {"session_id": "$99"}, {"pane_pid": 1}, {"pane_id": "%99"},
    ):  # fmt: skip
        wrong = stage.pane("cx")._replace(**changed)
        assert not stage.workspace.remove(wrong, ground)
        assert not stage.workspace.restart(wrong, ground)
    with pytest.raises(PaneError):
        stage.workspace.remove(stage.pane("cx")._replace(managed="x-00000000"), ground)
    with pytest.raises(PaneError):
        stage.workspace.remove(stage.pane("cx"), ground._replace(fleet_id="a} b"))
    assert stage.windows() == ["main", "cx"]


def test_a_run_does_only_what_was_confirmed(stage: Stage) -> None:
    stage.run("spawn", TWO)
    plan = stage.plan("sync", spec("main", "cx", "new"))
    stage.tmux.run("kill-pane", "-t", stage.pane("cx").pane_id)
    report = stage.run("sync", spec("main", "cx", "new"), confirmed=plan)
    assert stage.states(report) == {"new": "up", "main": "healthy"}
    assert [(step.do, step.window) for step in report.new] == [(ADD, "cx")]
    assert [(step.do, step.window) for step in report.gone] == [(KEEP, "cx")]
    assert sorted(stage.windows()) == ["main", "new"]


def test_another_fleet_than_the_one_that_was_shown_refuses(stage: Stage) -> None:
    stage.run("spawn", TWO)
    plan = stage.plan("sync", TWO)
    stage.run("teardown", TWO)
    stage.run("spawn", TWO)
    with pytest.raises(FleetRefused) as caught:
        stage.run("sync", TWO, confirmed=plan)
    assert caught.value.fields["reason"] == "other-fleet"


def test_one_window_that_fails_does_not_stop_the_next_and_is_brought_up_by_a_sync(
    stage: Stage,
) -> None:
    stage.fails = {"main"}
    report = stage.run("spawn", TWO)
    assert stage.states(report) == {"main": "failed", "cx": "up"}
    assert not report.ok
    failed = report.rows[0]
    assert (failed.reason, failed.screen) == ("not-ready", "the screen")
    # The pane is the fleet's although nothing was launched in it, and npm peers leave it alone.
    assert (stage.pane("main").managed, stage.pane("main").made) == ("", report.plan.fleet_id)
    stage.fails = set()
    assert stage.states(stage.run("sync", TWO)) == {"main": "up", "cx": "healthy"}
    assert stage.pane("main").managed == report.plan.fleet_id


def test_nothing_is_removed_after_an_addition_failed(stage: Stage) -> None:
    stage.run("spawn", spec("main", "old"))
    stage.fails = {"new"}
    report = stage.run("sync", spec("main", "new"))
    assert stage.states(report) == {"new": "failed", "main": "healthy", "old": "skipped"}
    assert "old" in stage.windows()
    stage.fails = {"main"}
    report = stage.run("sync", spec("main", "new"))
    assert stage.states(report) == {"new": "up", "main": "failed", "old": "removed"}


def test_changed_settings_are_told_and_applied_only_on_demand(stage: Stage) -> None:
    stage.run("spawn", TWO)
    changed = FleetSpec(
        "shop", (TWO.windows[0], WindowSpec("cx", "command", command=("cat", "-u")))
    )
    before = stage.pane("cx")
    plan = stage.plan("sync", changed)
    assert [step.do for step in plan.steps] == [KEEP, KEEP]
    (change,) = plan.steps[1].changes
    assert (change.name, change.was, change.now) == ("command", ["cat"], ["cat", "-u"])
    stage.run("sync", changed)
    assert stage.pane("cx").pane_pid == before.pane_pid
    assert stage.plan("sync", changed).steps[1].changes

    plan = stage.plan("sync", changed, apply=True)
    assert [step.do for step in plan.steps] == [KEEP, RESTART]
    assert stage.run("sync", changed, apply=True).ok
    assert stage.pane("cx").pane_pid != before.pane_pid
    assert stage.plan("sync", changed).steps[1].changes == ()


def test_the_mark_survives_a_restart_and_a_human_split_does_too(stage: Stage) -> None:
    fleet_id = stage.run("spawn", TWO).plan.fleet_id
    split = stage.tmux.run(
        *("split-window", "-d", "-P", "-F", "#{pane_id}"),
        *("-t", stage.pane("main").pane_id, "exec sleep 600"),
    )
    assert stage.run("reset", TWO).ok
    assert stage.pane("main").managed == fleet_id
    assert stage.running(split) == "sleep"


def test_a_window_that_does_not_come_up_again_is_not_marked_as_launched(stage: Stage) -> None:
    fleet_id = stage.run("spawn", TWO).plan.fleet_id
    stage.fails = {"cx"}
    assert stage.states(stage.run("reset", TWO)) == {"main": "up", "cx": "failed"}
    assert [(site.managed, site.made) for _, site in stage.launches[2:]] == [(False, True)] * 2
    assert (stage.pane("cx").managed, stage.pane("cx").made) == ("", fleet_id)
    stage.fails = set()
    assert stage.states(stage.run("sync", TWO)) == {"main": "healthy", "cx": "up"}


def test_a_strip_does_not_stand_in_the_way_of_closing_its_window(stage: Stage) -> None:
    stage.run("spawn", spec("main", "cx", "old"))
    docks = []
    for window in ("main", "cx", "old"):
        dock = stage.tmux.run(
            *("split-window", "-d", "-P", "-F", "#{pane_id}"),
            *("-t", stage.pane(window).pane_id, "exec sleep 600"),
        )
        stage.tmux.run("set-option", "-p", "-t", dock, "@oxpit_dock", "1")
        docks.append(dock)
    assert stage.states(stage.run("kill", TWO, window="cx")) == {"cx": "removed"}
    assert stage.states(stage.run("sync", spec("main")))["old"] == "removed"
    assert set(stage.panes()) == {stage.pane("main").pane_id, docks[0]}
    assert stage.states(stage.run("teardown", TWO)) == {"main": "removed"}
    assert stage.panes() == {}


def test_a_window_with_a_foreign_pane_and_the_last_window_are_not_killed(stage: Stage) -> None:
    stage.run("spawn", TWO)
    stage.tmux.run("split-window", "-d", "-t", stage.pane("main").pane_id, "exec sleep 600")
    assert stage.plan("kill", TWO, window="main").refusal == "foreign-panes"
    assert stage.plan("kill", TWO, window="nothing").refusal == "no-window"
    assert stage.states(stage.run("kill", TWO, window="cx")) == {"cx": "removed"}
    assert stage.plan("kill", TWO, window="main").refusal == "last-window"


def test_a_window_that_becomes_the_last_one_under_the_lock_is_not_killed(stage: Stage) -> None:
    stage.run("spawn", TWO)
    plan = stage.plan("kill", TWO, window="cx")
    main = stage.pane("main")

    def change() -> bool:
        if main.pane_id in stage.panes():
            stage.tmux.run("kill-pane", "-t", main.pane_id)
        return False

    report = stage.run("kill", TWO, window="cx", confirmed=plan, canceled=change)
    assert [(row.state, row.reason) for row in report.rows] == [("refused", "last-window")]
    assert stage.windows() == ["cx"]


def test_a_canceled_run_ends_between_two_windows_and_frees_the_lock(stage: Stage) -> None:
    stop = threading.Event()
    stage.before = lambda name: stop.set() if name == "main" else None
    report = stage.run("spawn", spec("main", "cx", "third"), canceled=stop.is_set)
    assert stage.states(report) == {"main": "up", "cx": "canceled", "third": "canceled"}
    assert report.canceled
    stage.before = lambda name: None
    assert stage.states(stage.run("sync", spec("main", "cx", "third"))) == {
        "main": "healthy", "cx": "up", "third": "up",
    }  # fmt: skip


def test_two_spawns_at_once_make_one_fleet(stage: Stage) -> None:
    began, go = threading.Event(), threading.Event()

    def wait(name: str) -> None:
        began.set()
        until(go.is_set)

    stage.before = wait
    reports: list[bool] = []
    first = threading.Thread(target=lambda: reports.append(stage.run("spawn", TWO).ok))
    first.start()
    until(began.is_set)
    with pytest.raises(FleetRefused):
        stage.run("spawn", TWO)
    with pytest.raises(FleetBusy):
        stage.run("sync", TWO)
    go.set()
    first.join(60)
    assert reports == [True]
    assert stage.windows() == ["main", "cx"]


def test_a_server_in_a_plain_locale_loses_no_mark(stage: Stage) -> None:
    stage.tmux.environ.update({"LANG": "C", "LC_ALL": "C"})
    plain = Stage(stage.tmux, stage.root, Path(stage.disk.layout.home))
    plain.tmux.session("né日", cwd=stage.root)
    assert plain.run("spawn", TWO).ok
    assert plain.pane("main").managed
    assert "né日" in {pane.session for pane in plain.panes().values()}
    assert [step.do for step in plain.plan("sync", TWO).steps] == [KEEP, KEEP]


def test_names_that_tmux_could_complete_or_split_are_no_targets(stage: Stage) -> None:
    stage.run("spawn", TWO)
    # A window called like the session, and an automatic name with a dot.
    stage.tmux.run("new-window", "-d", "-t", "=shop:", "-n", "shop", "exec sleep 600")
    stage.tmux.run("new-window", "-d", "-t", "=shop:", "-n", "2.1.0", "exec sleep 600")
    assert stage.run("sync", spec("main", "cx", "shop")).ok
    assert [pane.window for pane in stage.panes().values() if pane.managed] == [
        "main", "cx", "shop",
    ]  # fmt: skip
    assert stage.run("kill", TWO, window="shop").ok
    assert sorted(stage.windows()) == ["2.1.0", "cx", "main", "shop"]
