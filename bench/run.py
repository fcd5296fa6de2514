"""Measure oxtail on this machine; see README.md beside this file.

Exit codes: 0 every bound holds, 1 one does not, 2 wrong usage or a row that could not be measured.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from pathlib import Path

import report
import rows_cli
import rows_cockpit
import rows_floor
import rows_history
import rows_hooks
import rows_hosts
import rows_server
from harness import measure

HERE = Path(__file__).resolve().parent
ROWS = [
    *rows_floor.ROWS,
    *rows_server.ROWS,
    *rows_cli.ROWS,
    *rows_hooks.ROWS,
    *rows_history.ROWS,
    *rows_cockpit.ROWS,
    *rows_hosts.ROWS,
]


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Measure oxtail on this machine.")
    parser.add_argument("--rounds", type=int, default=12, help="rounds over all rows (default 12)")
    parser.add_argument("--rows", help="names, separated by commas; floors come always")
    parser.add_argument("--folder", help="where the temporary folder goes")
    parser.add_argument("--out", type=Path, default=HERE / "out", help="where the report goes")
    parser.add_argument("--list", action="store_true", help="list the rows and stop")
    return parser.parse_args()


def main() -> int:
    """Measure and report."""
    options = _options()
    if options.list:
        for row in ROWS:
            print(f"{row.name:<10} {row.title}")
        return 0
    names = set(options.rows.split(",")) if options.rows else {row.name for row in ROWS}
    if unknown := names - {row.name for row in ROWS}:
        print(f"no such row: {', '.join(sorted(unknown))}", file=sys.stderr)
        return 2
    chosen = [row for row in ROWS if row.name in names or row in rows_floor.ROWS]
    with tempfile.TemporaryDirectory(prefix="oxtail-bench-", dir=options.folder) as folder:
        rows = [row(Path(folder)) for row in chosen]
        before = os.getloadavg()[0]
        measure(rows, max(1, options.rounds), lambda text: print(text, file=sys.stderr))
        measured = report.facts(rows, (before, os.getloadavg()[0]))
    print(report.write(measured, options.out))
    return 1 if any(row["verdict"] == "fails" for row in measured["rows"]) else 0


if __name__ == "__main__":
    sys.exit(main())
