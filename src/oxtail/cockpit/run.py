"""The cockpit in this terminal: put together, run, and the terminal left as it was."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from oxtail.cockpit.app import Cockpit
from oxtail.cockpit.feed import Feed

if TYPE_CHECKING:
    from oxtail.cockpit.actions import Actions
    from oxtail.cockpit.feed import Source
    from oxtail.cockpit.life import Life


def build(
    source: Source,
    actions: Actions,
    *,
    dock: bool = False,
    light: bool = False,
    reads_only: bool = False,
    life: Life | None = None,
) -> Cockpit:
    """Return a cockpit that looks at *source* once it runs."""
    app = Cockpit(actions, time.time, dock=dock, light=light, reads_only=reads_only, life=life)
    app.feed = Feed(source, app.post_message)
    return app


def run(app: Cockpit) -> int:
    """Run *app* until a person quits; return the exit status: 0, or 1 after an error.

    The terminal is restored in any case.
    """
    app.run()
    return app.return_code or 0
