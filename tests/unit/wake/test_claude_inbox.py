from __future__ import annotations

import json
import os
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from helpers.fakes import FakeTrace
from oxtail.core.offer import Offer
from oxtail.core.wake import OFFERS
from oxtail.wake import claude_inbox
from oxtail.wake.claude_inbox import ClaudeInbox

TOKEN = "a-token-that-nobody-else-may-see"


class Client:
    """A client's inbox socket, which keeps what arrives."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "inbox.sock"
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.socket.bind(str(self.path))
        self.socket.listen()
        self.environ = {
            "CLAUDE_CODE_MESSAGING_SOCKET": str(self.path),
            "CLAUDE_CODE_MESSAGING_TOKEN": TOKEN,
        }

    def lines(self) -> list[dict[str, object]]:
        connection, _ = self.socket.accept()
        with connection, connection.makefile("rb") as file:
            return [json.loads(line) for line in file]


@pytest.fixture
def client(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Client]:
    folder = Path("/tmp") / f"oxi-{os.urandom(4).hex()}"  # a socket's path must be short
    folder.mkdir(mode=0o700)
    found = Client(folder)
    yield found
    found.socket.close()
    found.path.unlink(missing_ok=True)
    folder.rmdir()


def test_a_text_arrives_as_an_auth_line_and_a_user_message(client: Client) -> None:
    inbox = ClaudeInbox(client.environ)
    assert inbox.is_available()
    assert inbox.offer("mail 0123\nsecond line é \u2028 \ud800") == Offer("accepted")
    auth, message = client.lines()
    assert auth == {"type": "auth", "token": TOKEN}
    assert message["type"] == "user"
    content = message["message"]
    assert isinstance(content, dict)
    assert content["role"] == "user"
    assert content["content"].startswith("mail 0123\nsecond line é \u2028")


def test_without_a_token_there_is_no_auth_line(client: Client) -> None:
    del client.environ["CLAUDE_CODE_MESSAGING_TOKEN"]
    assert ClaudeInbox(client.environ).offer("x").outcome == "accepted"
    assert [line["type"] for line in client.lines()] == ["user"]


def test_no_variable_no_socket_and_a_plain_file_are_unavailable(tmp_path: Path) -> None:
    plain = tmp_path / "plain"
    plain.touch()
    for path in ("", str(tmp_path / "missing"), str(plain), "bad\0path", "/" + "x" * 300):
        inbox = ClaudeInbox({"CLAUDE_CODE_MESSAGING_SOCKET": path})
        assert not inbox.is_available()
        offer = inbox.offer("x")
        assert offer.outcome == "unavailable"
        assert offer.detail
    assert not ClaudeInbox({}).is_available()


def test_a_dead_socket_is_unavailable(client: Client) -> None:
    client.socket.close()
    assert ClaudeInbox(client.environ).offer("x").outcome == "unavailable"


def test_a_socket_of_another_user_is_told_nothing(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "getuid", lambda: 4711)
    inbox = ClaudeInbox(client.environ)
    assert not inbox.is_available()
    assert inbox.offer("x").outcome == "unavailable"


@pytest.mark.parametrize("policy", ["hold", "refuse"])
def test_a_user_who_holds_or_refuses_texts_is_posted_none(
    client: Client, tmp_path: Path, policy: str
) -> None:
    (tmp_path / "settings.json").write_text(json.dumps({"crossSessionInbound": policy}))
    inbox = ClaudeInbox({**client.environ, "CLAUDE_CONFIG_DIR": str(tmp_path)})
    assert not inbox.is_available()
    offer = inbox.offer("x")
    assert offer.outcome == "unavailable"
    assert policy in offer.detail
    client.socket.setblocking(False)
    with pytest.raises(BlockingIOError):
        client.socket.accept()
    (tmp_path / "settings.json").write_text("{}")
    assert inbox.is_available()


def test_a_client_that_takes_nothing_is_given_up_in_time(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(claude_inbox, "OFFER_SECONDS", 0.05)
    assert ClaudeInbox(client.environ).offer("x" * 900_000).outcome == "failed"


def test_a_client_that_takes_a_little_now_and_then_does_not_stretch_the_time(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(claude_inbox, "OFFER_SECONDS", 0.2)
    over = threading.Event()

    def sip() -> None:
        connection, _ = client.socket.accept()
        with connection:
            while not over.wait(0.03):
                connection.recv(65_536)

    thread = threading.Thread(target=sip)
    thread.start()
    offer = ClaudeInbox(client.environ).offer("x" * 990_000)
    over.set()
    thread.join(60)
    assert offer.outcome == "failed"


def test_a_client_that_hangs_up_is_a_failure(client: Client) -> None:
    def hang_up() -> None:
        connection, _ = client.socket.accept()
        connection.close()

    thread = threading.Thread(target=hang_up)
    thread.start()
    assert ClaudeInbox(client.environ).offer("x" * 900_000).outcome == "failed"
    thread.join(60)


def test_a_text_that_is_too_long_is_not_begun(client: Client) -> None:
    assert ClaudeInbox(client.environ).offer("x" * 2_000_000).outcome == "failed"
    client.socket.setblocking(False)
    with pytest.raises(BlockingIOError):
        client.socket.accept()


def test_the_token_is_in_no_trace_and_in_no_detail(client: Client) -> None:
    trace = FakeTrace()
    inbox = ClaudeInbox(client.environ, trace)
    offers = [inbox.offer("secret text")]
    client.lines()
    client.socket.close()
    offers.append(inbox.offer("secret text"))
    assert [one["outcome"] for one in trace.named("own_door_offered")] == [
        "accepted",
        "unavailable",
    ]
    said = repr((trace.events, offers, vars(inbox).keys()))
    assert TOKEN not in said
    assert "secret text" not in said
    assert {one.outcome for one in offers} <= set(OFFERS)
