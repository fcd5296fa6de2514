"""``oxtail search``: the messages of the past that hold some words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from oxtail.app.history import search
from oxtail.cli.opening import looking
from oxtail.cli.output import Outcome, Output
from oxtail.cli.past import filters_of, page_text, remarks_of

if TYPE_CHECKING:
    from oxtail.cli.parser import Options


def run(options: Options, output: Output) -> Outcome:  # noqa: ARG001 - as all verbs
    """Show the messages."""
    ctx = looking(options)
    filters = filters_of(options, ctx.clock.now())
    page = search(ctx, " ".join(options.query), filters, limit=options.limit)
    return Outcome(page.as_dict(), page_text(page), remark=remarks_of(page, "search"))
