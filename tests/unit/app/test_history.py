from __future__ import annotations

from typing import Any

import pytest

from helpers.fakes import ALICE, BOB, CAROL, World
from oxtail.app import history
from oxtail.app.context import Context
from oxtail.app.history import Filters, Scope
from oxtail.core.address import Route
from oxtail.core.envelope import Envelope
from oxtail.core.history import Problem, Record
from oxtail.core.names import hash32, session_box
from oxtail.errors import BadArgument, MessageNotFound, TargetNotFound

DAVE = "44444444-4444-4444-8444-444444444444"


class Story:
    """Alice and Bob work in /project, Carol elsewhere; Dave is known to no registry."""

    def __init__(self) -> None:
        self.world = World()
        self.alice = self.world.context(ALICE, pid=1, name="alice")
        self.world.context(BOB, pid=2, name="bob", cwd="/project/sub")
        self.world.context(CAROL, pid=3, cwd="/elsewhere")
        self.count = 0

    def say(self, sender: str | None, receiver: str, body: str = "hello", **members: Any) -> str:
        self.count += 1
        self.world.clock.advance(1)
        message_id = f"{self.count:016x}"
        envelope = Envelope(
            message_id, body, int(self.world.clock.now()), from_session_id=sender, **members
        )
        self.world.store.put(Route(session_box(receiver), receiver, None), envelope)
        return message_id


@pytest.fixture
def story() -> Story:
    return Story()


def ids(page: history.Page) -> list[str]:
    return [record.message.id for record in page.records]


def log(ctx: Context, *, limit: int = 50, **filters: Any) -> list[str]:
    return ids(history.log(ctx, Filters(**filters), limit=limit))


def test_a_project_is_what_its_sessions_received(story: Story) -> None:
    one = story.say(ALICE, BOB)
    two = story.say(BOB, ALICE)
    elsewhere = story.say(None, CAROL)
    forgotten = story.say(ALICE, DAVE)

    assert log(story.alice) == [one, two]
    assert log(story.alice, everywhere=True) == [one, two, elsewhere, forgotten]
    assert log(story.alice, project="/elsewhere") == [elsewhere]


def test_a_session_that_has_left_still_belongs_to_its_project(story: Story) -> None:
    one = story.say(ALICE, BOB)
    del story.world.entries[2]

    assert log(story.alice) == [one]


def test_a_page_names_its_sessions_and_says_what_is_left_out(story: Story) -> None:
    story.say(ALICE, BOB)
    last = story.say(ALICE, BOB)

    page = history.log(story.alice, Filters(), limit=1)

    assert (ids(page), page.is_cut) == ([last], True)
    (row,) = page.as_dict()["messages"]
    assert (row["from_name"], row["to_name"]) == ("alice", "bob")
    assert history.log(story.alice, Filters(), limit=2).is_cut is False
    assert history.log(story.alice, Filters(), limit=0).records == ()


@pytest.mark.parametrize("who", [BOB, "bob", hash32(BOB)])
def test_a_peer_is_an_id_a_name_or_a_ledger(story: Story, who: str) -> None:
    to, sent = story.say(ALICE, BOB), story.say(BOB, ALICE)
    story.say(None, ALICE)

    expected = [to] if who == hash32(BOB) else [to, sent]
    assert log(story.alice, peer=who) == expected


def test_a_name_that_several_sessions_had_means_all_of_them(story: Story) -> None:
    earlier = "bob-of-yesterday"
    story.world.context(earlier, pid=9, name="bob")
    del story.world.entries[9]
    one, two = story.say(ALICE, earlier), story.say(ALICE, BOB)

    assert log(story.alice, peer="bob") == [one, two]


def test_a_session_is_followed_through_its_ids(story: Story) -> None:
    story.alice.lineage.record("bob-0", BOB, "test")
    one, two = story.say(ALICE, "bob-0"), story.say(ALICE, BOB)

    assert log(story.alice) == [one, two]
    assert log(story.alice, peer="bob") == [one, two]
    assert log(story.alice, peer="bob-0") == [one, two]


def test_a_peer_that_nobody_knows(story: Story) -> None:
    one = story.say(DAVE, ALICE)

    with pytest.raises(TargetNotFound):
        log(story.alice, peer="dave")
    with pytest.raises(BadArgument):
        log(story.alice, peer="")
    assert log(story.alice, peer=DAVE) == [one]
    assert log(story.alice, peer="dave", everywhere=True) == []


def test_a_thread_is_found_across_ledgers(story: Story) -> None:
    question = story.say(ALICE, BOB, request_id="r1")
    story.say(ALICE, BOB)
    answer = story.say(BOB, ALICE, reply_to="r1")

    assert log(story.alice, thread=answer) == [question, answer]
    assert log(story.alice, thread="r1", limit=1) == [answer]
    assert log(story.alice, thread="r1", peer="bob", since=int(story.world.clock.now())) == [answer]
    with pytest.raises(MessageNotFound):
        log(story.alice, thread="nothing")


