"""Which of the queued messages one read takes.

The rule: oldest first, whole, and nothing overtakes.  The first message that does not fit ends the
read, so that a small late message never arrives before a large early one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from oxtail.core.value import Value

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from oxtail.core.envelope import Envelope


class Selection(Value):
    """What one read takes.

    Attributes:
        taken: Ids, oldest first.
        deferred: How many messages stay queued because of the budgets.
        reserved: How many are left alone because somebody else waits for them.
    """

    taken: tuple[str, ...]
    deferred: int
    reserved: int


def nothing_reserved(message: Envelope) -> bool:  # noqa: ARG001 - the form of a test for messages
    """Return False: the reader may take every message."""
    return False


def choose(
    messages: Sequence[Envelope],
    *,
    max_messages: int,
    max_body_bytes: int,
    reserved: Callable[[Envelope], bool] = nothing_reserved,
) -> Selection:
    """Pick from *messages*, which are in box order.

    Messages of the same second keep their box order.  At least one message is taken if there is
    one that is not reserved, however large it is.

    Args:
        messages: What is queued; a repeated id counts once.
        max_messages: Most messages to take.
        max_body_bytes: Most UTF-8 bytes of bodies to take.
        reserved: Tells whether a message is to be left for somebody who waits for it.
    """
    queue: dict[str, Envelope] = {}
    for message in messages:
        queue.setdefault(message.id, message)
    free = [message for message in queue.values() if not reserved(message)]
    free.sort(key=lambda message: message.enqueued_at)
    taken: list[str] = []
    room = max_body_bytes
    for message in free:
        size = message.body_bytes
        if taken and (len(taken) >= max_messages or size > room):
            break
        taken.append(message.id)
        room -= size
    return Selection(tuple(taken), len(free) - len(taken), len(queue) - len(free))


def shortened(
    selection: Selection,
    messages: Sequence[Envelope],
    fits: Callable[[Sequence[Envelope], int], bool],
) -> Selection:
    """Return *selection* without its last messages, as far as they do not fit together.

    Args:
        selection: What was picked from *messages*.
        messages: What is queued.
        fits: Tells whether these messages fit, with so many left queued; more never fit where
            fewer do not.
    """
    given = {message.id: message for message in messages}
    taken = [given[each] for each in selection.taken]
    while len(taken) > 1:
        dropped = len(selection.taken) - len(taken)
        if fits(taken, selection.deferred + dropped):
            break
        taken.pop()
    dropped = len(selection.taken) - len(taken)
    return Selection(
        selection.taken[: len(taken)], selection.deferred + dropped, selection.reserved
    )
