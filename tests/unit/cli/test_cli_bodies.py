"""Where a body comes from, and what is refused."""

from __future__ import annotations

import io
import sys

import pytest

from oxtail.cli.bodies import body_of
from oxtail.errors import BadArgument


def give(monkeypatch: pytest.MonkeyPatch, data: bytes) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data), encoding="utf-8"))


def test_words_are_joined() -> None:
    assert body_of(["two", "words"]) == "two words"


def test_a_single_dash_is_standard_input_verbatim(monkeypatch: pytest.MonkeyPatch) -> None:
    give(monkeypatch, "żółw\r\n\x00end\n".encode())

    assert body_of(["-"]) == "żółw\r\n\x00end\n"


def test_a_dash_among_words_is_a_word() -> None:
    assert body_of(["a", "-", "b"]) == "a - b"


def test_the_largest_body_is_read_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    give(monkeypatch, b"x" * 8192)

    assert len(body_of(["-"])) == 8192


@pytest.mark.parametrize("data", [b"x" * 8193, b"caf\xe9", b"\xed\xa0\x80"])
def test_input_that_is_no_body_is_refused(monkeypatch: pytest.MonkeyPatch, data: bytes) -> None:
    give(monkeypatch, data)

    with pytest.raises(BadArgument) as caught:
        body_of(["-"])
    assert caught.value.field == "body"


def test_a_closed_input_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", None)

    with pytest.raises(BadArgument):
        body_of(["-"])
