"""The command hook and a policy: what a rule holds is not shown, and costs one look."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from helpers.fakes import CAROL, FakeClock
from helpers.hooking import Hooked
from helpers.stores import ALICE, BOB
from oxtail.core.codec import encode_pretty
from oxtail.core.entry import OURS, Client, Entry
from oxtail.core.names import held_box
from oxtail.core.policy import Policy, Rule
from oxtail.hooks import script
from oxtail.identity.process import current_owner
from oxtail.store.files.locks import Locks
from oxtail.store.files.policies import FilePolicies
from oxtail.store.memory.notices import MemoryNotices

PROJECT = "/a/project/of/nobody"


@pytest.fixture
def hooked(home: Path) -> Hooked:
    made = Hooked(home)
    made.home.mkdir(mode=0o700)
    made.link()
    return made


def set_policy(hooked: Hooked, *rules: Rule, project: str | None = None) -> None:
    locks = Locks(hooked.disk, 1.0, hooked.disk.trace)
    policies = FilePolicies(hooked.disk, FakeClock(), MemoryNotices(), locks)
    if project:
        policies.set_project(project, Policy(rules))
    else:
        policies.set_session(hooked.session_id, Policy(rules))


def joins(hooked: Hooked, session_id: str, name: str) -> None:
    """Let a session appear in the registry, with this very process as its server."""
    owner = current_owner()
    client = Client("codex", session_id, None, "env", PROJECT)
    entry = Entry(owner.pid, 1, client, "", capabilities=OURS, name=name)
    path = Path(hooked.disk.layout.entry(owner.pid))
    hooked.disk.folder(str(path.parent))
    path.write_bytes(encode_pretty(entry._replace(start_token=owner.start_token).as_dict()))


@pytest.mark.parametrize("event", ["UserPromptSubmit", "PostToolUse", "Stop"])
def test_held_mail_is_not_shown_and_the_next_hook_starts_no_python(
    hooked: Hooked, event: str
) -> None:
    set_policy(hooked, Rule(ALICE, "hold"))
    hooked.mail("from Alice")
    shown = hooked.mail("from Carol", from_session_id=CAROL)

    ran = hooked.run(event)

    assert "from Carol" in ran.text
    assert "from Alice" not in ran.text
    assert hooked.via(shown) == "hook"
    assert hooked.unread() == []
    assert hooked.unread(held_box(hooked.session_id)) == ["from Alice"]
    assert hooked.traced("hook_failed") == []
    hooked.script.write_text(script.render("/bin/false", "/dev/null"), encoding="utf-8")
    again = hooked.run(event)
    assert (again.status, again.out, again.err) == (0, b"", b"")


@pytest.mark.parametrize("who", ["builder", PROJECT, "*"])
def test_a_hook_knows_senders_by_name_and_project(hooked: Hooked, who: str) -> None:
    joins(hooked, ALICE, "builder")
    set_policy(hooked, Rule(who, "refuse"))
    hooked.mail("from Alice")

    assert hooked.run("PostToolUse").out == b""
    assert hooked.traced("hook_failed") == []
    assert hooked.unread(held_box(hooked.session_id)) == ["from Alice"]
    assert "is held" in json.dumps(
        (hooked.home / "notices.jsonl").read_text(encoding="utf-8").splitlines()
    )


def test_a_hook_knows_the_policy_of_the_project(hooked: Hooked) -> None:
    joins(hooked, BOB, "reviewer")
    set_policy(hooked, Rule(ALICE, "hold"), project=PROJECT)
    hooked.mail("from Alice")

    assert hooked.run("PostToolUse").out == b""
    assert hooked.traced("hook_failed") == []
    assert hooked.unread(held_box(hooked.session_id)) == ["from Alice"]


def test_a_damaged_policy_does_not_keep_mail(hooked: Hooked) -> None:
    set_policy(hooked, Rule(ALICE, "hold"))
    Path(hooked.disk.layout.session_policy(hooked.session_id)).write_text("{")
    hooked.mail("from Alice")

    assert "from Alice" in hooked.run("PostToolUse").text
    assert "policy-damaged" in (hooked.home / "notices.jsonl").read_text(encoding="utf-8")
