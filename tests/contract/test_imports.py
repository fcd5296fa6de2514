"""Who may import whom: the contracts hold, and each breaks for an offense planted on purpose."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

OFFENSES = [
    ("One direction", "app/read.py", "import oxtail.wiring", "oxtail.app.read -> oxtail.wiring"),
    (
        "One direction",
        "store/memory/store.py",
        "import oxtail.identity.process",
        "oxtail.store.memory.store -> oxtail.identity.process",
    ),
    (
        "One direction",
        "core/scope.py",
        "import oxtail.disk.layout",
        "oxtail.core.scope -> oxtail.disk.layout",
    ),
    ("One direction", "newcomer.py", '"""A module that nobody gave a place."""', "newcomer"),
    ("Core does no I/O", "core/scope.py", "import os.path", "oxtail.core.scope -> os"),
    (
        "Core does no I/O",
        "errors.py",
        "def late() -> None:\n    import time",
        "oxtail.errors -> time",
    ),
    (
        "The hot path stays light",
        "app/read.py",
        "from logging.handlers import QueueHandler",
        "oxtail.app.read -> logging",
    ),
    # Nobody on the hot path names asyncio here: it comes in through config.
    ("The hot path stays light", "config.py", "import asyncio", "oxtail.config -> asyncio"),
    (
        "The carrier stays apart",
        "store/files/hosts.py",
        "import nats",
        "oxtail.store.files.hosts -> nats",
    ),
    (
        "The carrier stays apart",
        "app/read.py",
        "import oxtail.store.nats.subjects",
        "oxtail.app.read -> oxtail.store.nats.subjects",
    ),
    (
        "Hooks stay thin",
        "hooks/context.py",
        "import oxtail.wiring",
        "oxtail.hooks.context -> oxtail.wiring",
    ),
    ("Hooks stay thin", "app/hook.py", "import argparse", "oxtail.app.hook -> argparse"),
    (
        "MCP is fenced in server",
        "wake/records.py",
        "from mcp.types import Tool",
        "oxtail.wake.records -> mcp",
    ),
    ("MCP is fenced in server", "disk/layout.py", "import mcp", "oxtail.disk.layout -> mcp"),
    (
        "The cockpit stays apart",
        "app/fleet.py",
        "import textual.app",
        "oxtail.app.fleet -> textual",
    ),
    (
        "The cockpit stays apart",
        "cli/fleet_status.py",
        "import oxtail.cockpit.feed",
        "oxtail.cli.fleet_status -> oxtail.cockpit.feed",
    ),
    (
        "The cockpit stays apart",
        "hooks/context.py",
        "import oxtail.cockpit",
        "oxtail.hooks.context -> oxtail.cockpit",
    ),
    (
        "What the cockpit says knows no widget",
        "cockpit/shapes/rows.py",
        "import textual.strip",
        "oxtail.cockpit.shapes.rows -> textual",
    ),
]
"""The contract that must break, the module that gets a line more, the line, and what is named."""


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


def planted(source: Path, lines: Iterable[tuple[str, str]]) -> str:
    """Return what is said of a copy of the package with a line more in each of some modules."""
    shutil.copytree(
        ROOT / "src" / "oxtail", source / "oxtail", ignore=shutil.ignore_patterns("__pycache__")
    )
    for module, line in lines:
        with (source / "oxtail" / module).open("a", encoding="utf-8") as file:
            file.write(f"\n\n{line}\n")
    status, output = lint(source)
    assert status == 1, output
    return output


def said_of(contract: str, report: str) -> str:
    """Return the part of *report* that says how *contract* is broken."""
    assert f"{contract} BROKEN" in report, report
    _, found, rest = report.partition(f"\n{contract}\n{'-' * len(contract)}\n")
    assert found, report
    return re.split(r"\n\n\n\S[^\n]*\n-+\n", rest)[0]


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> str:
    """All offenses in one package: a look at it takes a second, and names each."""
    folder = tmp_path_factory.mktemp("offenses")
    return planted(folder, [(module, line) for _, module, line, _ in OFFENSES])


@pytest.mark.parametrize(("contract", "module", "line", "link"), OFFENSES)
def test_a_planted_offense_breaks_its_contract(
    report: str, contract: str, module: str, line: str, link: str
) -> None:
    assert link in said_of(contract, report), report


def test_a_planted_cycle_breaks_its_contract(tmp_path: Path) -> None:
    both = [
        ("core/scope.py", "import oxtail.core.presence"),
        ("core/presence.py", "import oxtail.core.scope"),
    ]

    said = said_of("No cycles", planted(tmp_path, both))

    assert "No cycles are allowed in oxtail.core" in said, said
    assert re.search(r"\.(presence -> \.scope|scope -> \.presence)", said), said
