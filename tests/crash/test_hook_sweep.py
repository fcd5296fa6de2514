"""A hook that is killed at any step loses no mail, and the next one shows what was not shown.

What was printed completely may come again, with the same id; what was not is still there.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from helpers.crashes import deaths
from helpers.hooking import Hooked
from helpers.stores import BOB
from oxtail.core.names import session_box
from oxtail.hooks import command

pytestmark = pytest.mark.forks

TEXTS = ("one", "two", "three")
BOX = session_box(BOB)
SHOWN = re.compile(rb"message_id=([0-9a-f]{16})")

Start = Callable[[], None]


def run(hooked: Hooked, event: str, client: str, output: Path, start: Start) -> None:
    """Do in this process what the script starts Python for."""
    payload = hooked.user_home / "payload"
    payload.write_bytes(hooked.payload(event))
    os.environ.update(hooked.environ(client), OXTAIL_FSYNC="on")
    os.dup2(os.open(payload, os.O_RDONLY), 0)
    os.dup2(os.open(output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), 1)
    start()
    command.main([event, client, "seen", ""])


def printed(output: Path) -> set[str]:
    """Return the ids that a client would take out of *output*: half a line is no JSON."""
    data = output.read_bytes() if output.exists() else b""
    return {each.decode() for each in SHOWN.findall(data)} if data.endswith(b"\n") else set()


@pytest.mark.slow
@pytest.mark.parametrize(("event", "client"), [("PostToolUse", "claude"), ("Stop", "codex")])
def test_nothing_is_lost(tmp_path: Path, event: str, client: str) -> None:
    count = 0
    ids: list[str] = []

    def prepare() -> tuple[Hooked, Path]:
        nonlocal count
        count += 1
        folder = tmp_path / str(count)
        folder.mkdir()
        hooked = Hooked(folder)
        hooked.link()
        ids[:] = [hooked.mail(text) for text in TEXTS]
        return hooked, folder / "output"

    def work(world: tuple[Hooked, Path], start: Start) -> None:
        run(world[0], event, client, world[1], start)

    for (hooked, output), where in deaths(prepare, work):
        shown = printed(output)
        unread = {message.id for message in hooked.store.peek([BOX]).messages}
        receipts = {each for each in ids if hooked.via(each)}
        assert shown | unread == set(ids), where
        assert receipts <= shown, where

        text = hooked.run(event, client).text
        again = set(re.findall(r"message_id=([0-9a-f]{16})", text))
        assert again == unread, where
        assert hooked.unread() == [], where
        assert {hooked.via(each) for each in ids} == {"hook"}, where
    assert count > 60
