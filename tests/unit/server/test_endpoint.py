"""The conversation with a client, over real pipes and the memory store."""

from __future__ import annotations

import os
import threading
import time

import pytest

from helpers.fakes import ALICE, BOB, World
from helpers.waiting import until
from helpers.wire import InProcess
from oxtail.app import ask as app_ask
from oxtail.app import send as app_send
from oxtail.server import endpoint as endpoint_module
from oxtail.server import runner as runner_module
from oxtail.server.tools import messages as message_tools
from oxtail.server.tools import table


class RealClock:
    def now(self) -> float:
        return time.time()

    def monotonic(self) -> float:
        return time.monotonic()


@pytest.fixture
def world() -> World:
    world = World()
    world.clock = RealClock()
    world.store.__init__(clock=world.clock, ids=world.ids, trace=world.trace)
    return world


@pytest.fixture
def alice(world):
    return world.context(ALICE, pid=100)


@pytest.fixture
def bob(world):
    return world.context(BOB, pid=200)


@pytest.fixture
def server(alice):
    with InProcess(alice) as server:
        yield server


def bodies(result: dict) -> list[str]:
    return [message["body"] for message in result["messages"]]


class TestHandshake:
    def test_the_server_says_who_it_is_and_when_to_use_it(self, server):
        result = server.handshake(version="2025-06-18")
        assert result["protocolVersion"] == "2025-06-18"
        assert result["capabilities"] == {"tools": {}}
        assert result["serverInfo"]["name"] == "oxtail"
        assert "list_project_sessions" in result["instructions"]

    @pytest.mark.parametrize("params", [{}, {"clientInfo": 5}, {"clientInfo": {"name": []}}])
    def test_a_sparse_handshake_is_enough(self, server, params):
        assert server.request("initialize", params)["result"]["protocolVersion"] == "2025-11-25"

    def test_calls_before_the_handshake_are_served(self, server):
        assert server.call("read_my_messages")["count"] == 0

    @pytest.mark.parametrize(
        "method",
        ["server/discover", "resources/list", "prompts/list", "", "tools", "notifications/x"],
    )
    def test_unknown_methods_are_refused_at_once(self, server, method):
        assert server.request(method)["error"]["code"] == -32601

    def test_the_client_is_looked_at_once_after_the_handshake(self, world, server, monkeypatch):
        seen: list[object] = []
        session = server.ctx.session
        monkeypatch.setattr(session, "handshake", seen.append)
        monkeypatch.setattr(session, "settle", lambda: seen.append("settle"))
        server.handshake("codex-mcp-client")
        until(lambda: len(seen) == 2)
        server.notify("notifications/initialized")
        server.call("read_my_messages")
        assert seen == ["codex-mcp-client", "settle"]

    def test_a_first_call_comes_after_the_look_at_the_client(self, server, monkeypatch):
        seen: list[object] = []
        session = server.ctx.session
        monkeypatch.setattr(session, "handshake", seen.append)
        monkeypatch.setattr(session, "settle", lambda: seen.append("settle"))
        monkeypatch.setitem(
            table.RUN, "get_my_session", lambda _, call, __: (seen.append("call"), call.answer({}))
        )
        server.handshake("claude-code")
        server.call("get_my_session")
        assert seen == ["claude-code", "settle", "call"]

    def test_an_unknown_session_is_looked_for_until_that_is_hopeless(self, alice, monkeypatch):
        monkeypatch.setattr(endpoint_module, "RETRY_SECONDS", (0.01, 0.02, 0.03, 0.04))
        tried: list[str] = []
        answers = iter([True, False])
        monkeypatch.setattr(
            alice.session, "retry", lambda trigger: (tried.append(trigger), next(answers))[1]
        )
        with InProcess(alice, tick_seconds=0.01) as server:
            server.handshake()
            until(lambda: len(tried) == 2)
            until(lambda: "_look_again" not in repr(server.timers._jobs))
            server.assert_alive()
        assert tried == ["retry_0.01s", "retry_0.02s"]


