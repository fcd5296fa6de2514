"""Who is meant by a target."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest

from oxtail.core.address import TARGET_MAX_CHARS, Route, resolve, route_to, route_to_known
from oxtail.core.entry import OURS, Capabilities, Client, Entry, Known
from oxtail.core.names import session_box
from oxtail.errors import (
    AmbiguousTarget,
    BadArgument,
    CrossProject,
    SelfSend,
    TargetError,
    TargetNotFound,
)

A = "aaaaaaaa-aaaa-4aaa-8aaa-aaaaaaaaaaaa"
B = "bbbbbbbb-bbbb-4bbb-8bbb-bbbbbbbbbbbb"
C = "cccccccc-cccc-4ccc-8ccc-cccccccccccc"
HERE, ELSEWHERE = "/here", "/elsewhere"


def entry(
    pid: int,
    session_id: str | None = None,
    *,
    name: str | None = None,
    tmux: str | None = None,
    cwd: str = HERE,
) -> Entry:
    client = Client("codex", session_id, None, None, cwd)
    return Entry(pid, 1, client, tmux_session=tmux, name=name, capabilities=OURS)


def known(
    session_id: str, *, name: str | None = None, cwd: str = HERE, last_seen: int = 1
) -> Known:
    return Known(session_id, name, "codex", cwd, last_seen)


ME = entry(1, A, name="me", tmux="main")


def find(
    target: str,
    *entries: Entry,
    known: Sequence[Known] = (),
    me: Entry = ME,
    in_project: Callable[[str], bool] = lambda cwd: cwd == HERE,
) -> Entry | Known:
    return resolve(target, me, (me, *entries), known, in_project)


@pytest.mark.parametrize("target", [B, "bob", "work"])
def test_a_peer_answers_to_its_id_its_name_and_its_tmux_session(target: str):
    bob = entry(2, B, name="bob", tmux="work")
    assert find(target, bob, entry(3, C)) is bob


def test_an_id_of_any_shape_is_a_target():
    odd = entry(2, "naïve/sess🦊")
    assert find("naïve/sess🦊", odd) is odd
    assert find(B.upper(), upper := entry(3, B.upper())) is upper


def test_names_match_whole_and_exactly():
    with pytest.raises(TargetNotFound):
        find("foo", entry(2, B, name="foobar", tmux="foobar"), entry(3, C, name="Foo"))


def test_an_id_goes_before_a_name_and_a_name_before_a_tmux_session():
    by_id, by_name = entry(2, "x"), entry(3, B, name="x")
    by_tmux = entry(4, C, tmux="x")
    assert find("x", by_tmux, by_name, by_id) is by_id
    assert find("x", by_tmux, by_name) is by_name
    assert find("x", by_tmux) is by_tmux


def test_a_target_in_uuid_shape_is_only_ever_an_id():
    with pytest.raises(TargetNotFound):
        find(B, entry(2, C, name=B, tmux=B), known=[known("x", name=B)])


def test_a_name_shared_with_one_peer_means_the_peer():
    peer = entry(2, B, tmux="main")
    assert find("main", peer) is peer


def test_a_sole_unclaimed_peer_is_a_target():
    peer = entry(2, tmux="main")
    assert find("main", peer) is peer


def test_a_name_of_mine_does_not_hide_a_peer_in_a_tmux_session_of_that_name():
    peer = entry(2, B, tmux="me")
    assert find("me", peer) is peer


@pytest.mark.parametrize("target", [A, "me", "main"])
def test_only_the_caller_answering_is_a_self_send(target: str):
    with pytest.raises(SelfSend):
        find(target, entry(2, B))


def test_the_caller_is_known_by_process_and_by_session():
    sibling = entry(9, A, tmux="side")
    unclaimed = entry(5, None, tmux="lone")
    with pytest.raises(SelfSend):
        resolve("main", ME, (), (), lambda _: True)
    with pytest.raises(SelfSend):
        resolve("lone", unclaimed, (unclaimed,), (), lambda _: True)
    with pytest.raises(TargetNotFound):
        find("side", sibling)
    with pytest.raises(SelfSend):
        find(A, sibling)


def test_two_sessions_without_id_are_two():
    me, peer = entry(1, None, tmux="t"), entry(2, None, tmux="t")
    assert find("t", peer, me=me) is peer


def test_several_peers_are_ambiguous_and_their_ids_are_told():
    with pytest.raises(AmbiguousTarget) as caught:
        find("t", entry(3, C, tmux="t"), entry(2, B, tmux="t"))
    assert caught.value.fields == {"candidates": [B, C]}


def test_unclaimed_peers_are_told_of_by_number_and_never_by_process():
    with pytest.raises(AmbiguousTarget) as caught:
        find("t", entry(223, tmux="t"), entry(224, tmux="t"), entry(225, B, tmux="t"))
    assert caught.value.fields["candidates"] == [B]
    note = str(caught.value.fields["note"])
    assert note.startswith("2 ")
    assert "'t'" in note
    assert "22" not in note


def test_a_peer_of_another_project_is_refused():
    with pytest.raises(CrossProject):
        find(B, entry(2, B, cwd=ELSEWHERE))


def test_sessions_elsewhere_are_not_counted_and_not_told():
    outside = entry(3, C, name="bob", cwd=ELSEWHERE)
    bob = entry(2, B, name="bob")
    assert find("bob", outside, bob) is bob
    with pytest.raises(CrossProject) as caught:
        find("bob", outside, entry(4, B, name="bob", cwd=ELSEWHERE))
    assert caught.value.fields == {}


def test_no_error_tells_an_id_of_another_project():
    outside = [entry(3, C, tmux="t", cwd=ELSEWHERE), entry(4, tmux="t", cwd=ELSEWHERE)]
    for inside in ((), (entry(5, B, tmux="t"), entry(6, "d", tmux="t"))):
        with pytest.raises(TargetError) as caught:
            find("t", *outside, *inside)
        assert C not in str(caught.value.fields) + caught.value.message


def test_a_name_found_only_elsewhere_gives_way_to_a_tmux_session_here():
    here = entry(2, B, tmux="x")
    assert find("x", entry(3, C, name="x", cwd=ELSEWHERE), here) is here


@pytest.mark.parametrize("target", ["", "x" * (TARGET_MAX_CHARS + 1)])
def test_an_empty_or_oversized_target_is_a_bad_argument(target: str):
    with pytest.raises(BadArgument) as caught:
        find(target)
    assert caught.value.fields == {"field": "target"}


def test_nobody_is_not_found():
    with pytest.raises(TargetNotFound):
        find("nobody", entry(2, B, name="bob"))


@pytest.mark.parametrize("target", [B, "bob"])
def test_a_session_that_may_come_back_is_found_by_id_and_name(target: str):
    gone = known(B, name="bob")
    assert find(target, entry(3, C), known=[known(C, name="cat"), gone]) == gone


def test_a_running_session_goes_before_one_that_may_come_back():
    running = entry(2, C, name="bob")
    assert find("bob", running, known=[known(B, name="bob")]) is running


def test_the_freshest_record_of_one_session_counts():
    older, newer = known(B, name="bob", last_seen=1), known(B, name="bob", last_seen=2)
    assert find("bob", known=[newer, older]) == newer


def test_two_returning_sessions_of_one_name_are_ambiguous():
    with pytest.raises(AmbiguousTarget) as caught:
        find("bob", known=[known(C, name="bob"), known(B, name="bob", last_seen=9)])
    assert caught.value.fields == {"candidates": [B, C]}


def test_a_session_that_runs_under_another_name_is_found_running():
    running = entry(2, B, name="robert")
    assert find("bob", running, known=[known(B, name="bob")]) is running


def test_a_returning_session_that_runs_in_another_project_by_now_is_refused():
    with pytest.raises(CrossProject):
        find("bob", entry(2, B, cwd=ELSEWHERE), known=[known(B, name="bob")])


@pytest.mark.parametrize("target", [A, "old-me"])
def test_a_returning_session_that_is_the_caller_is_a_self_send(target: str):
    with pytest.raises(SelfSend):
        find(target, known=[known(A, name="old-me")])


def test_a_returning_session_that_runs_in_the_callers_process_is_a_self_send():
    unclaimed = ME._replace(client=ME.client._replace(session_id=None))
    with pytest.raises(SelfSend):
        resolve(A, unclaimed, (ME,), (known(A),), lambda _: True)


def test_a_returning_session_elsewhere_is_refused_by_id_and_unknown_by_name():
    with pytest.raises(CrossProject):
        find(B, known=[known(B, name="bob", cwd=ELSEWHERE)])
    with pytest.raises(TargetNotFound):
        find("bob", known=[known(B, name="bob", cwd=ELSEWHERE)])


@pytest.mark.parametrize(
    ("session_id", "keyed", "box"),
    [(B, True, session_box(B)), (B, False, "2"), (None, True, "2"), (None, False, "2")],
)
def test_the_box_follows_what_the_peer_advertises(session_id: str | None, keyed: bool, box: str):
    peer = entry(2, session_id)._replace(capabilities=Capabilities(session_keyed=keyed))
    assert route_to(peer) == Route(box, session_id, 2)


def test_mail_for_a_returning_session_waits_in_its_session_box():
    assert route_to_known(known(B)) == Route(session_box(B), B, None)
