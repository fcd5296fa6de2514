"""What a host says of its sessions to the others of its group, and under which project."""

from __future__ import annotations

import pytest

from helpers.delegating import inbox
from helpers.fakes import ALICE, BOB, CAROL
from helpers.hosts import Between, MemoryHost
from oxtail.app.context import Context
from oxtail.app.group import send_many
from oxtail.app.identity import set_purpose
from oxtail.app.peers import list_peers
from oxtail.app.send import reply, send
from oxtail.core.names import hash32, named_project_key
from oxtail.core.remote import RemoteSession
from oxtail.errors import CrossProject, TargetNotFound

OURS = named_project_key("ours")


class Two:
    """Alice and Carol on one host, Bob on another; Alice and Bob have named their project."""

    def __init__(self) -> None:
        self.here, self.there = MemoryHost("a"), MemoryHost("b")
        self.alice = self.here.session(ALICE, name="alice", cwd="/x", project=OURS)
        self.carol = self.here.session(CAROL, name="carol", cwd="/x")
        self.bob = self.there.session(BOB, name="bob", cwd="/y", project=OURS)
        self.between = Between(self.here, self.there)


@pytest.fixture
def two() -> Two:
    return Two()


def said(host: MemoryHost) -> dict[str, RemoteSession]:
    return {each.session_id: each for each in host.open().describe().sessions}


def elsewhere(ctx: Context) -> list[str | None]:
    return [row.client_session_id for row in list_peers(ctx).rows if row.host]


def test_a_name_is_that_of_the_sessions_that_were_given_it(two: Two) -> None:
    """The host has many sessions, and one carrier: it is not the carrier that names projects."""
    assert {name: each.project for name, each in said(two.here).items()} == {
        ALICE: OURS,
        CAROL: hash32("/x"),
    }
    assert (elsewhere(two.alice), elsewhere(two.carol), elsewhere(two.bob)) == ([BOB], [], [ALICE])
    with pytest.raises(CrossProject):
        send(two.carol, BOB, "psst")
    with pytest.raises(CrossProject):
        send(two.bob, CAROL, "psst")


def test_mail_within_a_named_project_arrives_and_is_answered(two: Two) -> None:
    send(two.bob, "alice", "hello")
    two.between.carry()
    (got,) = inbox(two.alice).messages
    reply(two.alice, got.id, "and you")
    send_many(two.alice, "all", "everybody")
    two.between.carry()
    assert [message.body for message in inbox(two.bob).messages] == ["and you", "everybody"]


def test_a_session_that_has_ended_is_still_of_its_named_project(two: Two) -> None:
    two.alice.session.close()
    two.between.meet()
    assert (said(two.here)[ALICE].project, said(two.here)[ALICE].is_live) == (OURS, False)
    send(two.bob, ALICE, "for later")
    two.between.carry()
    assert two.there.world.store.has_mail("x-" + "a" * 16) is False
    again = two.here.session(ALICE, cwd="/x", project=OURS)
    assert [message.body for message in inbox(again).messages] == ["for later"]


def test_of_a_project_that_no_other_host_can_share_only_ids_are_said(two: Two) -> None:
    secret = two.here.session("secret", name="taxes", cwd="/private/taxes")
    set_purpose(secret, "find out how much I owe")
    two.here.world.presence.write("secret", "busy")
    assert said(two.here)["secret"] == RemoteSession("secret")
    two.between.meet()
    assert "secret" not in elsewhere(two.bob)
    for target in ("secret", "taxes"):
        with pytest.raises((CrossProject, TargetNotFound)):
            send(two.bob, target, "hello")
    secret.session.close()
    assert "secret" not in said(two.here)


def test_a_program_that_is_not_listed_is_remembered_with_its_named_project(two: Two) -> None:
    two.here.session("script", cwd="/x", project=OURS, announced=False)
    assert (said(two.here)["script"].project, said(two.here)["script"].is_live) == (OURS, False)


def test_a_folder_is_looked_into_once_however_many_sessions_were_in_it(
    two: Two, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(5):
        two.here.session(f"s{number}", cwd="/x").session.close()
    carrier = two.here.open()
    asked: list[str] = []
    projects = carrier._ctx.projects
    real = projects.key
    monkeypatch.setattr(projects, "key", lambda path: asked.append(path) or real(path))
    assert len(carrier.describe().sessions) == 7
    assert asked == ["/x"]
    carrier.describe()
    assert asked == ["/x", "/x"], "a remote may have been set meanwhile"