class TestCalls:
    def test_an_unknown_tool_is_an_invalid_parameter(self, server):
        for name in ("nope", "", None, 5, ["a"], {"a": 1}):
            response = server.request("tools/call", {"name": name, "arguments": {}})
            assert response["error"]["code"] == -32602
        assert server.request("tools/call", {})["error"]["code"] == -32602

    @pytest.mark.parametrize("arguments", [[], "x", 5, True])
    def test_arguments_are_an_object(self, server, arguments):
        params = {"name": "read_my_messages", "arguments": arguments}
        assert server.request("tools/call", params)["error"]["code"] == -32602

    @pytest.mark.parametrize("params", [{}, {"arguments": None}])
    def test_arguments_may_be_left_out(self, server, params):
        response = server.request("tools/call", {"name": "read_my_messages", **params})
        assert "isError" not in response["result"]

    def test_a_malformed_argument_is_a_tool_error_that_names_the_field(self, server):
        identifier = server.start_call("send_message", target="x", body="b" * 8193)
        response = server.answer(identifier)
        assert response["result"]["isError"] is True
        assert '"field":"body"' in response["result"]["content"][0]["text"]

    def test_a_business_failure_is_an_ordinary_result(self, server):
        identifier = server.start_call("send_message", target=BOB, body="b")
        response = server.answer(identifier)
        assert "isError" not in response["result"]
        assert '"ok":false,"error":"target-not-found"' in response["result"]["content"][0]["text"]

    def test_a_failing_tool_does_not_end_the_server(self, world, server, monkeypatch):
        def fail(*_: object) -> None:
            raise KeyError("boom")

        monkeypatch.setitem(table.RUN, "get_my_session", fail)
        assert server.call("get_my_session")["error"] == "internal-error"
        (event,) = world.trace.named("internal_error")
        assert "boom" in event["error"]
        server.assert_alive()

    def test_a_failing_method_does_not_end_the_server(self, world, server, monkeypatch):
        def fail(*_: object) -> None:
            raise OSError("the file is gone")

        monkeypatch.setattr(endpoint_module.catalog, "listing", fail)
        assert server.request("tools/list")["error"]["code"] == -32603
        assert "the file is gone" in world.trace.named("internal_error")[0]["error"]
        server.assert_alive()

    def test_an_answer_that_cannot_be_encoded_is_an_internal_error(self, server, monkeypatch):
        monkeypatch.setitem(
            table.RUN, "get_my_session", lambda _, call, __: call.answer({"x": {1, 2}})
        )
        assert server.call("get_my_session")["error"] == "internal-error"
        server.assert_alive()

    def test_the_list_of_tools_has_one_page(self, server):
        assert len(server.request("tools/list", {})["result"]["tools"]) == 14
        assert server.request("tools/list", {"cursor": "x"})["error"]["code"] == -32602

    def test_ordinary_calls_are_answered_in_order(self, server):
        numbers = [server.start_call("get_my_session") for _ in range(20)]
        assert [server.receive()["id"] for _ in numbers] == numbers

    def test_two_open_requests_with_one_id_cannot_be_told_apart(self, server, monkeypatch):
        release = threading.Event()
        monkeypatch.setitem(
            table.RUN, "get_my_session", lambda _, call, __: (release.wait(5), call.answer({}))
        )
        message = {"jsonrpc": "2.0", "id": "x", "method": "tools/call"}
        message["params"] = {"name": "get_my_session"}
        server.send(message)
        server.send(message)
        assert server.receive()["error"]["code"] == -32600
        release.set()
        assert "result" in server.receive()

    def test_too_many_open_calls_are_refused(self, server, monkeypatch):
        monkeypatch.setattr(endpoint_module, "CALLS_MAX", 3)
        release = threading.Event()
        monkeypatch.setitem(
            table.RUN, "get_my_session", lambda _, call, __: (release.wait(5), call.answer({}))
        )
        numbers = [server.start_call("get_my_session") for _ in range(4)]
        assert server.answer(numbers[3])["error"]["code"] == -32000
        release.set()
        for number in numbers[:3]:
            assert "result" in server.answer(number)

    def test_calls_that_have_ended_leave_room_for_others(self, server, monkeypatch):
        monkeypatch.setattr(endpoint_module, "CALLS_MAX", 3)
        for _ in range(10):
            assert server.call("set_my_state")["ok"] is True
        assert server.end() == "stdin_end"
        assert len(server.endpoint._calls) == 0

    def test_a_codex_caller_is_known_by_its_thread_before_the_call(self, world):
        ctx = world.context(None, pid=300, kind="codex")
        thread = "01900000-0000-7000-8000-000000000000"
        with InProcess(ctx) as server:
            entry = server.call("get_my_session", _meta={"threadId": thread})["entry"]
        assert entry["client"]["session_id"] == thread
        assert entry["client"]["session_id_source"] == "call-meta"

    @pytest.mark.parametrize("thread", ["", "x" * 201, "a\nb", 5, None, ["x"], "\ud800"])
    def test_a_malformed_thread_names_nobody(self, world, thread):
        ctx = world.context(None, pid=300, kind="codex")
        with InProcess(ctx) as server:
            entry = server.call("get_my_session", _meta={"threadId": thread})["entry"]
        assert entry["client"]["session_id"] is None

    def test_metadata_of_any_kind_is_tolerated(self, server):
        for meta in ([], "x", 5, {"progressToken": []}, {"threadId": {"a": 1}}):
            assert server.call("read_my_messages", _meta=meta)["ok"] is True


