"""Which windows are docked, and whose the flip key is."""

from __future__ import annotations

import pytest

from oxtail.core.dock import (
    Binding,
    DockPane,
    DockSession,
    DockWindow,
    Flip,
    binding_of,
    flip_of,
    session_named,
)

MOUSE = "bind-key    -T root MouseDown1Pane   select-pane -t = \\; send-keys -M"
OURS = (
    'bind-key -T root C-] if-shell -F "#{@oxpit_cockpit}" '
    "\"if-shell -F '#{@oxpit_dock}' 'select-pane -U' 'select-pane -D'\" \"send-keys C-]\""
)
PANE = DockPane("$1", "repo", True, "@1", "1.2.3", 0, "%1", False)


def test_a_session_is_found_by_its_exact_name_and_its_windows_are_in_order() -> None:
    panes = (
        PANE._replace(session="repo-2", session_id="$2", window_id="@9"),
        PANE._replace(window_id="@2", window="b", window_index=7, pane_id="%5", has_strip=True),
        PANE._replace(window_id="@2", window="b", window_index=7, pane_id="%4"),
        PANE,
    )
    assert session_named(panes, "repo") == DockSession(
        "$1", "repo", True, (DockWindow("@1", "1.2.3", 0), DockWindow("@2", "b", 7, ("%5",)))
    )
    assert session_named(panes, "rep") is None


@pytest.mark.parametrize(
    ("table", "binding"),
    [
        (None, Binding.UNKNOWN),
        ("", Binding.FREE),
        (MOUSE, Binding.FREE),
        (f"{MOUSE}\n{OURS}", Binding.OURS),
        ("bind-key -r -T root C-] next-window", Binding.FOREIGN),
        ("bind-key -T root C-] display '#{@oxpit_dock}'", Binding.FOREIGN),
        ("bind-key -T root C-[ next-window", Binding.FREE),
        ("bind-key -T prefix C-] next-window", Binding.FREE),
    ],
)
def test_whose_the_flip_key_is(table: str | None, binding: Binding) -> None:
    assert binding_of(table) is binding


def test_only_our_own_binding_is_ever_changed() -> None:
    assert flip_of(Binding.FREE, wanted=True) == Flip("bind", True)
    assert flip_of(Binding.OURS, wanted=True) == Flip("bind", True)
    assert flip_of(Binding.OURS, wanted=False) == Flip("unbind", False)
    assert flip_of(Binding.FREE, wanted=False) == Flip("leave", False)
    assert flip_of(Binding.FOREIGN, wanted=False) == Flip("leave", False)
    for binding in (Binding.FOREIGN, Binding.UNKNOWN):
        flip = flip_of(binding, wanted=True)
        assert (flip.do, flip.works, bool(flip.warning)) == ("leave", False, True)