def test_a_thread_goes_on_under_the_new_id_of_a_session(story: Story) -> None:
    question = story.say(ALICE, "bob-0", request_id="r1")
    answer = story.say(BOB, ALICE, reply_to="r1")
    story.alice.lineage.record("bob-0", BOB, "test")

    assert log(story.alice, thread="r1") == [question, answer]


def test_search_has_the_same_filters(story: Story) -> None:
    story.say(ALICE, BOB, "the linter says no", request_id="r1")
    wanted = story.say(BOB, ALICE, "which linter?", reply_to="r1")
    story.say(None, ALICE, "linter")
    filters = Filters(thread="r1", peer=BOB)

    assert ids(history.search(story.alice, "linter which", filters, limit=5)) == [wanted]
    page = history.search(story.alice, "linter", filters, limit=1)
    assert (ids(page), page.is_cut) == ([wanted], True)
    with pytest.raises(BadArgument):
        history.search(story.alice, "?!", Filters(), limit=1)


def test_an_export_is_everything_that_matches(story: Story) -> None:
    everything = [story.say(ALICE, BOB) for _ in range(60)]

    scope, records = history.export(story.alice, Filters(), list[Problem]().append)

    assert scope.project_root == "/project"
    assert [record.message.id for record in records] == everything


# ---------------------------------------------------------------------- follow


class Follower:
    """Follows; *steps* happen one by one while it waits, and the last one ends it."""

    def __init__(self, story: Story, *steps: Any, limit: int = 50, **filters: Any) -> None:
        self.shown: list[str] = []
        self.names: list[str | None] = []
        self._steps = list(steps)
        history.follow(
            story.alice._replace(store=_NoWait(story.world.store)),
            Filters(**filters),
            self._emit,
            list[Problem]().append,
            limit=limit,
            goes_on=self._goes_on,
        )

    def _emit(self, record: Record, scope: Scope) -> None:
        self.shown.append(record.message.id)
        self.names.append(scope.names.get(record.receiver or ""))

    def _goes_on(self) -> bool:
        if not self._steps:
            return False
        self._steps.pop(0)()
        return True


class _NoWait:
    """A store whose bells ring at once."""

    def __init__(self, store: Any) -> None:
        self._store = store

    def bell(self, boxes: Any, **options: Any) -> Any:
        return self

    def __enter__(self) -> Any:
        return self

    def __exit__(self, *exc: object) -> None:
        return None

    def wait(self, timeout: float) -> bool:
        return True


def test_following_shows_the_newest_and_then_what_comes(story: Story) -> None:
    story.say(ALICE, BOB)
    two = story.say(ALICE, BOB)
    later: list[str] = []

    def come() -> None:
        later.extend((story.say(ALICE, BOB), story.say(BOB, ALICE)))

    found = Follower(story, come, lambda: None, come, limit=1)

    assert found.shown == [two, *later]
    assert len(later) == 4


def test_following_none_of_the_past(story: Story) -> None:
    story.say(ALICE, BOB)
    later: list[str] = []

    found = Follower(story, lambda: later.append(story.say(ALICE, BOB)), limit=0)

    assert found.shown == later


def test_following_shows_what_is_new_of_a_session_that_comes(story: Story) -> None:
    story.say(None, "newcomer")
    story.world.clock.advance(1)
    later: list[str] = []

    def come() -> None:
        story.world.context("newcomer", pid=8, name="new")
        later.append(story.say(ALICE, "newcomer"))

    found = Follower(story, come)

    assert found.shown == later
    assert found.names == ["new"]


def test_following_a_thread_takes_up_what_joins_it(story: Story) -> None:
    question = story.say(ALICE, BOB, request_id="r1")
    later: list[str] = []

    def come() -> None:
        story.say(ALICE, BOB)
        later.append(story.say(BOB, ALICE, reply_to="r1"))
        later.append(story.say(ALICE, BOB, source_message_id=later[0]))

    found = Follower(story, come, lambda: None, thread=question, peer="bob")

    assert found.shown == [question, *later]


def test_following_says_a_problem_once(story: Story) -> None:
    said: list[Problem] = []
    past = story.alice.history

    class Troubled:
        def after(self, mark: Any, wanted: Any) -> Any:
            wanted.report(Problem("hash", "torn"))
            return past.after(mark, wanted)

    steps = [True, True, False]
    history.follow(
        story.alice._replace(store=_NoWait(None), history=Troubled()),  # type: ignore[arg-type]
        Filters(),
        lambda record, scope: None,
        said.append,
        limit=5,
        goes_on=lambda: steps.pop(0),
    )

    assert said == [Problem("hash", "torn")]
