"""Two hosts with real session servers on each, and a real server between them."""

from __future__ import annotations

import json
import statistics
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from helpers.capabilities import needs
from helpers.carriers import prepare
from helpers.fakes import ALICE, BOB, CAROL
from helpers.nats_server import NatsServer, nats_server
from helpers.waiting import until
from helpers.wire import ServerProcess
from oxtail.core.names import hash32
from oxtail.store.nats.settings import Engine

pytestmark = [needs("nats"), pytest.mark.slow]

REMOTE = "https://example.org/team/tool.git"
ASKS = 20


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[NatsServer]:
    with nats_server(tmp_path / "nats") as running:
        prepare(Engine((running.url,)))
        yield running


class Hosts:
    """Homes with a clone of one repository each, and servers in them."""

    def __init__(self, folder: Path, url: str, stack: ExitStack) -> None:
        self._folder = folder
        self._url = url
        self._stack = stack

    def home(self, name: str) -> Path:
        home = self._folder / name
        if not home.exists():
            clone = home / "clone"
            clone.mkdir(parents=True)
            for words in (["init", "-q"], ["remote", "add", "origin", REMOTE]):
                subprocess.run(["git", *words], cwd=clone, check=True)
        return home

    def start(self, name: str, session_id: str) -> ServerProcess:
        home = self.home(name)
        environ = {
            "CLAUDECODE": "1",
            "CLAUDE_CODE_SESSION_ID": session_id,
            "OXTAIL_NATS_URL": self._url,
        }
        server = ServerProcess(home, cwd=home / "clone", env=environ)
        self._stack.enter_context(server)
        server.handshake("claude-code")
        return server

    def state(self, name: str) -> dict[str, Any]:
        path = self.home(name) / ".oxtail" / "nats" / "state.json"
        try:
            found: dict[str, Any] = json.loads(path.read_text())
        except (FileNotFoundError, ValueError):
            return {}
        return found


@pytest.fixture
def hosts(tmp_path: Path, engine: NatsServer) -> Iterator[Hosts]:
    with ExitStack() as stack:
        yield Hosts(tmp_path, engine.url, stack)


def peers(server: ServerProcess) -> dict[str, dict[str, Any]]:
    rows = server.call("list_project_sessions")["sessions"]
    return {row["client_session_id"]: row for row in rows if row["client_session_id"]}


def see(server: ServerProcess, session_id: str) -> None:
    until(lambda: peers(server).get(session_id, {}).get("seen_lately"), within=20)


@pytest.fixture
def pair(hosts: Hosts) -> tuple[ServerProcess, ServerProcess]:
    """Alice on one host and Bob on the other, who know of each other."""
    alice, bob = hosts.start("a", ALICE), hosts.start("b", BOB)
    see(alice, BOB)
    see(bob, ALICE)
    return alice, bob


def mail(server: ServerProcess) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []

    def look() -> bool:
        found.extend(server.call("read_my_messages")["messages"])
        return bool(found)

    until(look, within=15)
    return found


def answering(server: ServerProcess) -> Callable[[], None]:
    def answer() -> None:
        (question,) = mail(server)
        server.call("reply_to_message", message_id=question["id"], body="yes")

    return answer


def status(server: ServerProcess, message_id: str) -> dict[str, Any]:
    return server.call("message_status", message_id=message_id)


def asked_ms(asker: ServerProcess, target: str, answer: Callable[[], None]) -> float:
    began = time.monotonic()
    call = asker.start_call("ask_peer", target=target, body="ready?", timeout_ms=30_000)
    answer()
    result = asker.result_of(call, within=30)
    assert result["reply"]["body"] == "yes", result
    assert result["correlation"] == "correlated"
    return (time.monotonic() - began) * 1000


def test_sessions_of_both_hosts_are_listed_with_their_host(
    pair: tuple[ServerProcess, ServerProcess],
) -> None:
    alice, bob = pair
    assert "host" not in peers(alice)[ALICE]
    assert peers(alice)[BOB]["host_id"] != peers(bob)[ALICE]["host_id"]


