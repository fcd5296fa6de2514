"""``oxtail reply``: answer a message by its id."""

from __future__ import annotations

from typing import TYPE_CHECKING

from oxtail.app.send import reply
from oxtail.cli.bodies import body_of
from oxtail.cli.opening import acting
from oxtail.cli.send import describe

if TYPE_CHECKING:
    from oxtail.cli.output import Outcome, Output
    from oxtail.cli.parser import Options


def run(options: Options, output: Output) -> Outcome:  # noqa: ARG001 - as all verbs
    """Send the answer."""
    body = body_of(options.body)
    with acting(options, needs_identity=True) as ctx:
        result = reply(ctx, options.message_id, body, wake=options.wake)
    return describe(result, "its sender")
