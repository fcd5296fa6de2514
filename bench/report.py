"""The report: Markdown for people, JSON for programs."""

from __future__ import annotations

import json
import os
import platform
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from harness import Row, quantile

FULL_LEDGER_RATIO = 1.5
"""What a send into a full ledger may cost, in sends into a near-empty one."""

QUIET_HOOK_RATIO = 3
"""What a hook without mail may cost, in shells that do nothing."""

ANCHOR_START_MS = 13.7
"""What a bare start took where npm oxtail was measured and the bounds were set."""

FAR_MS = 20
"""What another host may add to the answer to a question, in milliseconds."""


def _p50(rows: Sequence[Row], name: str) -> float | None:
    for row in rows:
        if row.name == name and row.samples:
            return quantile(row.samples, 0.5)
    return None


def _bound(row: Row, rows: Sequence[Row]) -> float | None:
    if row.name == "sendfull" and (near_empty := _p50(rows, "send")):
        return near_empty * FULL_LEDGER_RATIO
    if row.name == "askfar" and (local := _p50(rows, "ask")) is not None:
        return local + FAR_MS
    if row.name in ("hooknone", "hooknonecx") and (shell := _p50(rows, "shell")):
        return shell * QUIET_HOOK_RATIO
    return row.bound


def _floor(row: Row, rows: Sequence[Row]) -> float | None:
    parts = [(_p50(rows, name), count) for name, count in row.floor.items()]
    return sum((each or 0.0) * count for each, count in parts) or None


def _at_anchor(row: Row, rows: Sequence[Row]) -> float | None:
    """Return the median as it would be where a bare start takes what it took for the anchor.

    Only for times and rates whose bound is absolute; other bounds are ratios already.
    """
    bare = _p50(rows, "bare")
    if bare is None or row.bound is None or row.unit not in ("ms", "msg/s"):
        return None
    middle, slowness = quantile(row.samples, 0.5), bare / ANCHOR_START_MS
    return middle * slowness if row.more_is_better else middle / slowness


def _verdict(row: Row, bound: float | None, at_anchor: float | None) -> str:
    def holds(value: float) -> bool:
        assert bound is not None
        return value >= bound if row.more_is_better else value <= bound

    if bound is None:
        return ""
    if holds(quantile(row.samples, 0.5)):
        return "holds"
    return "holds by ratio" if at_anchor is not None and holds(at_anchor) else "fails"


def facts(rows: Sequence[Row], load: Sequence[float]) -> dict[str, Any]:
    """Everything that was measured."""
    measured = []
    for row in rows:
        if not row.samples:
            continue
        middle, bound, floor = quantile(row.samples, 0.5), _bound(row, rows), _floor(row, rows)
        at_anchor = _at_anchor(row, rows)
        measured.append(
            {
                "name": row.name,
                "title": row.title,
                "unit": row.unit,
                "n": len(row.samples),
                "min": min(row.samples),
                "p50": middle,
                "p95": quantile(row.samples, 0.95),
                "bound": bound,
                "more_is_better": row.more_is_better,
                "at_anchor_speed": at_anchor,
                "verdict": _verdict(row, bound, at_anchor),
                "per_floor": middle / floor if floor else None,
                "npm_0_14_0": row.npm14,
                "npm_0_32_1": row.npm32,
                "notes": row.notes,
            }
        )
    return {
        "python": platform.python_version(),
        "executable": sys.executable,
        "cpus": os.cpu_count(),
        "load_before_and_after": list(load),
        "rows": measured,
    }


def _number(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:,.0f}" if value >= 100 or value == int(value) else f"{value:.2f}"


def _line(row: dict[str, Any]) -> str:
    sign = "≥" if row["more_is_better"] else "≤"
    bound = f"{sign} {_number(row['bound'])}" if row["bound"] is not None else ""
    verdict = "**fails**" if row["verdict"] == "fails" else row["verdict"]
    ratio = f"{row['per_floor']:.1f}" if row["per_floor"] else ""
    cells = [
        row["title"],
        row["unit"],
        *(_number(row[key]) for key in ("min", "p50", "p95")),
        _number(row["at_anchor_speed"]),
        bound,
        verdict,
        ratio,
        row["npm_0_14_0"],
        row["npm_0_32_1"],
        "; ".join(row["notes"]),
    ]
    return "| " + " | ".join(cells) + " |"


ANCHOR = (
    "The npm columns are p50 on another day and machine of the same kind, where the floors were: "
    "bare start 13.7 ms, append + fsync 0.18 ms, mkdir + rmdir 0.18 ms."
)


def markdown(measured: dict[str, Any]) -> str:
    """The report for people."""
    before, after = measured["load_before_and_after"]
    machine = f"Python {measured['python']}, {measured['cpus']} processors"
    header = (
        "| what | unit | min | p50 | p95 | at anchor speed | bound | | ÷ floor "
        "| npm 0.14 | npm 0.32 | |"
    )
    return "\n".join(
        [
            "# Measured",
            "",
            f"{machine}, load {before:.1f} before and {after:.1f} after.",
            ANCHOR,
            "",
            header,
            "|" + "---|" * (header.count("|") - 1),
            *(_line(row) for row in measured["rows"]),
            "",
        ]
    )


def write(measured: dict[str, Any], folder: Path) -> str:
    """Write both forms into *folder*; return the one for people."""
    folder.mkdir(parents=True, exist_ok=True)
    text = markdown(measured)
    (folder / "report.md").write_text(text, encoding="utf-8")
    (folder / "report.json").write_text(json.dumps(measured, indent=1) + "\n", encoding="utf-8")
    return text
