"""What becomes of a question that nobody has answered: the first verdict that applies."""

from __future__ import annotations

from itertools import product

import pytest

from oxtail.core.watchdog import Facts, Verdict, decide, reminder

DUE = Facts(
    answered=False, reachable=True, shown=False, held=False, age=240, attempts=2, grace=240, cap=3
)


@pytest.mark.parametrize(
    ("change", "verdict"),
    [
        ({}, Verdict.WAKE),
        ({"age": 239.9}, Verdict.YOUNG),
        ({"age": -5.0}, Verdict.YOUNG),
        ({"attempts": 3}, Verdict.GAVE_UP),
        ({"held": True}, Verdict.HELD),
        ({"shown": True}, Verdict.SHOWN),
        ({"reachable": False}, Verdict.TARGET_GONE),
        ({"answered": True}, Verdict.ANSWERED),
    ],
)
def test_one_fact_changes_the_verdict(change: dict[str, object], verdict: Verdict) -> None:
    assert decide(DUE._replace(**change)) is verdict


def test_the_first_verdict_that_applies_counts() -> None:
    order = list(Verdict)
    yes_or_no = (False, True)
    for answered, reachable, shown, held, age, attempts in product(
        yes_or_no, yes_or_no, yes_or_no, yes_or_no, (0, 240), (0, 3)
    ):
        facts = Facts(answered, reachable, shown, held, age, attempts, DUE.grace, DUE.cap)
        applies = (answered, not reachable, shown, held, age < 240, attempts >= 3, True)
        assert decide(facts) is order[applies.index(True)]


def test_a_reminder_names_the_work_and_nothing_else() -> None:
    text = reminder(("0123456789abcdef", "evil\nwords"))

    assert text.startswith("[oxtail] 2 pieces of work are overdue")
    assert "0123456789abcdef" in text
    assert "evil" not in text
    assert "\n" not in text
    assert reminder(("0123456789abcdef",)).startswith("[oxtail] 1 piece of work is overdue")


def test_a_reminder_stays_short_however_much_is_overdue() -> None:
    assert len(reminder([f"{number:016x}" for number in range(500)])) < 400
