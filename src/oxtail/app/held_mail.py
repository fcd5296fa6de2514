"""What policies hold for sessions, as somebody sees it who only looks.

Belongs here: reading held boxes without a lock.  Never here: holding mail or letting it through;
that is in :mod:`oxtail.app.policy`.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from oxtail.core.names import held_box

if TYPE_CHECKING:
    from collections.abc import Iterable

    from oxtail.core.census import BoxView
    from oxtail.ports import Lookout

_held_box_of = lru_cache(maxsize=4_096)(held_box)


def held_for(lookout: Lookout, session_ids: Iterable[str]) -> dict[str, BoxView]:
    """Return what is held for each of *session_ids*, where that is anything.

    A box that has not changed since the last look is not read again.
    """
    views = {each: lookout.box(_held_box_of(each)) for each in session_ids}
    return {each: view for each, view in views.items() if view.letters}
