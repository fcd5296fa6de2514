"""Agents and their forks, any history: a question is answered once or open, work has one state.

Agents send, delegate, ask, reply and close work; their processes die at any call of a port, start
again, get new session ids, resume old ones and fork, and the clock steps both ways.  The model
knows only what agents were told: what was ok must arrive, whatever died meanwhile.
"""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)

from helpers.colony import Agent, Colony
from helpers.depth import examples
from helpers.forks import fork_of_one_that_runs, fork_of_two
from helpers.promises import Job, Keyed, Question, check_question, steps
from oxtail.app import ask as asking
from oxtail.app import read as reading
from oxtail.app import send as sending
from oxtail.app import work as working
from oxtail.core.envelope import Envelope
from oxtail.core.names import completion_id, reassigned_id
from oxtail.core.work import State
from oxtail.errors import (
    IdempotencyConflict,
    MessageNotFound,
    NotAnObligation,
    SelfSend,
)

agents = st.integers(0, 6)
others = st.integers(1, 2)


picks = st.integers(0, 1_000)
ends = st.sampled_from((State.DONE, State.BLOCKED, State.DECLINED))


class NothingIsLost(RuleBasedStateMachine):
    """The model."""

    kind = "memory"

    @initialize()
    def open(self) -> None:
        self.colony = Colony(self.kind)
        self.promised: dict[str, Agent] = {}
        self.jobs: list[Job] = []
        self.tried: dict[str, set[State]] = {}
        self.keyed: list[Keyed] = []
        self.keys: dict[str, str] = {}
        self.answered: set[str] = set()
        self.answers: dict[str, set[str]] = {}
        self.unanswered: list[Question] = []
        self.count = 0

    def teardown(self) -> None:
        if hasattr(self, "colony"):
            try:
                self.settle()
                self.check()
            finally:
                self.colony.close()

    # ------------------------------------------------------------------ helpers

    def text(self) -> str:
        self.count += 1
        return f"text {self.count}"

    def address(self, agent: Agent, pick: int) -> str:
        """Any id that *agent* has had since it was last heard of leads to it."""
        self.colony.running(agent)
        return agent.ids[-1 - pick % min(len(agent.ids), 3)]

    def here(self, agent: Agent) -> list[Envelope]:
        """Return the letters that the conversation of *agent* which runs has received."""
        self.colony.running(agent)
        return [
            each
            for each in agent.letters.values()
            if any(agent.store.lookup(mine, each.id) for mine in agent.ids)
        ]

    def promise(self, result: Any, receiver: Agent) -> None:
        if result is not None:
            assert self.promised.setdefault(result.message_id, receiver) is receiver

    def show(self, agent: Agent, step: Any = None) -> int:
        """Let *agent* read; return how many messages it was shown."""

        def emit(result: Any) -> None:
            for message in result.messages:
                agent.see(message)

        before = agent.shown.total()
        self.colony.attempt(agent, lambda ctx: reading.read(ctx, emit), step)
        return agent.shown.total() - before

    # ------------------------------------------------------------------ mail

    @rule(who=agents, other=others, pick=picks, step=steps(6))
    def send(self, who: int, other: int, pick: int, step: Any) -> None:
        agent, peer = self.colony.pair(who, other)
        target = self.address(peer, pick)
        body = self.text()
        result = self.colony.attempt(agent, lambda ctx: sending.send(ctx, target, body), step)
        assert result is None or result.target_session_id == peer.now, "to another conversation"
        self.promise(result, peer)

    @rule(who=agents, step=steps(13))
    def read(self, who: int, step: Any) -> None:
        self.show(self.colony.agent(who), step)

    @rule(who=agents, pick=picks, step=steps(12))
    def reply(self, who: int, pick: int, step: Any) -> None:
        agent = self.colony.agent(who)
        self.show(agent)
        open_letters = [
            m
            for m in self.here(agent)
            if m.from_session_id and m.id not in self.answered and not m.action_required
        ]
        if open_letters:
            self.answer(agent, open_letters[pick % len(open_letters)], step)

    def answer(self, agent: Agent, letter: Envelope, step: Any = None) -> None:
        self.answered.add(letter.id)
        body = self.text()
        result = self.colony.attempt(agent, lambda ctx: sending.reply(ctx, letter.id, body), step)
        self.promise(result, self.colony.sender_of(letter))
        if letter.request_id:
            sent = self.answers.setdefault(letter.request_id, set())
            sent.add(result.message_id if result is not None else "perhaps")

    # ------------------------------------------------------------------ questions

    @rule(who=agents, other=others, pick=picks, answers=st.booleans(), step=steps(29))
    def ask(self, who: int, other: int, pick: int, answers: bool, step: Any) -> None:
        agent, peer = self.colony.pair(who, other)
        target = self.address(peer, pick)
        body = self.text()
        results: list[Any] = []

        def answer() -> None:
            self.show(peer)
            letter = next((m for m in peer.letters.values() if m.body == body), None)
            if letter:
                self.answer(peer, letter)

        def emit(result: Any) -> None:
            results.append(result)
            if result.reply:
                agent.see(result.reply)

        agent.meanwhile = [answer] if answers else []
        self.colony.attempt(
            agent, lambda ctx: asking.ask(ctx, target, body, emit, timeout_ms=2_000), step
        )
        agent.meanwhile = []
        if results and results[0].reply is None:
            now = self.colony.clock.now()
            self.unanswered.append(Question(results[0].request_id, agent, now))
            self.promised[results[0].message_id] = peer

    # ------------------------------------------------------------------ work

    @rule(who=agents, other=others, pick=picks, due=st.booleans(), step=steps(13))
    def delegate(self, who: int, other: int, pick: int, due: bool, step: Any) -> None:
        agent, peer = self.colony.pair(who, other)
        keyed = Keyed(agent, peer, f"key {self.count}", self.text(), set(), set())
        self.keyed.append(keyed)
        self._delegate(keyed, pick, due, step)

    def delegate_to(self, agent: Agent, requester: Agent) -> None:
        """Have *agent* read work that it owes to *requester*."""
        keyed = Keyed(requester, agent, f"key {self.count}", self.text(), set(), set())
        self._delegate(keyed, 0, False, None)
        self.show(agent)

    @rule(pick=picks, old=picks, step=steps(13))
    def delegate_again(self, pick: int, old: int, step: Any) -> None:
        if not self.keyed:
            return
        keyed = self.keyed[old % len(self.keyed)]
        # A key is its conversation's, and another receiver is another message.
        if keyed.senders <= {*keyed.agent.ids} and keyed.receivers <= {*keyed.peer.ids}:
            self._delegate(keyed, pick, False, step)

    def _delegate(self, keyed: Keyed, pick: int, due: bool, step: Any) -> None:
        agent, peer, key, body, senders, receivers = keyed
        senders.add(agent.now)
        receivers.add(peer.now)
        target = self.address(peer, pick)
        deadline = int(self.colony.clock.now()) + 600 if due else None
        try:
            result = self.colony.attempt(
                agent,
                lambda ctx: sending.send(
                    ctx,
                    target,
                    body,
                    action_required=True,
                    deadline=deadline,
                    idempotency_key=key,
                ),
                step,
            )
        except IdempotencyConflict:
            raise AssertionError("the same try was taken for another") from None
        if result is None:
            return
        self.promise(result, peer)
        assert result.obligation_durable
        assert self.keys.setdefault(key, result.message_id) == result.message_id
        if result.message_id not in {job.message_id for job in self.jobs}:
            self.jobs.append(Job(result.message_id, agent, peer))

    @rule(who=agents, pick=picks, end=ends, other=others, step=steps(16))
    def close(self, who: int, pick: int, end: State, other: int, step: Any) -> None:
        self._close(*self.colony.pair(who, other), pick, end, step)

    @rule(who=agents, pick=picks, other=others, step=steps(20))
    def hand_on(self, who: int, pick: int, other: int, step: Any) -> None:
        self._close(*self.colony.pair(who, other), pick, State.REASSIGNED, step)

    def _close(self, agent: Agent, peer: Agent, pick: int, end: State, step: Any) -> None:
        self.show(agent)
        if not any(m.action_required and m.id not in self.tried for m in self.here(agent)):
            self.delegate_to(agent, peer)
        owed = [m for m in self.here(agent) if m.action_required]
        # Mostly work that is open as far as anybody was told, sometimes some that is not.
        fresh = [m for m in owed if m.id not in self.tried] or owed
        letter, text = (owed if pick % 4 == 0 else fresh)[pick % len(fresh)], self.text()
        # Mostly somebody who did not give the work.
        third = next(
            a for a in self.colony.agents if a not in (agent, self.colony.sender_of(letter))
        )
        target = self.address(peer if pick % 5 == 0 else third, 0)

        def act(ctx: Any) -> Any:
            if end is State.DONE:
                return working.complete(ctx, letter.id, text)
            if end is State.REASSIGNED:
                return working.reassign(ctx, letter.id, target, text)
            verb = working.block if end is State.BLOCKED else working.decline
            return verb(ctx, letter.id, text)

        try:
            result = self.colony.attempt(agent, act, step)
        except SelfSend:
            return  # the requester does not take its own work
        tried = self.tried.setdefault(letter.id, set())
        if result is None:
            tried.add(end)
        elif not result.already_closed:
            assert not result.parked
            tried.add(end)

    @rule(who=agents, word=st.sampled_from(("ffffffffffffffff", "x", "../x")))
    def close_what_is_no_work(self, who: int, word: str) -> None:
        agent = self.colony.agent(who)
        letters = [m.id for m in agent.letters.values() if not m.action_required]
        for message_id in (word, *letters[:1]):
            try:
                self.colony.attempt(agent, lambda ctx: working.complete(ctx, message_id, "x"))  # noqa: B023
            except (MessageNotFound, NotAnObligation):
                continue
            raise AssertionError("it was closed")

    # ------------------------------------------------------------------ lives

    @rule(who=agents, in_order=st.booleans())
    def restart(self, who: int, in_order: bool) -> None:
        agent = self.colony.agent(who)
        (self.colony.leave if in_order else self.colony.kill)(agent)

    @rule(who=agents, step=steps(3))
    def clear(self, who: int, step: Any) -> None:
        self._clear(self.colony.agent(who), step)

    def _clear(self, agent: Agent, step: Any) -> None:
        self.colony.running(agent)
        new = agent.new_id(len(agent.ever))
        self.colony.attempt(agent, lambda ctx: ctx.session.named_by_hook(new), step)
        # The next hook of the conversation names the id again, to whatever server runs then.
        self.colony.attempt(agent, lambda ctx: ctx.session.named_by_hook(new))
        agent.follow(new)

    def some_id(self, agent: Agent, pick: int) -> str:
        """Return an id that *agent* has had; it has had several."""
        if len(agent.ever) == 1:
            self._clear(agent, None)
        return agent.ever[pick % len(agent.ever)]

    @rule(who=agents, pick=picks, in_order=st.booleans())
    def resume(self, who: int, pick: int, in_order: bool) -> None:
        """Leave the conversation, and resume it or another one in a new process."""
        agent = self.colony.agent(who)
        old = self.some_id(agent, pick)
        (self.colony.leave if in_order else self.colony.kill)(agent)
        agent.resume(old)

    @rule(who=agents, pick=picks, step=steps(3))
    def go_back(self, who: int, pick: int, step: Any) -> None:
        """Switch to an earlier conversation in the process that runs."""
        agent = self.colony.agent(who)
        old = self.some_id(agent, pick)
        self.colony.running(agent)
        self.colony.attempt(agent, lambda ctx: ctx.session.named_by_hook(old), step)
        self.colony.attempt(agent, lambda ctx: ctx.session.named_by_hook(old))
        agent.follow(old)

    @precondition(lambda self: len(self.colony.agents) < 7)
    @rule(who=agents, first=st.integers(0, 1), step=steps(3))
    def fork(self, who: int, first: int, step: Any) -> None:
        """Go on from one conversation in two processes: one of them has its past."""
        fork_of_two(self.colony, self.colony.agent(who), first, step)

    @precondition(lambda self: len(self.colony.agents) < 7)
    @rule(who=agents, in_order=st.booleans(), step=steps(3))
    def fork_while_it_runs(self, who: int, in_order: bool, step: Any) -> None:
        """Go on from a conversation that runs in another process, which has no past."""
        fork_of_one_that_runs(self.colony, self.colony.agent(who), in_order, step)

    @rule(seconds=st.sampled_from((-600, -1, 1, 30, 600, 4_000)))
    def step_clock(self, seconds: int) -> None:
        self.colony.clock.advance(seconds)

    # ------------------------------------------------------------------ the end

    def settle(self) -> None:
        """Let everybody finish what was begun, and read all mail, in all conversations."""
        for agent in self.colony.each_conversation():
            self.colony.attempt(agent, working.open_work)
        while sum(self.show(agent) for agent in self.colony.each_conversation()):
            continue

    def check(self) -> None:
        for message_id, receiver in self.promised.items():
            assert receiver.shown[message_id] >= 1, (message_id, "was promised and never came")
        for agent in self.colony.agents:
            if not self.colony.deaths:
                assert set(agent.shown.values()) <= {1}
            for message_id in agent.shown:
                assert self.promised.get(message_id, agent) is agent, "shown to somebody else"
        for job in self.jobs:
            self.check_job(job)
        for question in self.unanswered:
            check_question(self.colony, question, self.answers.get(question.request_id, set()))

    def check_job(self, job: Job) -> None:
        ctx = self.colony.running(job.owner)
        owed = ctx.work.find(job.owner.ever, job.message_id)
        assert owed is not None
        assert owed.is_work
        is_listed = job.message_id in {o.message.id for o in ctx.work.open_of(job.owner.ever)}
        tried = self.tried.get(job.message_id, set())
        completions = job.requester.shown[completion_id(job.message_id)]
        if owed.state is State.OPEN:
            assert is_listed
            assert not completions
            return
        assert not is_listed
        assert owed.state in tried
        if owed.state is State.REASSIGNED:
            assert not completions
            heir = next(a for a in self.colony.agents if owed.to in a.ever)
            self.check_job(Job(reassigned_id(job.message_id), job.requester, heir))
        else:
            assert completions >= 1


class OnFiles(NothingIsLost):
    """The same on files."""

    kind = "files"


QUICK = settings(
    max_examples=examples(40),
    stateful_step_count=30,
    deadline=None,
    database=None,
    print_blob=True,
    suppress_health_check=list(HealthCheck),
)


@pytest.mark.parametrize("machine", [NothingIsLost, OnFiles])
def test_nothing_is_lost(machine: type[NothingIsLost]) -> None:
    run_state_machine_as_test(machine, settings=QUICK)  # type: ignore[no-untyped-call]


@pytest.mark.slow
@pytest.mark.parametrize("machine", [NothingIsLost, OnFiles])
def test_nothing_is_lost_in_long_histories(machine: type[NothingIsLost]) -> None:
    run_state_machine_as_test(  # type: ignore[no-untyped-call]
        machine, settings=settings(QUICK, max_examples=examples(40), stateful_step_count=60)
    )
