"""A real server process: its pipes, its life, and whatever a client may throw at it."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from helpers.fakes import ALICE, BOB
from helpers.waiting import PATIENCE, until
from helpers.wire import SRC, ServerProcess

CLAUDE = {"CLAUDECODE": "1", "CLAUDE_CODE_SESSION_ID": ALICE}
CODEX = {"CODEX_THREAD_ID": BOB}


@pytest.fixture
def server(home):
    with ServerProcess(home, env=CLAUDE) as server:
        yield server


@pytest.fixture
def peer(home):
    with ServerProcess(home, env=CODEX) as peer:
        peer.handshake("codex-mcp-client")
        assert peer.call("claim_session", session_id=BOB)["ok"]
        yield peer


def entries(home: Path) -> list[str]:
    folder = home / ".oxtail" / "sessions"
    return sorted(path.name for path in folder.glob("*.json")) if folder.exists() else []


def bodies(result: dict) -> list[str]:
    return [message["body"] for message in result["messages"]]


class TestLife:
    def test_a_server_is_visible_from_its_first_answer_to_its_end(self, home, server):
        server.handshake()
        assert entries(home) == [f"{server.process.pid}.json"]
        assert server.end() == 0
        assert entries(home) == []
        assert [event["why"] for event in server.events("orphan_reap")] == ["stdin_end"]

    def test_an_input_that_is_closed_from_the_start_ends_the_server(self, home):
        command = [sys.executable, "-m", "oxtail", "serve"]
        env = {"HOME": str(home), "PATH": "/usr/bin:/bin", "PYTHONPATH": str(SRC)}
        env["MCP_TRACE_FILE"] = str(home / "trace")
        code = "import os, sys; os.close(0); os.execv(sys.argv[1], sys.argv[1:])"
        done = subprocess.run(
            [sys.executable, "-c", code, *command], capture_output=True, env=env, timeout=60
        )
        assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
        assert b'"why":"stdin_already_closed"' in (home / "trace").read_bytes()
        assert entries(home) == []

    @pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
    def test_a_signal_ends_an_idle_server_at_once(self, home, server, number):
        server.handshake()
        server.process.send_signal(number)
        assert server.process.wait(PATIENCE) == 0
        assert server.line() is None
        assert entries(home) == []

    def test_a_signal_ends_a_server_that_waits_for_an_answer(self, home, server, peer):
        server.handshake("claude-code")
        server.start_call("ask_peer", target=BOB, body="well?")
        assert bodies(until(lambda: arrived(peer))) == ["well?"]
        server.process.terminate()
        assert server.process.wait(PATIENCE) == 0
        assert server.line() is None
        assert len(list((home / ".oxtail" / "pending-ask").iterdir())) == 1
        assert list((home / ".oxtail" / "asks").iterdir()) == []

    def test_a_signal_ends_a_server_whose_client_does_not_read(self, home, server):
        server.handshake()
        for _ in range(200):
            server.start("tools/list")
        until(lambda: is_blocked(server.process.pid))
        server.process.terminate()
        assert server.process.wait(PATIENCE) == 0
        assert entries(home) == []

    def test_a_client_that_closes_its_end_ends_the_server(self, home, server):
        server.handshake()
        server.process.stdout.close()
        server.start("ping")
        assert server.process.wait(PATIENCE) == 0
        assert [event["why"] for event in server.events("orphan_reap")] == ["stdout_closed"]
        assert entries(home) == []

    @pytest.mark.slow
    def test_a_server_whose_client_was_killed_ends_although_its_input_stays_open(self, home):
        """The client is a process of its own, and the test holds the pipe open."""
        serve = (
            "import sys, oxtail.server.main as m; m.TICK_SECONDS = 0.05; "
            "m.serve.__defaults__ = (0.05,); from oxtail.config import from_env; import os; "
            "sys.exit(m.main(from_env(os.environ)))"
        )
        client = (
            "import subprocess, sys, time\n"
            f"child = subprocess.Popen([sys.executable, '-c', {serve!r}])\n"
            "print(child.pid, file=sys.stderr, flush=True)\n"
            "time.sleep(60)\n"
        )
        with ServerProcess(home, command=("-c", client)) as host:
            pid = int(host.process.stderr.readline())
            host.handshake()
            host.process.kill()
            host.process.wait(PATIENCE)
            until(lambda: host.events("orphan_reap"))
            assert host.line() is None
            assert host.events("orphan_reap")[0]["why"] == "reparented"
            until(lambda: not alive(pid))
        assert entries(home) == []

    def test_a_state_folder_that_cannot_be_used_leaves_a_server_that_says_so(self, home):
        (home / ".oxtail").write_text("not a folder")
        with ServerProcess(home, env=CLAUDE) as server:
            server.handshake()
            assert len(server.request("tools/list")["result"]["tools"]) == 14
            answer = server.call("send_message", target=BOB, body="x")
            assert answer["ok"] is False
            assert server.end() == 0

    def test_stray_output_of_this_process_or_its_children_stays_off_the_wire(self, home):
        code = (
            "import os, sys, oxtail.server.tools.table as t\n"
            "def noisy(ctx, call, arguments):\n"
            "    print('stray print'); sys.stdout.flush(); os.write(1, b'stray write')\n"
            "    os.system('echo stray child; cat')\n"
            "    call.answer({'schema_version': 1})\n"
            "t.RUN['get_my_session'] = noisy\n"
            "from oxtail.cli.main import main\n"
            "sys.exit(main(['serve']))"
        )
        with ServerProcess(home, command=("-c", code)) as server:
            server.handshake()
            assert server.call("get_my_session") == {"schema_version": 1}
            server.assert_alive()
            assert server.end() == 0
            assert b"stray child" in server.process.stderr.read()


def arrived(peer: ServerProcess) -> dict | None:
    mail = peer.call("read_my_messages")
    return mail if mail["count"] else None


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def is_blocked(pid: int) -> bool:
    """Whether the process sleeps and has left bytes in its full output pipe."""
    return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "S"


class TestMail:
    def test_mail_crosses_processes_and_is_receipted(self, server, peer):
        server.handshake("claude-code")
        sent = server.call("send_message", target=BOB, body="hello \u2028 \x00 \ud800")
        assert sent["ok"] is True
        status = {"message_id": sent["message_id"]}
        assert server.call("message_status", **status)["status"] in ("stored", "offered")
        assert bodies(peer.call("read_my_messages")) == ["hello \u2028 \x00 \ud800"]
        status = until(lambda: shown(server, sent["message_id"]))
        (receipt,) = [proof for proof in status["evidence"] if proof["stage"] == "shown"]
        assert (receipt["via"], receipt["recipient_session_id"]) == ("read_my_messages", BOB)

    def test_a_question_is_answered_across_processes(self, server, peer):
        server.handshake("claude-code")
        number = server.start_call("ask_peer", target=BOB, body="well?")
        (question,) = until(lambda: arrived(peer))["messages"]
        answer = peer.call("reply_to_message", message_id=question["id"], body="indeed")
        assert answer["correlation"] == "correlated"
        assert server.result_of(number)["reply"]["body"] == "indeed"

    def test_a_reader_that_dies_before_it_answers_loses_nothing(self, home, server, peer):
        server.handshake("claude-code")
        server.call("send_message", target=BOB, body="keep me")
        os.kill(peer.process.pid, signal.SIGSTOP)
        peer.start_call("read_my_messages")
        peer.process.kill()
        peer.process.wait(PATIENCE)
        with ServerProcess(home, env=CODEX) as again:
            again.handshake("codex-mcp-client")
            again.call("claim_session", session_id=BOB)
            assert bodies(again.call("read_my_messages")) == ["keep me"]

    def test_a_read_that_nobody_receives_leaves_the_mail(self, home, server):
        server.handshake("claude-code")
        # Codex is shown no more at once than fits the pipe, so this reader is none.
        with ServerProcess(home) as reader:
            reader.handshake("another-client")
            reader.call("claim_session", session_id=BOB)
            for number in range(40):
                assert server.call("send_message", target=BOB, body=f"{number:04}" * 2000)["ok"]
            # Forty bodies do not fit the pipe, so the answer is being written when it closes.
            reader.start_call("read_my_messages")
            until(lambda: peer_is_writing(reader))
            reader.process.stdout.close()
            assert reader.process.wait(PATIENCE) == 0
        with ServerProcess(home, env=CODEX) as again:
            again.handshake("codex-mcp-client")
            again.call("claim_session", session_id=BOB)
            first = again.call("read_my_messages")["messages"][0]
            assert first["body"] == "0000" * 2000

    def test_a_cancelled_read_comes_again_with_the_same_ids(self, server, peer):
        server.handshake("claude-code")
        server.call("send_message", target=BOB, body="once")
        number = peer.start_call("read_my_messages")
        first = peer.result_of(number)
        peer.notify("notifications/cancelled", requestId=number)
        assert peer.call("read_my_messages")["messages"] == first["messages"]

    def test_a_codex_thread_is_known_from_its_first_call(self, home):
        thread = "01900000-0000-7000-8000-000000000000"
        with ServerProcess(home) as codex:
            codex.handshake("codex-mcp-client")
            listed = codex.call("list_project_sessions", _meta={"threadId": thread})
            (mine,) = [row for row in listed["sessions"] if row.get("is_me")]
            assert (mine["client_type"], mine["client_session_id"]) == ("codex", thread)


def shown(server: ServerProcess, message_id: str) -> dict | None:
    status = server.call("message_status", message_id=message_id)
    return status if status["status"] == "shown" else None


def peer_is_writing(peer: ServerProcess) -> bool:
    import select

    return bool(select.select([peer.from_server], [], [], 0)[0])


GARBAGE = [
    b"",
    b"\x00",
    b"\xff\xfe\xfd",
    b"null",
    b"[]",
    b"[[[[",
    b"{}",
    b'{"jsonrpc":"2.0"}',
    b'{"jsonrpc":"2.0","id":null,"method":"ping"}',
    b'{"jsonrpc":"2.0","id":{},"method":"ping"}',
    b'{"jsonrpc":"2.0","id":1e999,"method":"ping"}',
    b'{"jsonrpc":"2.0","id":"g","method":"tools/call","params":{"name":{},"arguments":[]}}',
    (
        b'{"jsonrpc":"2.0","id":"g","method":"tools/call","params":'
        b'{"name":"read_session","arguments":{"name":"x","limit":1e999}}}'
    ),
    b'{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":[]}}',
    b"[" * 50_000,
    b'{"a":' * 50_000,
    b"x" * 2_000_000,
    b'{"jsonrpc":"2.0","id":"g","method":"\\ud800"}',
]


def mutations(seed: int, count: int) -> list[bytes]:
    """Valid requests with bytes cut, doubled or changed; none of them asks to wait."""
    chance = random.Random(seed)
    valid = [
        json.dumps({"jsonrpc": "2.0", "id": f"m{seed}", "method": method, "params": params})
        for method, params in (
            ("ping", {}),
            ("initialize", {"protocolVersion": "2025-11-25", "clientInfo": {"name": "x"}}),
            ("tools/list", {}),
            ("tools/call", {"name": "get_my_session", "arguments": {}}),
            ("tools/call", {"name": "send_message", "arguments": {"target": "x", "body": "y"}}),
            ("notifications/cancelled", {"requestId": 1}),
        )
    ]
    lines = []
    for _ in range(count):
        line = bytearray(chance.choice(valid).encode())
        for _ in range(chance.randint(1, 4)):
            at = chance.randrange(len(line))
            if chance.random() < 0.4:
                line[at] = chance.randrange(256)
            elif chance.random() < 0.5:
                del line[at : at + chance.randint(1, 8)]
            else:
                line[at:at] = line[: chance.randint(1, 20)]
            line = line or bytearray(b"{")
        lines.append(bytes(line).replace(b"\n", b" "))
    return lines


class TestHostileInput:
    def test_garbage_is_answered_or_ignored_and_the_server_lives_on(self, server):
        lines = GARBAGE + mutations(1, 300)
        random.Random(2).shuffle(lines)
        last = b'{"jsonrpc":"2.0","id":"last","method":"tools/call","params":'
        lines.append(last + b'{"name":"read_my_messages"}}')
        # A client that only writes would block on a full pipe, as both sides may.
        data = b"".join(line + b"\n" for line in lines)
        sending = threading.Thread(target=server.send_raw, args=(data,))
        sending.start()
        answers = [server.receive()]
        while answers[-1]["id"] != "last":
            answers.append(server.receive())
        sending.join(PATIENCE)
        faults = [answer["error"]["code"] for answer in answers if "error" in answer]
        assert {-32700, -32600} <= set(faults)
        assert set(faults) <= {-32700, -32600, -32601, -32602}
        server.assert_alive()
        assert server.events("internal_error") == []
        assert server.end() == 0

    def test_a_body_of_8192_bytes_is_sent_and_8193_are_not(self, server, peer):
        server.handshake("claude-code")
        assert server.call("send_message", target=BOB, body="é" * 4096)["ok"] is True
        refused = server.call("send_message", target=BOB, body="é" * 4096 + "x")
        assert (refused["error"], refused["field"]) == ("bad-argument", "body")
        assert bodies(peer.call("read_my_messages")) == ["é" * 4096]

    @pytest.mark.parametrize("cut", [0, 1, 10, 60, 200])
    def test_a_stream_that_ends_anywhere_ends_the_server_in_peace(self, home, cut):
        data = b"".join(
            json.dumps(message).encode() + b"\n"
            for message in (
                {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {}},
                {"jsonrpc": "2.0", "method": "notifications/initialized"},
                {
                    "jsonrpc": "2.0",
                    "id": 2,
                    "method": "tools/call",
                    "params": {"name": "get_my_session"},
                },
            )
        )
        with ServerProcess(home, env=CLAUDE) as server:
            server.send_raw(data[:cut])
            assert server.end() == 0
            assert server.process.stderr.read() == b""
        assert entries(home) == []

    def test_an_endless_line_takes_no_memory(self, server):
        server.handshake()
        server.assert_alive()
        before = resident_kib(server.process.pid)
        sending = threading.Thread(target=server.send_raw, args=(b"x" * 30_000_000 + b"\n",))
        sending.start()
        assert server.receive()["error"]["code"] == -32600
        sending.join(PATIENCE)
        server.assert_alive()
        assert resident_kib(server.process.pid) - before < 6_000


def resident_kib(pid: int) -> int:
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        (line,) = [line for line in file if line.startswith("VmHWM")]
    return int(line.split()[1])
