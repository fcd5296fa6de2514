"""``oxtail diagnose``: what the trace says about wakes."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from oxtail.cli.output import Outcome, Output, one_line
from oxtail.config import from_env
from oxtail.core.diagnosis import Diagnosis, diagnose
from oxtail.trace import rotated

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from oxtail.cli.parser import Options

_UNSET = (
    "Tracing is off. Set MCP_TRACE_FILE to the path of a file where the agents' clients start, "
    "let them work, and run this again with the same setting."
)
_LINE_MAX_BYTES = 1_048_576


def _lines(paths: Iterable[str]) -> Iterator[bytes]:
    for path in paths:
        with open(path, "rb") as file:
            while line := file.readline(_LINE_MAX_BYTES):
                yield line


def text_of(diagnosis: Diagnosis) -> str:
    """Return the counts as a small table."""
    if not diagnosis.total:
        return "no wake outcome in the trace yet"
    capped = diagnosis.counted < diagnosis.total
    head = f"newest {diagnosis.counted} of {diagnosis.total}" if capped else str(diagnosis.total)
    lines = [f"{head} wake outcomes"]
    lines += [f"  {count:5}  {one_line(status)}" for status, count in diagnosis.by_status]
    for via, counts in diagnosis.by_via:
        lines.append(f"via {one_line(via)}")
        lines += [f"  {count:5}  {one_line(status)}" for status, count in counts]
    return "\n".join(lines)


def run(options: Options, output: Output) -> Outcome:  # noqa: ARG001 - as all verbs
    """Count the wake outcomes of the trace file, the rotated one first."""
    path = from_env(os.environ).trace_file
    if path is None:
        return Outcome({"trace_file": None}, _UNSET)
    earlier = rotated(path)
    try:
        paths = [earlier, path] if os.path.exists(earlier) else [path]
        diagnosis = diagnose(_lines(paths))
    except OSError as error:
        problem = f"cannot read {path}: {error.strerror or error}"
        return Outcome({"trace_file": path, "problem": problem}, problem, exit_status=1)
    return Outcome({"trace_file": path, **diagnosis.as_dict()}, text_of(diagnosis))
