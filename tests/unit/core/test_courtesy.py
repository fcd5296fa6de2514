"""Which messages only acknowledge."""

from __future__ import annotations

import pytest

from oxtail.core.courtesy import is_content_free
from oxtail.core.governor import COURTESY_MAX_CHARS

EMPTY = [
    "ok",
    "OK!",
    "ok, thanks",
    "Thanks!",
    "Got it, thanks for confirming.",
    "You're welcome!",
    "You\u2019re welcome \U0001f60a",
    "Acknowledged. Standing by.",
    "Thank you so much! Have a great day!",
    "Thanks again, everyone, and bye :)",
    "...",
    " ",
    "\U0001f44d",
    "\U0001f44d\U0001f3fd \U0001f389",
    "\u2764\ufe0f",
    "Danke sehr!",
    "Vielen Dank, bis bald",
    "Merci beaucoup !",
    "\u00a1Gracias!",
    "Grazie mille",
    "Obrigado!",
    "Dank je wel",
    "Спасибо!",
    "Dziękuję bardzo",
    "Teşekkür ederim",
    "شكرا",
    "谢谢\uff01",
    "好的\uff0c谢谢。",
    "ありがとうございます。",
    "감사합니다!",
    "ok\n\nthanks",
]

FULL = [
    "",
    "yes",
    "no",
    "done",
    "agreed",
    "approved",
    "go ahead",
    "hello",
    "please",
    "ok?",
    "ok 1",
    "ok, number ٣",
    "thanks, now merge it",
    "ok deploy",
    "thanks for the patch",
    "ok/thanks",
    "ok.thanks",
    "~/ok",
    "ok\\thanks",
    "`ok`",
    "ok()",
    "ok = thanks",
    "ok -f",
    "--thanks",
    "ok_thanks",
    "#ok",
    "@ok",
    "thanks: ok",
    "and so",
    "\u2753",
    "\u274c",
    "\U0001f6d1",
    "1\ufe0f\u20e3",
    "ok " * 41,
]


@pytest.mark.parametrize("body", EMPTY)
def test_a_courtesy_has_no_content(body: str) -> None:
    assert is_content_free(body)


@pytest.mark.parametrize("body", FULL)
def test_everything_else_has(body: str) -> None:
    assert not is_content_free(body)


def test_the_longest_courtesy() -> None:
    assert is_content_free("ok" + "!" * (COURTESY_MAX_CHARS - 2))
    assert not is_content_free("ok" + "!" * (COURTESY_MAX_CHARS - 1))