class TestDraining:
    def test_mail_is_acknowledged_when_the_answer_is_out(self, world, server, bob):
        sent = app_send.send(bob, ALICE, "hello")
        result = server.call("read_my_messages")
        assert bodies(result) == ["hello"]
        until(lambda: world.store.receipt(sent.message_id))
        assert server.call("read_my_messages")["count"] == 0

    def test_a_read_that_was_cancelled_before_it_ran_leaves_the_mail(
        self, server, bob, monkeypatch
    ):
        app_send.send(bob, ALICE, "hello")
        release = threading.Event()
        monkeypatch.setitem(
            table.RUN, "get_my_session", lambda _, call, __: (release.wait(5), call.answer({}))
        )
        server.start_call("get_my_session")
        read = server.start_call("read_my_messages")
        server.notify("notifications/cancelled", requestId=read)
        server.assert_alive()
        release.set()
        assert bodies(server.call("read_my_messages")) == ["hello"]
        assert read not in server._answers

    def test_a_read_that_is_cancelled_while_it_runs_leaves_the_mail(
        self, world, server, bob, monkeypatch
    ):
        app_send.send(bob, ALICE, "hello")
        reading, release = threading.Event(), threading.Event()
        read = message_tools.app_read.read

        def slow_read(ctx, emit, **options):
            def slow_emit(result):
                reading.set()
                release.wait(5)
                emit(result)

            return read(ctx, slow_emit, **options)

        monkeypatch.setattr(message_tools.app_read, "read", slow_read)
        number = server.start_call("read_my_messages")
        assert reading.wait(60)
        server.notify("notifications/cancelled", requestId=number)
        server.assert_alive()
        release.set()
        until(lambda: world.trace.named("call_not_answered"))
        monkeypatch.undo()
        assert bodies(server.call("read_my_messages")) == ["hello"]

    def test_a_cancellation_that_crosses_the_answer_brings_the_mail_back(self, server, bob):
        app_send.send(bob, ALICE, "hello")
        number = server.start_call("read_my_messages")
        first = server.result_of(number)
        server.notify("notifications/cancelled", requestId=number)
        again = server.call("read_my_messages")
        assert first["messages"] == again["messages"]
        server.notify("notifications/cancelled", requestId=number)
        assert server.call("read_my_messages")["count"] == 0

    def test_a_cancellation_of_a_call_that_showed_nothing_changes_nothing(self, server, bob):
        number = server.start_call("send_message", target=BOB, body="x")
        server.result_of(number)
        for identifier in (number, 999, None, [], {}, True, 1.5, "x"):
            server.notify("notifications/cancelled", requestId=identifier)
        server.notify("notifications/cancelled")
        server.assert_alive()

    def test_mail_stays_when_the_client_is_gone(self, world, alice, bob):
        sent = app_send.send(bob, ALICE, "hello")
        with InProcess(alice) as server:
            server.close(server.from_server)
            server.start_call("read_my_messages")
            until(lambda: server.why)
            assert server.why == "stdout_closed"
        assert world.store.receipt(sent.message_id) is None
        with InProcess(alice) as server:
            assert bodies(server.call("read_my_messages")) == ["hello"]


