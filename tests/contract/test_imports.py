"""Who may import whom: the contracts hold, and each breaks for an offense planted on purpose."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

OFFENSES = [
    ("One direction", "app/read.py", "import oxtail.wiring"),
    ("One direction", "store/memory/store.py", "import oxtail.identity.process"),
    ("One direction", "core/scope.py", "import oxtail.disk.layout"),
    ("One direction", "newcomer.py", '"""A module that nobody gave a place."""'),
    ("Core does no I/O", "core/scope.py", "import os.path"),
    ("Core does no I/O", "errors.py", "def late() -> None:\n    import time"),
    ("The hot path stays light", "app/read.py", "from logging.handlers import QueueHandler"),
    # Nobody on the hot path names asyncio here: it comes in through config.
    ("The hot path stays light", "config.py", "import asyncio"),
    ("The carrier stays apart", "store/files/hosts.py", "import nats"),
    ("The carrier stays apart", "app/read.py", "import oxtail.store.nats.subjects"),
    ("Hooks stay thin", "hooks/context.py", "import oxtail.wiring"),
    ("Hooks stay thin", "app/hook.py", "import argparse"),
    ("MCP is fenced in server", "wake/records.py", "from mcp.types import Tool"),
    ("MCP is fenced in server", "disk/layout.py", "import mcp"),
    ("The cockpit stays apart", "app/fleet.py", "import textual.app"),
    ("The cockpit stays apart", "cli/fleet_status.py", "import oxtail.cockpit.feed"),
    ("The cockpit stays apart", "hooks/context.py", "import oxtail.cockpit"),
    ("What the cockpit says knows no widget", "cockpit/shapes/rows.py", "import textual.strip"),
    ("No cycles", "core/scope.py", "import oxtail.core.presence"),
]
"""The contract that must break, the module that gets a line more, and the line."""

SECOND_HALVES = {"No cycles": ("core/presence.py", "import oxtail.core.scope")}
"""What some offenses take beside the first line."""


def lint(source: Path) -> tuple[int, str]:
    """Check the package below *source* against the contracts of this project."""
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            "from importlinter.cli import lint_imports_command; lint_imports_command()",
            "--no-cache",
            "--no-logo",
            f"--config={ROOT / 'pyproject.toml'}",
        ],
        capture_output=True,
        text=True,
        cwd=source,
        env={**os.environ, "PYTHONPATH": str(source), "COLUMNS": "200"},
        timeout=60,
    )
    return done.returncode, done.stdout + done.stderr


def test_the_import_contracts_hold() -> None:
    status, output = lint(ROOT / "src")

    assert status == 0, output
    assert "9 kept, 0 broken" in output


@pytest.mark.slow
@pytest.mark.parametrize(("contract", "module", "line"), OFFENSES)
def test_a_planted_offense_breaks_its_contract(
    tmp_path: Path, contract: str, module: str, line: str
) -> None:
    source = tmp_path / "src"
    shutil.copytree(
        ROOT / "src" / "oxtail", source / "oxtail", ignore=shutil.ignore_patterns("__pycache__")
    )
    for path, text in filter(None, ((module, line), SECOND_HALVES.get(contract))):
        with (source / "oxtail" / path).open("a", encoding="utf-8") as file:
            file.write(f"\n\n{text}\n")

    status, output = lint(source)

    assert status == 1, output
    assert f"{contract} BROKEN" in output, output
