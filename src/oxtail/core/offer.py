"""What became of a text that was offered through a door."""

from __future__ import annotations

from oxtail.core.value import Value


class Offer(Value):
    """What became of a text that was offered through a session's own door.

    Attributes:
        outcome: ``accepted``, ``unavailable`` or ``failed``; :data:`oxtail.core.wake.OFFERS` says
            what each means.
        detail: Why, for the trace and for ``oxtail doctor``; holds no secret and no text.
    """

    outcome: str
    detail: str = ""