def test_a_question_is_answered_across_hosts(
    pair: tuple[ServerProcess, ServerProcess], hosts: Hosts, record_testsuite_property: Any
) -> None:
    alice, bob = pair
    carol = hosts.start("a", CAROL)
    far = statistics.median(asked_ms(alice, BOB, answering(bob)) for _ in range(ASKS))
    near = statistics.median(asked_ms(alice, CAROL, answering(carol)) for _ in range(ASKS))
    record_testsuite_property("ask_ms", f"{far:.1f} across hosts, {near:.1f} on one")


def test_a_reply_by_id_goes_back_to_the_host_that_sent(
    pair: tuple[ServerProcess, ServerProcess],
) -> None:
    alice, bob = pair
    sent = alice.call("send_message", target=BOB, body="there")
    assert sent["stored"] is True
    assert set(sent["remote"]) == {"host_id", "host"}
    (got,) = mail(bob)
    assert (got["id"], got["body"]) == (sent["message_id"], "there")
    answer = bob.call("reply_to_message", message_id=got["id"], body="back")
    assert answer["remote"]["host_id"] != sent["remote"]["host_id"]
    assert [message["body"] for message in mail(alice)] == ["back"]


def test_receipts_travel_back(pair: tuple[ServerProcess, ServerProcess]) -> None:
    alice, bob = pair
    sent = alice.call("send_message", target=BOB, body="there")["message_id"]
    until(lambda: status(alice, sent)["status"] == "carried", within=15)
    mail(bob)
    until(lambda: status(alice, sent)["status"] == "shown", within=15)


def test_work_is_delegated_and_closed_across_hosts(
    pair: tuple[ServerProcess, ServerProcess],
) -> None:
    alice, bob = pair
    sent = alice.call("send_message", target=BOB, body="do", action_required=True)
    assert sent["obligation_durable"] is True
    until(lambda: bob.call("my_open_work")["open"], within=15)
    done = bob.call("complete_work", message_id=sent["message_id"], body="42")
    assert done["obligation_state"] == "done"
    assert [message["body"] for message in mail(alice)] == ["42"]
    assert status(alice, sent["message_id"])["status"] == "answered"


def test_a_session_that_nobody_knows_there_is_refused_and_its_sender_told(
    pair: tuple[ServerProcess, ServerProcess], hosts: Hosts
) -> None:
    alice, bob = pair
    bob.__exit__(None, None, None)
    # The server that comes next finds what is left of the first, and remembers its session.
    hosts.start("b", CAROL)
    see(alice, CAROL)
    (hosts.home("b") / ".oxtail" / "known" / f"{hash32(BOB)}.json").unlink()
    sent = alice.call("send_message", target=BOB, body="gone?")["message_id"]
    until(lambda: status(alice, sent)["status"] == "refused", within=20)


def test_mail_waits_while_the_engine_is_down_and_arrives_in_order_later(
    pair: tuple[ServerProcess, ServerProcess], hosts: Hosts, engine: NatsServer
) -> None:
    alice, bob = pair
    engine.kill()
    until(lambda: hosts.state("a").get("connected") is False, within=20)
    for number in range(3):
        sent = alice.call("send_message", target=BOB, body=str(number))
        assert sent["stored"] is True
        assert "It waits now" in sent["note"]
        assert status(alice, sent["message_id"])["status"] == "stored"
    engine.start()
    until(lambda: hosts.state("a").get("connected"), within=40)
    got: list[str] = []
    until(
        lambda: (
            got.extend(m["body"] for m in bob.call("read_my_messages")["messages"]) or len(got) == 3
        ),
        within=40,
    )
    assert got == ["0", "1", "2"]


def test_another_server_of_the_host_takes_over_the_carrying(
    pair: tuple[ServerProcess, ServerProcess], hosts: Hosts
) -> None:
    alice, bob = pair
    carol = hosts.start("a", CAROL)
    see(bob, CAROL)
    alice.process.kill()
    alice.process.wait(5)
    sent = carol.call("send_message", target=BOB, body="after")["message_id"]
    assert [message["id"] for message in mail(bob)] == [sent]
