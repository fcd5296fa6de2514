"""Whether a question has been answered, as the ledgers tell."""

from __future__ import annotations

from typing import TYPE_CHECKING

from oxtail.app.ids import all_ids

if TYPE_CHECKING:
    from oxtail.app.context import Context
    from oxtail.core.correlation import Ask


def is_answered(ctx: Context, ask: Ask) -> bool:
    """Tell whether an answer to *ask* is in a ledger of its asker, under any of their ids.

    A record of a peer that does not name the target is never found answered.

    Raises:
        StoreError: a ledger cannot be read.
    """
    if not (ask.target and ask.request_id):
        return False
    askers, targets = (all_ids(ctx, each) for each in (ask.session_id, ask.target))
    return any(
        ctx.store.answers(asker, ask.request_id, target) for asker in askers for target in targets
    )
