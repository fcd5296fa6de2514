"""``oxtail log``: the messages of the past, and with ``--follow`` those that come."""

from __future__ import annotations

import select
import sys
from typing import TYPE_CHECKING

from oxtail.app.history import follow, log, record_dict
from oxtail.cli.opening import looking
from oxtail.cli.output import INTERRUPTED, Outcome, Output
from oxtail.cli.past import filters_of, page_text, remark_of, remarks_of, text_of
from oxtail.errors import OutputFailed

if TYPE_CHECKING:
    from oxtail.app.context import Context
    from oxtail.app.history import Filters, Scope
    from oxtail.cli.parser import Options
    from oxtail.core.history import Problem, Record


class _Reader:
    """Tells whether anybody still reads standard output."""

    def __init__(self) -> None:
        self._poll = select.poll()
        try:
            # No event is asked for: errors are reported all the same.
            self._poll.register(sys.stdout.fileno(), 0)
        except (AttributeError, OSError, ValueError):
            return  # it is no file, so nothing is known of its reader

    def is_there(self) -> bool:
        gone = select.POLLERR | select.POLLHUP
        return not any(event & gone for _, event in self._poll.poll(0))


def _follow(ctx: Context, filters: Filters, limit: int, output: Output) -> Outcome:
    is_first = True

    def emit(record: Record, scope: Scope) -> None:
        nonlocal is_first
        gap = "" if is_first else "\n"
        is_first = False
        output.show(Outcome(record_dict(record, scope), gap + text_of(record, scope)))

    def report(problem: Problem) -> None:
        output.remark(remark_of(problem))

    exit_status = 0
    try:
        follow(ctx, filters, emit, report, limit=limit, goes_on=_Reader().is_there)
    except KeyboardInterrupt:
        exit_status = INTERRUPTED  # the usual end
    except OutputFailed as error:
        if not isinstance(error.__cause__, BrokenPipeError):
            raise
    return output.ended(exit_status)


def run(options: Options, output: Output) -> Outcome:
    """Show the messages."""
    ctx = looking(options)
    filters = filters_of(options, ctx.clock.now())
    if options.follow:
        return _follow(ctx, filters, options.limit, output)
    page = log(ctx, filters, limit=options.limit)
    return Outcome(page.as_dict(), page_text(page), remark=remarks_of(page, "log"))
