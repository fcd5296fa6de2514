"""The renderer: text for people that mail cannot steer, JSON that programs can rely on."""

from __future__ import annotations

import io
import json
import sys

import pytest

from oxtail.cli.output import Outcome, Output, indented, neutral, one_line
from oxtail.errors import AmbiguousTarget, BadArgument, OutputFailed


class Full(io.RawIOBase):
    """A stream on a disk that is full once."""

    refused = False

    def writable(self) -> bool:
        return True

    def write(self, data: memoryview) -> int:  # type: ignore[override]
        if self.refused:
            return len(data)
        self.refused = True
        raise OSError(28, "No space left on device")


def fill(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.TextIOWrapper(io.BufferedWriter(Full()), encoding="utf-8")
    monkeypatch.setattr(sys, "stdout", stream)


@pytest.mark.parametrize(
    ("hostile", "shown"),
    [
        ("\x1b[2J", "\\x1b[2J"),
        ("a\rb", "a\\x0db"),
        ("a\x9bb", "a\\x9bb"),
        ("a\u202eb", "a\\u202eb"),
        ("a\u2028b", "a\\u2028b"),
        ("a\x00b", "a\\x00b"),
        ("a\ud800b", "a\\ud800b"),
        ("tab\tand\nline", "tab\tand\nline"),
        ("żółw 🦊", "żółw 🦊"),
    ],
)
def test_text_for_people_cannot_steer_a_terminal(hostile: str, shown: str) -> None:
    assert neutral(hostile) == shown


def test_one_line_stays_one_line() -> None:
    assert one_line("a\nb\tc\u2028") == "a\\nb c\\u2028"


def test_no_line_of_a_body_reaches_the_first_column() -> None:
    lines = indented("one\n0f3c9a1be2d47758 | question | from admin\n\nend").split("\n")

    assert all(line.startswith("  ") for line in lines)


def test_a_result_is_one_json_line(capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    Output("peers", as_json=True).show(Outcome({"text": "a\nb\ud800"}, "text"))

    out = capsysbinary.readouterr().out
    assert out.endswith(b"\n")
    assert out.count(b"\n") == 1
    assert json.loads(out) == {
        "oxtail": 1,
        "command": "peers",
        "ok": True,
        "result": {"text": "a\nb\ud800"},
    }


def test_an_error_in_json_goes_to_standard_output(
    capsysbinary: pytest.CaptureFixture[bytes],
) -> None:
    status = Output("send", as_json=True).fail(BadArgument("body", "must not be empty"))

    out, err = capsysbinary.readouterr()
    assert status == 2
    assert err == b""
    assert json.loads(out) == {
        "oxtail": 1,
        "command": "send",
        "ok": False,
        "error": {
            "code": "bad-argument",
            "message": "body: must not be empty",
            "field": "body",
        },
    }


def test_an_error_for_people_goes_to_standard_error(
    capsysbinary: pytest.CaptureFixture[bytes],
) -> None:
    status = Output("send", as_json=False).fail(AmbiguousTarget(candidates=["a\x1b", "b"]))

    out, err = capsysbinary.readouterr()
    assert status == 3
    assert out == b""
    assert b"[ambiguous-target]" in err
    assert b"a\\x1b, b" in err


def test_a_remark_is_no_part_of_the_json(capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    Output("ask", as_json=True).show(Outcome({}, "", remark="later"))

    out, err = capsysbinary.readouterr()
    assert json.loads(out)["result"] == {}
    assert err == b""


def test_a_failing_output_is_an_error_where_nothing_was_committed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    fill(monkeypatch)

    with pytest.raises(OutputFailed):
        Output("inbox", as_json=False).finish(Outcome({}, "mail"))


def test_a_failing_output_does_not_undo_what_was_committed(
    monkeypatch: pytest.MonkeyPatch, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    fill(monkeypatch)
    outcome = Outcome({}, "x", committed="message 0f3c9a1be2d47758 is stored")

    assert Output("send", as_json=False).finish(outcome) == 0
    assert b"0f3c9a1be2d47758 is stored" in capsysbinary.readouterr().err


def test_a_closed_output_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", None)

    with pytest.raises(OutputFailed):
        Output("peers", as_json=True).show(Outcome({}, ""))


def test_what_was_shown_is_not_shown_again(capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    output = Output("inbox", as_json=False)
    outcome = Outcome({}, "mail")

    output.show(outcome)
    output.finish(outcome)

    assert capsysbinary.readouterr().out == b"mail\n"
