"""``oxtail nats`` as people use it: prepare a server, start it, join, look."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from helpers.capabilities import needs
from helpers.command import oxtail, start
from helpers.nats_server import NatsServer, free_port, nats_server
from helpers.stores import RealClock, letter
from helpers.waiting import until
from oxtail.cli.doctor_carrier import examine
from oxtail.core.envelope import encode
from oxtail.core.names import hash32
from oxtail.core.remote import RemoteHost, RemoteSession, fingerprint
from oxtail.disk.atomic import Disk
from oxtail.store.files.carriage import take_lock
from oxtail.store.files.hosts import FileHosts
from oxtail.store.nats.settings import name_host

pytestmark = [needs("nats", "openssl"), pytest.mark.slow]


def nats(*words: str, status: int = 0, **extra: str) -> Any:
    done = oxtail("nats", *words, "--json", **extra)
    assert done.status == status, done
    # What libraries have to say to each other is nothing for people.
    assert all(line.startswith("oxtail: ") for line in done.err.splitlines()), done.err
    return done.json["result"] if done.json["ok"] else done.json["error"]


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """A prepared server that runs, and two hosts that may join."""
    path = tmp_path / "server"
    port = free_port()
    words = ("init", "--dir", str(path), "--listen", f"127.0.0.1:{port}")
    first = nats(*words, "--host", "ann", "--host", "bob")
    assert not first["prepared"]
    assert first["start"] == f"nats-server -c {path}/nats-server.conf"
    assert sorted(first["join"]) == ["ann", "bob"]
    server = NatsServer.of(path, path / "nats-server.conf", port)
    server.start()
    try:
        assert nats("init", "--dir", str(path))["prepared"]
        yield path
    finally:
        server.kill()


def test_a_host_joins_and_is_told_how_it_stands(folder: Path, home: Path, tmp_path: Path) -> None:
    assert nats("status", status=2)["code"] == "not-joined"
    joined = nats("join", str(folder / "join" / "ann.json"))
    assert joined["connected"]
    config = home / ".oxtail" / "nats" / "config.json"
    assert config.stat().st_mode & 0o777 == 0o600
    found = nats("status")
    assert found["reachable"]
    assert not found["carried"]
    assert found["host_id"] == joined["host_id"]
    assert found["waiting"] == {}
    assert "no carrier runs here" in oxtail("nats", "status").out
    password = json.loads(config.read_text())["password"]
    assert password not in json.dumps(found)

    # The id stays: mail may be on its way to it.
    error = nats("join", str(folder / "join" / "bob.json"), status=2)
    assert error["code"] == "config-error"
    assert nats("join", str(folder / "join" / "ann.json"))["host_id"] == joined["host_id"]
    other = nats("join", str(folder / "join" / "bob.json"), OXTAIL_HOME=str(tmp_path / "b"))
    assert other["host_id"] != joined["host_id"]


def carrier_state(home: Path) -> dict[str, Any]:
    try:
        found: dict[str, Any] = json.loads((home / "nats" / "state.json").read_text())
    except FileNotFoundError:
        return {}
    return found


def test_of_a_folder_and_its_copy_the_first_carries(
    folder: Path, home: Path, tmp_path: Path
) -> None:
    """As of two containers from one image: both say that they are the same host."""
    nats("join", str(folder / "join" / "ann.json"))
    first, copy = home / ".oxtail", tmp_path / "copy"
    shutil.copytree(first, copy)
    with ExitStack() as stack:
        for state, is_carried in ((first, True), (copy, False)):
            carrier = start("nats", "carry", OXTAIL_HOME=str(state))
            stack.callback(carrier.communicate, timeout=10)
            stack.callback(carrier.terminate)
            until(lambda s=state, c=is_carried: carrier_state(s).get("connected") is c)
        until(lambda: "another state folder" in carrier_state(copy)["problem"])
        assert carrier_state(first)["connected"] is True
        assert "another state folder" in nats("status", OXTAIL_HOME=str(copy))["carrier"]["problem"]


def test_status_says_what_the_carrier_has_said(home: Path) -> None:
    disk = Disk(str(home / ".oxtail"))
    name_host(disk, None, "here")
    said = {"connected": True, "hosts": {"b" * 16: 1}, "kept_back": {"c" * 16: "no such key"}}

    def status() -> list[str]:
        Path(disk.layout.nats_state).write_text(json.dumps(said))
        return oxtail("nats", "status", OXTAIL_NATS_URL="nats://127.0.0.1:1").out.splitlines()

    assert "no such key" not in "".join(status()), "an old word of one that has ended"
    lock = take_lock(disk)
    assert lock is not None
    try:
        lines = status()
        assert "a carrier runs here; other hosts that are there: 1" in lines
        assert f"kept back for host {'c' * 16}: no such key" in lines
        said = {"problem": "unplugged"}
        assert "a carrier runs here, and has no server: unplugged" in status()
    finally:
        os.close(lock)


def carrier_findings(home: Path) -> list[tuple[str, str]]:
    return [(f.level, f.problem) for f in examine(Disk(str(home / ".oxtail")), {})]


def test_the_doctor_tells_how_mail_between_hosts_stands(folder: Path, home: Path) -> None:
    assert carrier_findings(home) == []
    nats("join", str(folder / "join" / "ann.json"))
    found = oxtail("doctor", "--json").json["result"]["findings"]
    ((level, problem),) = [(f["level"], f["problem"]) for f in found if f["check"] == "carrier"]
    assert (level, "nobody carries" in problem) == ("note", True)

    box = home / ".oxtail" / "mailboxes" / f"x-{'b' * 16}.jsonl"
    box.parent.mkdir(mode=0o700, exist_ok=True)
    box.write_bytes(encode(letter("waits")))
    ((level, problem),) = carrier_findings(home)
    assert (level, "messages that wait here for other hosts: 1" in problem) == ("wrong", True)
    box.unlink()

    carrier = start("nats", "carry")
    try:
        until(lambda: "is carried" in str(carrier_findings(home)))
    finally:
        carrier.terminate()
        carrier.communicate(timeout=60)

    (home / ".oxtail" / "nats" / "config.json").chmod(0o644)
    ((level, _),) = carrier_findings(home)
    assert level == "wrong"


def test_status_shows_the_fingerprint_of_this_host_and_peers_that_of_others(
    folder: Path, home: Path
) -> None:
    pytest.importorskip("nacl")
    nats("join", str(folder / "join" / "ann.json"))
    own = nats("status")["fingerprint"]
    assert nats("status")["fingerprint"] == own
    assert re.fullmatch(r"([0-9a-f]{4} ){7}[0-9a-f]{4}", own)
    key = "0" * 63 + "1"
    session = RemoteSession("bob", project=hash32("oxtail-project:tool"))
    said = RemoteHost("b" * 16, "devbox", "1" * 16, 5, key=key, sessions=(session,))
    FileHosts(Disk(str(home / ".oxtail")), RealClock()).keep(said, lambda _: False)
    shown = oxtail("peers", OXTAIL_PROJECT="tool").out
    assert f"key of host devbox ({'b' * 16}): {fingerprint(key)}" in shown

    assert nats("trust", "b" * 16)["fingerprint"] == fingerprint(key)
    pin = json.loads((home / ".oxtail" / "nats" / "keys" / f"{'b' * 16}.json").read_text())
    assert pin["key"] == key
    assert nats("trust", "c" * 16, status=2)["code"] == "usage-error"
    assert "16 hex digits" in nats("trust", "../x", status=2)["message"]


def test_a_second_init_changes_only_what_is_asked_for(folder: Path) -> None:
    before = {path: path.read_bytes() for path in folder.glob("**/*.pem")}
    ann = (folder / "join" / "ann.json").read_bytes()
    again = nats("init", "--dir", str(folder), "--host", "ann", "--host", "dan")
    assert sorted(again["join"]) == ["ann", "bob", "dan"]
    assert again["changed"], "the server does not know dan before it has read that"
    assert "--signal reload" in oxtail("nats", "init", "--dir", str(folder), "--host", "eve").out
    same = oxtail("nats", "init", "--dir", str(folder), "--host", "eve").out
    assert "--signal reload" not in same
    assert (folder / "join" / "ann.json").read_bytes() == ann
    assert {path: path.read_bytes() for path in folder.glob("**/*.pem")} == before


def test_a_config_that_others_can_read_is_refused(folder: Path, home: Path) -> None:
    nats("join", str(folder / "join" / "ann.json"))
    (home / ".oxtail" / "nats" / "config.json").chmod(0o644)
    assert nats("status", status=2)["code"] == "config-error"


@pytest.mark.parametrize("url", ["nats://10.1.2.3:4222", "nats://example.test:4222"])
def test_plain_text_to_another_machine_is_refused(url: str, home: Path) -> None:
    assert nats("join", url, status=2)["code"] == "insecure-engine"
    assert not (home / ".oxtail" / "nats" / "config.json").exists()
    error = nats(
        "init",
        "--dir",
        str(home / "s"),
        "--listen",
        "0.0.0.0:4222",
        "--plain",
        "--address",
        "example.test",
        status=2,
    )
    assert error["code"] == "insecure-engine"
    assert not (home / "s").exists()


def test_a_url_of_the_environment_goes_before_the_file(folder: Path, tmp_path: Path) -> None:
    nats("join", str(folder / "join" / "ann.json"))
    error = nats("status", status=2, OXTAIL_NATS_URL="nats://10.1.2.3:4222")
    assert error["code"] == "insecure-engine"
    found = nats("status", status=1, OXTAIL_NATS_URL="tls://127.0.0.1:1")
    assert not found["reachable"]


def test_a_plain_server_on_loopback_needs_no_certificates(tmp_path: Path) -> None:
    with nats_server(tmp_path / "nats") as server:
        joined = nats("join", server.url, "--name", "solo", status=1)
        assert "oxtail nats init" in joined["problem"]
        assert joined["name"] == "solo"


@pytest.mark.parametrize(
    ("words", "status", "code"),
    [
        (("join",), 2, "usage-error"),
        (("join", "/nowhere.json"), 2, "config-error"),
        (("join", "http://example.test"), 2, "config-error"),
        (("init", "--host", "../x"), 2, "bad-argument"),
        (("init", "--listen", "nowhere"), 2, "bad-argument"),
        (("init", "--listen", "0.0.0.0:4222"), 2, "usage-error"),
        (("init", "--cert", "/c.pem"), 2, "usage-error"),
        (("dance",), 2, "usage-error"),
    ],
)
def test_errors(
    words: tuple[str, ...], status: int, code: str, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(home)
    assert nats(*words, status=status)["code"] == code
    assert list(home.iterdir()) == []
