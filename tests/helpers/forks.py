"""Two processes that go on from one conversation, as a client makes them of a fork."""

from __future__ import annotations

from helpers.colony import Agent, Colony

Step = tuple[int, bool] | None


def name(colony: Colony, process: Agent, fork: str, step: Step = None) -> None:
    """Let the hooks of a client tell *process* that it is *fork*; it may die over it.

    If it does, the next process of this conversation begins with the id that the client knows.
    """
    colony.attempt(process, lambda ctx: ctx.session.named_by_hook(fork), step)
    process.now = fork
    hook(colony, process)


def hook(colony: Colony, process: Agent) -> None:
    """Let the next hook of *process* say once more who it is."""
    colony.attempt(process, lambda ctx: ctx.session.named_by_hook(process.now))


def begin(colony: Colony, conversation: str) -> tuple[Agent, str]:
    """Start a process as *conversation*; return it and the id that it will have."""
    process = colony.newcomer()
    fork, process.now = process.now, conversation
    colony.start(process)
    return process, fork


def past(colony: Colony, process: Agent) -> tuple[str, ...]:
    """Return the earlier ids for which *process* goes on."""
    return colony.running(process).session.ids()[1:]


def fork_of_two(colony: Colony, agent: Agent, first: int, step: Step) -> None:
    """Go on from the conversation of *agent*, which does not run, in two processes at once.

    One of them is *agent* from then on, unless one has died over it; the other one is somebody
    new, who knows nothing.
    """
    old = agent.now
    colony.leave(agent)
    deaths = colony.deaths
    pair = [begin(colony, old), begin(colony, old)]
    if first:
        pair.reverse()
    for (process, fork), dies in zip(pair, (step, None), strict=True):
        name(colony, process, fork, dies)
    for process, _ in pair:
        hook(colony, process)
    heirs = [process for process, _ in pair if old in past(colony, process)]
    assert len(heirs) <= 1, "both inherit"
    assert heirs or colony.deaths > deaths, "nobody inherits"
    for heir in heirs:
        # The conversation of the agent goes on in this process.
        agent.follow(heir.now)
        agent.take(heir)
        colony.agents.remove(heir)


def fork_of_one_that_runs(colony: Colony, agent: Agent, in_order: bool, step: Step) -> None:
    """Go on from the conversation of *agent*, which runs, in another process, and let it end."""
    old = agent.now
    colony.running(agent)
    process, fork = begin(colony, old)
    name(colony, process, fork, step)
    assert past(colony, process) == (), "the past of one that runs"
    (colony.leave if in_order else colony.kill)(agent)
    hook(colony, process)
    assert past(colony, process) == (), "the past of one that may come back"
