"""Registry entries: their form, and files that are none."""

from __future__ import annotations

import re
from typing import Any

import pytest

from oxtail.core import codec
from oxtail.core.entry import OURS, Capabilities, Client, Entry, State, from_dict
from oxtail.core.names import session_box
from oxtail.errors import DamagedRecord

SID = "11111111-1111-4111-8111-111111111111"
ENTRY = Entry(
    server_pid=77,
    started_at=1_780_000_000,
    client=Client("codex", SID, "/t.jsonl", "env", "/w"),
    proc_sig="Sun Nov 22 18:18:00 2026",
    tmux_pane="%3",
    tmux_session="main",
    state=State("review", 5),
    capabilities=OURS,
    name="ann",
    start_token="1:2",
    doors=("codex-queue",),
    project="0a" * 16,
)


def members(**changes: Any) -> dict[str, Any]:
    return {**ENTRY.as_dict(), **changes}


def client(**changes: Any) -> dict[str, Any]:
    return members(client={**ENTRY.client._asdict(), **changes})


def test_an_entry_survives_its_file():
    assert from_dict(codec.decode(codec.encode_pretty(ENTRY.as_dict())), 77) == ENTRY


def test_members_stand_in_protocol_order_with_ours_after_them():
    assert list(ENTRY.as_dict()) == [
        "server_pid",
        "started_at",
        "proc_sig",
        "client",
        "tmux_pane",
        "tmux_session",
        "state",
        "capabilities",
        "mailbox_key",
        "name",
        "start_token",
        "doors",
        "project",
    ]


def test_shell_hooks_find_the_session_and_its_box_on_lines_of_their_own():
    text = codec.encode_pretty(ENTRY.as_dict()).decode()
    assert re.search(rf'^\s*"mailbox_key": "{session_box(SID)}",?$', text, re.MULTILINE)
    assert re.search(rf'"session_id"\s*:\s*"{SID}"', text)


def test_mail_for_a_session_keyed_peer_goes_to_its_session_box():
    assert ENTRY.box == session_box(SID)


@pytest.mark.parametrize(
    "entry",
    [
        ENTRY._replace(capabilities=Capabilities(reply_to=True)),
        ENTRY._replace(client=ENTRY.client._replace(session_id=None)),
    ],
)
def test_mail_for_an_old_or_unclaimed_peer_goes_to_its_process_box(entry: Entry):
    assert entry.box == "77"


@pytest.mark.parametrize(
    "poison",
    [
        None,
        [],
        "x",
        5,
        {},
        members(server_pid="77"),
        members(server_pid=True),
        members(server_pid=None),
        members(started_at="x"),
        members(started_at=None),
        members(started_at=False),
        members(started_at=float("inf")),
        members(client=None),
        members(client=[]),
        client(session_id=5),
        client(cwd=None),
        client(cwd=["/"]),
    ],
)
def test_a_file_that_is_no_entry_is_damage(poison: object):
    with pytest.raises(DamagedRecord):
        from_dict(poison, 77)


def test_an_entry_that_borrows_another_process_is_told_apart():
    with pytest.raises(DamagedRecord) as caught:
        from_dict(members(), 78)
    assert caught.value.fields == {"forged": True}


@pytest.mark.parametrize(
    "changes",
    [
        {"state": []},
        {"state": {"purpose": 5}},
        {"capabilities": None},
        {"capabilities": {"mailbox": []}},
        {"capabilities": {"mailbox": {"reply_to": 1}}},
        {"tmux_pane": 3},
        {"name": {}},
        {"doors": "x"},
        {"doors": [None, 3]},
        {"proc_sig": 5},
        {"project": 5},
        {"project": "0A" * 16},
        {"project": "0a" * 17},
    ],
)
def test_a_member_that_only_enriches_counts_as_absent_when_malformed(changes: dict[str, Any]):
    entry = from_dict(members(**changes), 77)
    name = next(iter(changes))
    assert getattr(entry, name) in (None, (), Capabilities())


def test_an_old_entry_has_no_capabilities_and_no_signature():
    old = members()
    ours = ("name", "start_token", "doors", "project")
    for name in ("proc_sig", "capabilities", "mailbox_key", *ours):
        del old[name]
    entry = from_dict(old, 77)
    assert (entry.proc_sig, entry.capabilities, entry.box) == (None, Capabilities(), "77")
    assert "proc_sig" not in entry.as_dict()


def test_an_empty_session_id_is_none_and_an_unknown_client_is_unknown():
    entry = from_dict(client(session_id="", type=["codex"]), 77)
    assert (entry.session_id, entry.client.type) == (None, "unknown")


def test_texts_from_other_processes_are_bounded():
    entry = from_dict(
        members(name="n" * 999, state={"purpose": "p" * 999, "updated_at": 1}, doors=["d"] * 99), 77
    )
    assert entry.state
    assert (len(entry.name or ""), len(entry.state.purpose or ""), len(entry.doors)) == (64, 200, 8)
