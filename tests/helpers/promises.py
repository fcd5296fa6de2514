"""What the agents of a :class:`~helpers.colony.Colony` were told, and when they die."""

from __future__ import annotations

from hypothesis import strategies as st

from helpers.colony import Agent, Colony
from oxtail.core.value import Value

TTL_SECONDS = 3_600


def steps(calls: int) -> st.SearchStrategy[tuple[int, bool] | None]:
    """Die at no call, or before or after one of *calls*, about as many as a use case makes."""
    return st.none() | st.tuples(st.integers(1, calls), st.booleans())


class Job(Value):
    """Work that its requester was told is durable."""

    message_id: str
    requester: Agent
    owner: Agent


class Question(Value):
    """A question whose asker was told that nobody answered in time."""

    request_id: str
    asker: Agent
    asked_at: float


class Keyed(Value):
    """A delegation under an idempotency key, and from and to which ids it was tried."""

    agent: Agent
    peer: Agent
    key: str
    body: str
    senders: set[str]
    receivers: set[str]


def check_question(colony: Colony, question: Question, sent: set[str]) -> None:
    """Assert that *question* was answered once by one of *sent*, or that it is open.

    ``perhaps`` in *sent* stands for an answer of a process that died over it.
    """
    letters = question.asker.letters.values()
    seen = {m.id for m in letters if m.reply_to == question.request_id}
    assert len(seen) <= 1
    if sent:
        assert seen == sent or "perhaps" in sent
        return
    assert not seen
    ctx = colony.running(question.asker)
    if abs(colony.clock.now() - question.asked_at) < TTL_SECONDS - 1_000:
        pending = {
            ask.request_id for each in question.asker.ever for ask in ctx.store.pending_asks(each)
        }
        assert question.request_id in pending
