from __future__ import annotations

import pytest

from oxtail.config import WAKE_STRATEGIES
from oxtail.core.entry import CLIENT_TYPES
from oxtail.wake.keystrokes import WAKE_TEXT, WAKE_TEXT_MAX_BYTES, recipe_for


def test_the_wake_text_is_one_short_line_that_tells_the_whole_protocol() -> None:
    assert len(WAKE_TEXT.encode()) < WAKE_TEXT_MAX_BYTES
    assert WAKE_TEXT.isprintable()
    assert WAKE_TEXT.startswith("oxtail")
    assert not WAKE_TEXT.endswith(";")
    for tool in ("read_my_messages", "reply_to_message", "complete_work", "block_work"):
        assert tool in WAKE_TEXT


@pytest.mark.parametrize("client", [*CLIENT_TYPES, "something new"])
def test_each_client_has_a_recipe_unless_waking_is_off(client: str) -> None:
    recipes = {strategy: recipe_for(strategy, client) for strategy in WAKE_STRATEGIES}
    assert recipes["off"] is None
    assert recipes["auto"] is not None
    assert recipes["auto"].paste
    assert recipes["legacy"] is not None
    assert not recipes["legacy"].paste


def test_the_second_enter_comes_after_the_time_in_which_codex_takes_it_for_a_paste() -> None:
    codex = recipe_for("legacy", "codex")
    assert codex is not None
    assert codex.enter_again_seconds > 0.12
