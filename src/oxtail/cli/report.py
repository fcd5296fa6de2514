"""``oxtail report``: a fleet's history as one page of HTML."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

from oxtail.app.report import past_of
from oxtail.cli.opening import looking
from oxtail.cli.output import Outcome, Output, one_line
from oxtail.cli.past import filters_of, remark_of
from oxtail.disk.pieces import check_free, write_pieces
from oxtail.errors import UsageError
from oxtail.report.page import cuts, page
from oxtail.report.story import story_of

if TYPE_CHECKING:
    from oxtail.cli.parser import Options

STANDARD_OUTPUT: Final = "-"


def run(options: Options, output: Output) -> Outcome:
    """Write the page."""
    out = options.out
    if out is None:
        raise UsageError("report needs --out PATH; - is standard output")
    if out == STANDARD_OUTPUT and output.as_json:
        raise UsageError("report --json needs --out PATH, and not standard output")
    if out != STANDARD_OUTPUT:
        check_free(out, replace=options.force)
    ctx = looking(options)
    past = past_of(ctx, filters_of(options, ctx.clock.now()))
    story = story_of(past)
    made = page(past, story)
    remarks = [*cuts(story), *map(remark_of, past.problems)]
    if out == STANDARD_OUTPUT:
        output.raw(made)
        for remark in remarks:
            output.remark(remark)
        return output.ended()
    size = write_pieces(out, [made.encode()], replace=options.force)
    path, fleet = os.path.abspath(out), past.fleet
    members = {
        "schema_version": 1,
        "path": path,
        "project_root": fleet.project_root,
        "bytes": size,
        "agents": len(fleet.agents) + len(fleet.background),
        "messages": len(story.said),
        "waits": len(fleet.graph.waits),
        "troubles": len(fleet.troubles),
        "older_left_out": story.left_out,
        "texts_cut": story.cut,
        "unreadable": [problem._asdict() for problem in past.problems],
    }
    return Outcome(
        members,
        f"report written to {one_line(path)}: {members['agents']} agents, "
        f"{members['messages']} messages, {members['waits']} waits",
        remark="\n".join(remarks) or None,
    )