class TestQuestions:
    def ask(self, server, **options) -> int:
        return server.start_call("ask_peer", target=BOB, body="well?", **options)

    def arrived(self, bob):
        def look():
            return bob.store.peek(bob.session.boxes()).messages

        return until(look)[0]

    def test_pings_and_other_calls_are_served_during_a_question(self, server, bob):
        number = self.ask(server)
        question = self.arrived(bob)
        server.assert_alive()
        assert server.call("read_my_messages")["count"] == 0
        app_send.reply(bob, question.id, "indeed")
        result = server.result_of(number)
        assert result["reply"]["body"] == "indeed"
        assert result["correlation"] == "correlated"

    def test_a_cancelled_question_gets_no_answer_and_a_late_one_is_mail(self, world, server, bob):
        number = self.ask(server)
        question = self.arrived(bob)
        server.notify("notifications/cancelled", requestId=number)
        until(lambda: world.store.pending_asks(ALICE))
        app_send.reply(bob, question.id, "too late")
        assert bodies(server.call("read_my_messages")) == ["too late"]
        server.end()
        assert number not in server._answers

    def test_an_answer_that_crosses_a_cancellation_comes_back_as_mail(self, server, bob):
        number = self.ask(server)
        app_send.reply(bob, self.arrived(bob).id, "indeed")
        assert server.result_of(number)["reply"]["body"] == "indeed"
        server.notify("notifications/cancelled", requestId=number)
        assert until(lambda: bodies(server.call("read_my_messages"))) == ["indeed"]

    def test_a_question_that_times_out_is_answered_so(self, server, bob):
        result = server.result_of(self.ask(server, timeout_ms=20))
        assert result["timed_out"] is True
        assert result["reply"] is None

    def test_the_end_of_the_stream_leaves_the_question_pending(self, world, server, bob):
        self.ask(server)
        self.arrived(bob)
        assert server.end() == "stdin_end"
        assert len(world.store.pending_asks(ALICE)) == 1

    def test_only_so_many_questions_wait_at_once(self, server, bob, monkeypatch):
        monkeypatch.setattr(runner_module, "QUESTIONS_MAX", 2)
        first, second = self.ask(server), self.ask(server)
        until(lambda: len(bob.store.peek(bob.session.boxes()).messages) == 2)
        assert server.result_of(self.ask(server))["error"] == "too-many-questions"
        for number in (first, second):
            server.notify("notifications/cancelled", requestId=number)

    def test_a_waiting_question_tells_that_it_waits(self, alice, bob, monkeypatch):
        monkeypatch.setattr(endpoint_module, "PROGRESS_SECONDS", 0.02)
        with InProcess(alice, tick_seconds=0.01) as server:
            number = server.start_call(
                "ask_peer", target=BOB, body="well?", _meta={"progressToken": "p"}
            )
            question = self.arrived(bob)
            until(lambda: server.others or server.others.append(server.receive()))
            app_send.reply(bob, question.id, "indeed")
            server.result_of(number)
            server.assert_alive()
            assert {m["method"] for m in server.others} == {"notifications/progress"}
            assert server.others[0]["params"] == {"progressToken": "p", "progress": 0.02}

    def test_the_wait_of_the_use_case_is_ended_by_the_cancellation(self, server, bob, monkeypatch):
        """The question's own thread ends at once, not at its timeout."""
        ended = threading.Event()
        ask = app_ask.ask

        def watched(*arguments, **options):
            try:
                return ask(*arguments, **options)
            finally:
                ended.set()

        monkeypatch.setattr(app_ask, "ask", watched)
        number = self.ask(server, timeout_ms=60_000)
        self.arrived(bob)
        server.notify("notifications/cancelled", requestId=number)
        assert ended.wait(60)


class TestEnding:
    def test_a_dead_parent_ends_the_loop(self, alice):
        with InProcess(alice, tick_seconds=0.01) as server:
            server.assert_alive()
            server.has_lost_parent = True
            until(lambda: server.why)
            assert server.why == "reparented"

    def test_a_request_to_stop_ends_the_loop(self, server):
        server.assert_alive()
        server.stop.request("sigterm")
        assert until(lambda: server.why) == "sigterm"

    def test_calls_that_were_accepted_are_answered_at_the_end_of_the_stream(self, server, bob):
        lines = b"".join(
            b'{"jsonrpc":"2.0","id":%d,"method":"tools/call","params":{"name":"send_message",'
            b'"arguments":{"target":"%s","body":"x"}}}\n' % (number, BOB.encode())
            for number in range(5)
        )
        server.send_raw(lines.rstrip(b"\n"))
        assert server.end() == "stdin_end"
        assert [server.receive()["id"] for _ in range(5)] == [0, 1, 2, 3, 4]
        assert len(bob.store.peek(bob.session.boxes()).messages) == 5

    def test_a_line_that_is_too_long_is_answered_and_skipped(self, server):
        sending = threading.Thread(target=server.send_raw, args=(b"x" * 3_000_000 + b"\n",))
        sending.start()
        response = server.receive()
        sending.join(60)
        assert response["id"] is None
        assert response["error"]["code"] == -32600
        server.assert_alive()

    def test_a_closed_input_ends_the_loop(self, alice):
        with InProcess(alice) as server:
            os.close(server.to_server)
            server._open.discard(server.to_server)
            assert until(lambda: server.why) == "stdin_end"
