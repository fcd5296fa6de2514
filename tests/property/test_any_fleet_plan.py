"""Whatever tmux lists, no plan touches a pane that is not surely the fleet's."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from oxtail.core.fleet_panes import FleetPane, Place, find_fleet, of_session, part
from oxtail.core.fleet_plan import (
    ADD,
    LEAVE,
    REMOVE,
    RESTART,
    Plan,
    confirmed,
    plan_kill,
    plan_reset,
    plan_spawn,
    plan_sync,
    plan_teardown,
)
from oxtail.core.fleet_spec import FleetSpec, WindowSpec

OURS = "shop-0123abcd"
MARKS = st.sampled_from(("", "", OURS, OURS, OURS, "shop-99999999", "shop", "x} y", OURS + " "))
NAMES = st.sampled_from(("main", "cx", "old", "shop", "", "a.b", "<x>", "日本", OURS))
PANES = st.builds(
    FleetPane,
    pane_id=st.integers(0, 9).map("%{}".format),
    window_id=st.integers(0, 5).map("@{}".format),
    session_id=st.just("$0"),
    session=st.sampled_from(("shop", "shop", "shop", "shop-2", "")),
    window=NAMES,
    command=st.just("bash"),
    window_index=st.integers(0, 4),
    pane_pid=st.integers(0, 3),
    session_path=st.sampled_from(("/p", "/p", "/q")),
    managed=MARKS,
    made=MARKS,
    root=st.sampled_from(("", "key", "key", "other")),
    dock=st.sampled_from((False, False, False, True)),
    launch=st.sampled_from(("", "{", "[]", '{"agent":"codex"}')),
)
LISTINGS = st.lists(PANES, max_size=9, unique_by=lambda pane: pane.pane_id)
FLEETS = st.lists(st.sampled_from(("main", "cx", "new")), min_size=1, max_size=3, unique=True).map(
    lambda names: FleetSpec("shop", tuple(WindowSpec(name, "claude") for name in names))
)
PLACE = Place("shop", "key", ("/p",))


def plans(listing: list[FleetPane], spec: FleetSpec) -> list[Plan]:
    return [
        plan_spawn(spec, listing, PLACE, "/p"),
        plan_sync(spec, listing, PLACE, "/p"),
        plan_sync(spec, listing, PLACE, "/p", apply=True),
        plan_reset(spec, listing, PLACE, "/p"),
        plan_teardown(listing, PLACE, "/p"),
        *(plan_kill(listing, PLACE, "/p", name) for name in ("main", "cx", "%1", "")),
    ]


def is_surely_ours(pane: FleetPane, fleet_id: str = OURS) -> bool:
    marked = pane.managed == fleet_id or (not pane.managed and pane.made == fleet_id)
    return marked and not pane.dock and pane.session == "shop"


@given(LISTINGS, FLEETS)
def test_nothing_foreign_is_ever_restarted_or_removed(
    listing: list[FleetPane], spec: FleetSpec
) -> None:
    for plan in plans(listing, spec):
        for step in plan.steps:
            if step.do in (RESTART, REMOVE) or (step.do != LEAVE and step.pane):
                assert step.pane
                assert is_surely_ours(step.pane, plan.fleet_id)
                assert plan.fleet_id in (OURS, "shop-99999999")
        acted = [step.pane.pane_id for step in plan.steps if step.pane]
        assert len(acted) == len(set(acted))


@given(LISTINGS, FLEETS)
def test_doubt_refuses(listing: list[FleetPane], spec: FleetSpec) -> None:
    here = [pane for pane in listing if pane.session == "shop"]
    marks = {pane.mark for pane in here if pane.mark and not pane.dock}
    fleet_id = marks.pop() if len(marks) == 1 else ""
    own = [pane for pane in here if is_surely_ours(pane, fleet_id)]
    known = {pane.root for pane in own if pane.root}
    sure = fleet_id in (OURS, "shop-99999999") and known <= {"key"}
    for plan in plans(listing, spec)[1:]:
        if not sure:
            assert plan.refusal
        if plan.refusal:
            assert not plan.steps
    assert bool(plans(listing, spec)[0].refusal) == bool(here)


@given(LISTINGS, FLEETS)
def test_every_pane_of_the_session_is_in_exactly_one_part(
    listing: list[FleetPane], spec: FleetSpec
) -> None:
    here = of_session(listing, "shop")
    parts = part(spec, here, OURS)
    together = [
        *(pane for _, pane in parts.targets), *parts.stray, *parts.survivors
    ]  # fmt: skip
    assert sorted(together) == sorted(here)
    assert {window.name for window, _ in parts.targets} | {
        window.name for window in parts.missing
    } == {window.name for window in spec.windows}
    assert len(parts.targets) + len(parts.missing) == len(spec.windows)


@given(LISTINGS, FLEETS)
def test_a_teardown_and_a_kill_leave_windows_that_are_shared(
    listing: list[FleetPane], spec: FleetSpec
) -> None:
    here = of_session(listing, "shop")
    for plan in plans(listing, spec)[4:]:
        for step in plan.to(REMOVE):
            assert step.pane
            for other in here:
                if other.window_id == step.pane.window_id:
                    assert other.dock or is_surely_ours(other, plan.fleet_id)
        if plan.verb == "kill" and plan.to(REMOVE):
            assert len({pane.window_id for pane in here}) > 1


@given(LISTINGS, LISTINGS, FLEETS, FLEETS)
def test_a_run_does_nothing_that_was_not_confirmed(
    before: list[FleetPane], after: list[FleetPane], old: FleetSpec, new: FleetSpec
) -> None:
    for was, now in zip(plans(before, old), plans(after, new), strict=True):
        both = confirmed(was, now)
        seen = {(step.do, step.window, step.pane and step.pane.pane_id) for step in was.steps}
        for step in both.plan.steps:
            assert (step.do, step.window, step.pane and step.pane.pane_id) in seen
            assert step in now.steps
        assert set(both.new) | {s for s in both.plan.steps if s.do != LEAVE} == {
            step for step in now.steps if step.do != LEAVE
        }
        assert confirmed(now, now).new == confirmed(now, now).gone == ()


@given(LISTINGS)
def test_a_fleet_is_found_in_its_own_session_only(listing: list[FleetPane]) -> None:
    found, reason = find_fleet(listing, PLACE)
    assert bool(found) != bool(reason)
    elsewhere = [pane for pane in listing if pane.session != "shop"]
    assert find_fleet(elsewhere, PLACE) == ("", "no-session")
    assert find_fleet(listing, PLACE) == find_fleet(list(reversed(listing)), PLACE)


@given(FLEETS)
def test_a_spawn_adds_every_window_in_order(spec: FleetSpec) -> None:
    plan = plan_spawn(spec, [], PLACE, "/p")
    assert [(step.do, step.window) for step in plan.steps] == [
        (ADD, window.name) for window in spec.windows
    ]
