"""Keep that a person knows of trouble, so that a check can become green again.

``docs/formats/acknowledged.md`` is the record; ``docs/concepts.md`` says what counts as trouble.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from oxtail.errors import TargetNotFound

if TYPE_CHECKING:
    from oxtail.app.context import Context
    from oxtail.core.fleet import Fleet
    from oxtail.core.trouble import Part, Trouble


def acknowledge(ctx: Context, fleet: Fleet, target: str | None = None) -> tuple[Trouble, ...]:
    """Keep that a person knows of what is wrong in *fleet*, and return that.

    What comes later counts as new.  What was acknowledged before and is over is forgotten.

    Args:
        ctx: The caller's context.
        fleet: What the person was shown.
        target: An agent or a message that the trouble concerns; all of it without one.

    Raises:
        TargetNotFound: no trouble concerns *target*.
        StoreError: it could not be kept.
    """
    meant = {
        trouble: parts
        for trouble in fleet.troubles
        if (parts := trouble.parts if target is None else _meant(fleet, trouble, target))
    }
    if target is not None and not meant:
        raise TargetNotFound(f"Nothing that is wrong concerns {target}.")
    now = int(ctx.clock.now())
    current = {part.key for trouble in fleet.troubles for part in trouble.parts}
    if fleet.warnings or fleet.truncated:
        # What was not seen this time may not be over.
        current |= ctx.acknowledged.keys(fleet.project_root)
    add = {part.key: now for parts in meant.values() for part in parts}
    ctx.acknowledged.update(fleet.project_root, add, current)
    return tuple(meant)


def _meant(fleet: Fleet, trouble: Trouble, target: str) -> tuple[Part, ...]:
    """Return the parts of *trouble* that concern the agent or message *target*."""
    for session_id in trouble.agents:
        agent = fleet.agent(session_id)
        called = (agent.label, agent.name, agent.short_id) if agent else ()
        if target in (session_id, *called):
            return trouble.parts
    return tuple(part for part in trouble.parts if part.subject == target)
