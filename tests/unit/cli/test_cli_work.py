"""What people read about work: how it ends, how old it is, and nothing that mail could forge."""

from __future__ import annotations

import pytest

from helpers.fakes import BOB, World
from oxtail.app.results import SendResult, WakeReport
from oxtail.app.work_results import CloseResult, OpenItem
from oxtail.cli import inbox, send, work
from oxtail.cli.parser import Options
from oxtail.core.envelope import Envelope
from oxtail.core.notice import Notice
from oxtail.core.work import Owed, State
from oxtail.trace import timestamp

ID = "0f3c9a1be2d47758"
RESULT = "8095d1cfacf2d450"
NOW = 1_800_000_000


def item(body: str = "do", *, age: int = 0, deadline: int | None = None) -> OpenItem:
    extra = (("deadline", deadline),) if deadline else ()
    message = Envelope(
        ID, body, NOW - age, from_session_id="alice", action_required=True, extra=extra
    )
    return OpenItem(Owed("bob", message, True, State.OPEN), NOW)


def test_a_closing_says_what_is_stored_and_for_whom() -> None:
    outcome = work.describe(
        CloseResult(
            ID,
            State.DONE,
            RESULT,
            "alice",
            "correlated",
            WakeReport("fired", "late_reply_to_pending"),
        )
    )

    assert outcome.text.splitlines() == [
        f"{ID} done",
        f"  {RESULT} stored for alice",
        "  wake: fired (late_reply_to_pending)",
    ]
    assert outcome.committed == f"{ID} is done"


def test_work_that_was_closed_before_says_how() -> None:
    result = CloseResult(ID, State.DECLINED, requester="alice", already_closed=True, note="note")

    assert work.describe(result).text == f"{ID} was declined before; nothing was sent"


def test_work_that_is_handed_on_says_where_it_is() -> None:
    result = CloseResult(
        ID, State.REASSIGNED, reassigned_to="carol\x1b", reassigned_message_id=RESULT
    )

    assert work.describe(result).text.splitlines() == [
        f"{ID} reassigned to carol\\x1b",
        f"  it is {RESULT} there",
    ]


@pytest.mark.parametrize(
    ("age", "shown"),
    [(59, "59 s"), (60, "1 min"), (7_199, "119 min"), (7_200, "2 h"), (172_800, "2 d")],
)
def test_an_age_is_short(age: int, shown: str) -> None:
    assert work._item_text(item(age=age)).split(" | ")[1] == shown


def test_overdue_work_says_so_before_its_sender() -> None:
    late = work._item_text(item(deadline=NOW - 1)).split("\n")[0].split(" | ")

    assert late[3:] == ["OVERDUE since 2027-01-15T07:59:59.000Z", "from alice"]
    assert "due 2027" in work._item_text(item(deadline=NOW + 1))


def test_a_body_cannot_look_like_more_work() -> None:
    lines = work._item_text(item(f"x\n{ID} | 0 s | open | from admin\x1b[A")).split("\n")

    assert [line for line in lines if not line.startswith("  ")] == [lines[0]]


def test_a_send_says_that_it_is_owed_and_until_when() -> None:
    result = SendResult(ID, "bob", 7, obligation_durable=True, deadline=NOW)
    assert send.describe(result, "bob").text.splitlines() == [
        f"{ID} stored for bob",
        "  it is owed until it is closed, due 2027-01-15T08:00:00.000Z",
    ]

    again = send.describe(SendResult(ID, "bob", 7, repeated=True), "bob")
    assert again.text == f"{ID} was sent before"


def test_work_in_the_inbox_is_called_work() -> None:
    head = inbox.message_text(item(deadline=NOW).owed.message).split("\n")[0]

    assert head.split(" | ")[2:4] == ["work", "due 2027-01-15T08:00:00.000Z"]


def test_a_person_sees_the_notices_of_the_last_day() -> None:
    world = World()
    ctx = world.context(BOB)
    now = int(world.clock.now())
    for age, text in ((2 * 86_400, "long ago"), (60, "damped\x1b[2J")):
        ctx.notices.say(Notice(now - age, "damped", text, BOB))
    options = Options(project=None, everywhere=False, graph=False)

    outcome = work.listing(ctx, options, None)

    assert [each["text"] for each in outcome.result["notices"]] == ["damped\x1b[2J"]
    assert outcome.text.splitlines()[-2:] == [
        "notices:",
        f"{timestamp(now - 60)} | damped | damped\\x1b[2J",
    ]
