"""``oxtail cockpit --web``: who is let in, what is served, and that all of it ends."""

from __future__ import annotations

import asyncio
import json
import os
import re
import socket
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import aiohttp
import pytest

from helpers.command import python_peer
from helpers.waiting import until
from oxtail.cockpit.web import LOOPBACK, CockpitServer
from oxtail.cockpit.web_page import page

ME = "aaaaaaaa-0000-4000-8000-000000000001"
TOKEN = "a-token-that-nobody-knows"


def serving(visit) -> None:
    """Serve, and let *visit* come with the server and a client."""

    async def scene():
        with socket.socket() as listener:
            listener.bind((LOOPBACK, 0))
            server = CockpitServer(["true"], listener.getsockname()[1], TOKEN)
            told = asyncio.Event()
            serving = asyncio.create_task(server.listen(listener, lambda _address: told.set()))
            await asyncio.wait_for(told.wait(), 10)
            async with aiohttp.ClientSession() as client:
                await visit(server, client)
            serving.cancel()
            with suppress(asyncio.CancelledError):
                await serving

    asyncio.run(scene())


def test_who_does_not_name_the_token_is_refused_whatever_is_asked_for():
    async def visit(server, client):
        base = server.address.removesuffix(f"{TOKEN}/")
        for path in ("", "ws", "static/js/textual.js", "nothing", f"x{TOKEN}/", f"{TOKEN[:-1]}/",
                     f"static/{TOKEN}/", f"?{TOKEN}", f"%2e/{TOKEN}x/ws"):  # fmt: skip
            async with client.get(base + path) as answer:
                assert answer.status == 403, path
                assert TOKEN not in await answer.text()
        for method in ("post", "put", "delete", "options", "head"):
            async with getattr(client, method)(base) as answer:
                assert answer.status == 403, method

    serving(visit)


@pytest.mark.parametrize(
    "headers",
    [{"Host": "evil.example"}, {"Host": "localhost"}, {"Origin": "http://evil.example"},
     {"Origin": "null"}],
)  # fmt: skip
def test_a_page_of_another_site_is_refused_even_with_the_token(headers):
    async def visit(server, client):
        for path in ("", "ws", "static/js/textual.js"):
            async with client.get(server.address + path, headers=headers) as answer:
                assert answer.status == 403
        with pytest.raises(aiohttp.WSServerHandshakeError) as caught:
            async with client.ws_connect(server.address + "ws", headers=headers):
                pass
        assert caught.value.status == 403

    serving(visit)


def test_the_page_loads_nothing_of_other_hosts_and_tells_its_address_to_nobody():
    async def visit(server, client):
        async with client.get(server.address) as answer:
            assert answer.status == 200
            text = await answer.text()
            headers = answer.headers
        assert headers["Referrer-Policy"] == "no-referrer"
        assert headers["Cache-Control"] == "no-store"
        assert "default-src 'none'" in headers["Content-Security-Policy"]
        assert "unsafe-eval" not in headers["Content-Security-Policy"]
        links = re.findall(r'(?:src|href)="([^"]*)"', text)
        assert len(links) == 3
        for link in links:
            assert ":" not in link
            async with client.get(server.address + link) as answer:
                assert answer.status == 200, link
        async with client.get(server.address + "static/") as answer:
            assert answer.status == 403
        assert re.findall(r"//([^/\"]*)", text) == [f"{LOOPBACK}:{server.port}"]

    serving(visit)


@pytest.mark.parametrize("asked", ["20", "4", "999", "x", "-5", "٣٣", '"><b>'])
def test_only_a_size_is_taken_for_a_size(asked):
    async def visit(server, client):
        async with client.get(server.address, params={"fontsize": asked}) as answer:
            assert f'data-font-size="{20 if asked == "20" else 16}"' in await answer.text()

    serving(visit)


def test_a_title_is_no_markup():
    assert "<b>" not in page("<b>", "ws://x")


def children(pid: int) -> list[int]:
    found = []
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                fields = Path(f"/proc/{name}/stat").read_text().rsplit(")", 1)[1].split()
            except OSError:
                continue
            if int(fields[1]) == pid and fields[0] != "Z":
                found.append(int(name))
    return found


def is_there(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


async def _watch(address: str, word: bytes, key: str = "") -> bytes:
    """Return what a page has shown once *word* is among it."""
    seen = b""
    url = address + "ws?width=80&height=24"
    async with aiohttp.ClientSession() as client, client.ws_connect(url) as connection:
        while word not in seen:
            if key and b"Ctrl-C" in seen:
                await connection.send_json(["stdin", key])
                key = ""
            message = await connection.receive(timeout=60)
            assert message.type is aiohttp.WSMsgType.BINARY, message
            seen += message.data
    return seen


@pytest.mark.slow
@pytest.mark.skipif(not os.path.isdir("/proc/self"), reason="needs procfs")
def test_a_browser_sees_the_fleet_reads_only_and_every_cockpit_ends(tmp_path, monkeypatch):
    (tmp_path / "project" / ".git").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "project")
    command = [sys.executable, "-m", "oxtail", "cockpit", "--web", "--json", "--no-doctor"]
    with python_peer("alice", ME), subprocess.Popen(command, stdout=subprocess.PIPE) as server:
        try:
            assert server.stdout
            address = json.loads(server.stdout.readline())["result"]["address"]
            assert address.startswith(f"http://{LOOPBACK}:")
            seen = asyncio.run(_watch(address, b"only reads", key="m"))
            assert b"alice" in seen
            until(lambda: not children(server.pid))

            url = address + "ws"

            async def leave_it_open():
                async with aiohttp.ClientSession() as client, client.ws_connect(url) as connection:
                    await connection.receive(timeout=60)
                    (cockpit,) = children(server.pid)
                    server.kill()
                    return cockpit

            cockpit = asyncio.run(leave_it_open())
            until(lambda: not is_there(cockpit))
        finally:
            server.kill()
