"""Lines in, lines out."""

from __future__ import annotations

import os
import threading

import pytest

from helpers.waiting import until
from oxtail.errors import NotEmitted
from oxtail.server.wire import Lines, Output, Stop


@pytest.fixture
def stop():
    stop = Stop()
    yield stop
    stop.close()


@pytest.fixture
def pipe():
    reader, writer = os.pipe()
    ends = {"reader": reader, "writer": writer}
    yield ends
    for end in ends.values():
        if end is not None:
            os.close(end)


def feed_all(lines: Lines, *pieces: bytes) -> list[bytes | None]:
    return [line for piece in pieces for line in lines.feed(piece)]


def test_lines_are_the_same_however_the_stream_is_cut():
    data = b"one\ntwo\n\nthr\xc3\xa9e\r\nlast\n"
    whole = Lines().feed(data)
    assert whole == [b"one", b"two", b"", b"thr\xc3\xa9e\r", b"last"]
    for size in (1, 2, 3, 7):
        pieces = [data[i : i + size] for i in range(0, len(data), size)]
        assert feed_all(Lines(), *pieces) == whole


def test_an_unfinished_line_waits_for_its_end():
    lines = Lines()
    assert lines.feed(b"half") == []
    assert lines.feed(b" and half\n") == [b"half and half"]


@pytest.mark.parametrize("cut", [1, 4, 100])
def test_a_line_that_is_too_long_is_reported_once_and_skipped(cut):
    data = b"ok\n" + b"x" * 50 + b"\nafter\n"
    pieces = [data[i : i + cut] for i in range(0, len(data), cut)]
    assert feed_all(Lines(limit=10), *pieces) == [b"ok", None, b"after"]


def test_a_line_of_exactly_the_limit_is_a_line():
    assert Lines(limit=5).feed(b"12345\n123456\n") == [b"12345", None]


def test_a_stream_without_line_ends_takes_no_memory():
    lines = Lines(limit=1000)
    for _ in range(100):
        lines.feed(b"x" * 999)
    assert len(lines._start) == 0


def test_a_slow_client_gets_the_whole_line(pipe, stop):
    output = Output(pipe["writer"], stop, lambda: False)
    line = bytes(range(1, 10)) * 50_000 + b"\n"
    writing = threading.Thread(target=output.write, args=(line,))
    writing.start()
    got = b""
    while len(got) < len(line):
        got += os.read(pipe["reader"], 1000)
    writing.join(60)
    assert got == line


def test_lines_of_several_threads_do_not_mix(pipe, stop):
    output = Output(pipe["writer"], stop, lambda: False)
    lines = [bytes([65 + i]) * 30_000 + b"\n" for i in range(8)]
    threads = [threading.Thread(target=output.write, args=(line,)) for line in lines]
    for thread in threads:
        thread.start()
    got = b""
    while got.count(b"\n") < len(lines):
        got += os.read(pipe["reader"], 65_536)
    for thread in threads:
        thread.join(60)
    assert sorted(got.splitlines(keepends=True)) == lines


def test_a_pipe_that_does_not_block_is_waited_for(pipe, stop):
    os.set_blocking(pipe["writer"], False)
    output = Output(pipe["writer"], stop, lambda: False)
    line = b"y" * 200_000 + b"\n"
    writing = threading.Thread(target=output.write, args=(line,))
    writing.start()
    got = b""
    while len(got) < len(line):
        got += os.read(pipe["reader"], 65_536)
    writing.join(60)
    assert got == line


def test_a_client_that_left_is_a_reason_to_end(pipe, stop):
    output = Output(pipe["writer"], stop, lambda: False)
    os.close(pipe["reader"])
    pipe["reader"] = None
    with pytest.raises(NotEmitted):
        output.write(b"hello\n")
    assert stop.reason == "stdout_closed"
    with pytest.raises(NotEmitted):
        output.write(b"again\n")


def blocked_write(output: Output, pipe: dict[str, int]) -> tuple[threading.Thread, list[str]]:
    outcome: list[str] = []

    def write() -> None:
        try:
            output.write(b"z" * 1_000_000 + b"\n")
        except NotEmitted:
            outcome.append("not emitted")

    thread = threading.Thread(target=write)
    thread.start()
    until(lambda: is_full(pipe["writer"]))
    return thread, outcome


def is_full(writer: int) -> bool:
    import select

    poll = select.poll()
    poll.register(writer, select.POLLOUT)
    return not poll.poll(0)


def test_a_blocked_write_ends_with_the_server_and_nothing_follows_half_a_line(pipe, stop):
    output = Output(pipe["writer"], stop, lambda: False)
    thread, outcome = blocked_write(output, pipe)
    stop.request("sigterm")
    thread.join(60)
    assert outcome == ["not emitted"]
    assert output.is_broken
    os.set_blocking(pipe["reader"], False)
    while len(os.read(pipe["reader"], 1_000_000)) == 1_000_000:
        pass
    with pytest.raises(NotEmitted):
        output.write(b"after\n")


def test_a_blocked_write_notices_that_the_client_is_dead(pipe, stop):
    output = Output(pipe["writer"], stop, lambda: True, look_seconds=0.01)
    thread, outcome = blocked_write(output, pipe)
    thread.join(60)
    assert outcome == ["not emitted"]
    assert stop.reason == "reparented"


def test_an_answer_goes_out_while_the_server_ends_if_the_client_reads(pipe, stop):
    output = Output(pipe["writer"], stop, lambda: False)
    stop.request("sigterm")
    output.write(b"last words\n")
    assert os.read(pipe["reader"], 100) == b"last words\n"


def test_the_first_reason_to_end_counts_and_asking_often_is_harmless(stop):
    for number in range(100_000):
        stop.request(f"reason {number}")
    assert stop.reason == "reason 0"
