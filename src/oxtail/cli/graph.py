"""``oxtail work --graph``: who waits for whom."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from oxtail.app.graph import wait_graph
from oxtail.cli.output import Outcome, one_line
from oxtail.core.drawing import draw
from oxtail.core.graph import SHORT_ID_CHARS

if TYPE_CHECKING:
    from collections.abc import Callable

    from oxtail.app.context import Context
    from oxtail.app.graph import WaitsResult
    from oxtail.cli.parser import Options
    from oxtail.core.graph import Graph


def _labels(graph: Graph) -> Callable[[str], str]:
    """Return what names a session: its name and the beginning of its id, or all of that."""
    short = [each.session_id[:SHORT_ID_CHARS] for each in graph.sessions]
    names = {each.session_id: each.name for each in graph.sessions}

    def label(session_id: str) -> str:
        begin = session_id[:SHORT_ID_CHARS]
        shown = begin if short.count(begin) == 1 else session_id
        name = names.get(session_id)
        return one_line(f"{name} ({shown})" if name else shown)

    return label


def text_of(result: WaitsResult) -> str:
    """Return the drawing of *result*, below the project that it is about."""
    head = "all projects" if result.project_root is None else one_line(result.project_root)
    return f"{head}: {draw(result.graph, _labels(result.graph))}"


def graph(ctx: Context, options: Options) -> Outcome:
    """Look who waits for whom; changes nothing."""
    project = os.path.abspath(options.project) if options.project else None
    result = wait_graph(ctx, project_root=project, everywhere=options.everywhere)
    return Outcome(result.as_dict(), text_of(result))
