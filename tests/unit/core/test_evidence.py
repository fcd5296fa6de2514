"""A status is the furthest stage with a proof, and nothing is concluded from a lesser one."""

from __future__ import annotations

from itertools import permutations
from pathlib import Path

import pytest

from oxtail.cli.argument import STAGES as AWAITED_WORDS
from oxtail.core.evidence import (
    AWAITABLE,
    ENDS,
    LINE_LIMIT,
    STAGES,
    TRANSCRIPT_MAX_CHARS,
    Proof,
    Stage,
    furthest,
    has_reached,
    is_over,
    is_place,
    table,
)

ROOT = Path(__file__).parents[3]
ORDER = (
    "stored",
    "carried",
    "offered",
    "held",
    "expired",
    "refused",
    "shown",
    "in_context",
    "answered",
)


def proofs(*words: str) -> tuple[Proof, ...]:
    return tuple(Proof(Stage(word), 7) for word in words)


def test_every_stage_has_its_place_in_one_order() -> None:
    assert set(STAGES) == set(Stage)
    ordered = sorted(Stage, key=lambda stage: STAGES[stage].rank)
    assert tuple(stage.value for stage in ordered) == ORDER
    assert len({meaning.rank for meaning in STAGES.values()}) == len(Stage)


@pytest.mark.parametrize("further", range(1, len(ORDER)))
def test_the_furthest_stage_is_the_status_in_whatever_order_the_proofs_come(further: int) -> None:
    for order in permutations((0, further, further - 1)):
        assert furthest(proofs(*(ORDER[i] for i in order))) is Stage(ORDER[further])


def test_without_a_proof_there_is_no_stage() -> None:
    assert furthest(()) is None
    assert not has_reached(Stage.SHOWN, ())
    assert not is_over(())


def test_a_stage_is_reached_by_a_later_one_and_by_no_end() -> None:
    for wanted in AWAITABLE:
        for word in ORDER:
            reached = has_reached(wanted, proofs("stored", word))
            assert reached == (ORDER.index(word) >= ORDER.index(wanted.value)), (wanted, word)


def test_mail_that_is_held_may_still_come_and_what_is_refused_or_expired_does_not() -> None:
    over = {word for word in ORDER if is_over(proofs("stored", word))}
    assert over == {stage.value for stage in ENDS} == {"refused", "expired"}
    # A copy may have been shown before the other one expired.
    assert not is_over(proofs("expired", "shown"))


def test_the_command_can_wait_for_what_there_is() -> None:
    assert tuple(stage.value for stage in AWAITABLE) == AWAITED_WORDS


def test_a_proof_shows_its_time_only_where_it_has_one() -> None:
    assert Proof(Stage.HELD, None).as_dict() == {"stage": "held"}
    proof = Proof(Stage.OFFERED, 7, (("door", "x"), ("attempt", 1)))
    assert proof.as_dict() == {"stage": "offered", "at": 7, "door": "x", "attempt": 1}


def test_a_place_is_a_line_of_a_file_with_a_possible_name() -> None:
    assert is_place("/t", 1)
    assert not is_place("", 1)
    assert not is_place("/t", 0)
    assert not is_place("/t", LINE_LIMIT)
    assert not is_place("x" * (TRANSCRIPT_MAX_CHARS + 1), 1)


def test_the_page_has_the_table_of_the_code() -> None:
    page = (ROOT / "docs" / "formats" / "evidence.md").read_text(encoding="utf-8")
    assert table() in page
