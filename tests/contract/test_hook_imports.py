"""What a hook that shows a message loads: an agent waits for it, and imports are its cost.

No clock is read here: ``bench/`` measures.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from helpers.hooking import Hooked
from oxtail import lean
from oxtail.hooks import script

RUN = Path(script.__file__).with_name("run.py")

NEVER = {
    "argparse",
    "asyncio",
    "collections",
    "contextvars",
    "dataclasses",
    "hashlib",
    "inspect",
    "logging",
    "math",
    "oxtail.api",
    "oxtail.app.session",
    "oxtail.cli",
    "oxtail.core.correlation",
    "oxtail.core.entry",
    "oxtail.identity.registry",
    "oxtail.ports",
    "oxtail.server",
    "oxtail.wiring",
    "pathlib",
    "select",
    "shutil",
    "site",
    "socket",
    "subprocess",
    "tempfile",
    "threading",
}

MOST_MODULES = 60
"""Modules of oxtail itself, stand-ins included; each costs a quarter of a millisecond."""


def loaded(hooked: Hooked, event: str) -> tuple[set[str], bytes]:
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-X", "importtime", str(RUN), event, "claude", "seen", ""],
        input=hooked.payload(event),
        env=hooked.environ("claude"),
        capture_output=True,
        timeout=60,
        check=True,
    )
    return set(re.findall(r"\|\s+([\w.]+)$", done.stderr.decode(), re.MULTILINE)), done.stdout


@pytest.mark.parametrize("event", ["UserPromptSubmit", "PostToolUse", "Stop"])
def test_a_hook_that_shows_a_message_loads_little(home: Path, event: str) -> None:
    hooked = Hooked(home)
    hooked.mail()

    modules, output = loaded(hooked, event)

    assert b"hello" in output
    assert {"oxtail.app.drain", "oxtail.lean"} <= modules
    assert not modules & (NEVER | {*lean.NAMES})
    assert len([name for name in modules if name.startswith("oxtail")]) <= MOST_MODULES


def test_what_a_hook_compiles_can_be_read_by_others(home: Path, tmp_path: Path) -> None:
    source = tmp_path / "src"
    shutil.copytree(
        RUN.parents[1], source / "oxtail", ignore=shutil.ignore_patterns("__pycache__", "setup")
    )
    hooked = Hooked(home)
    hooked.mail()
    run = source / "oxtail" / "hooks" / "run.py"
    hooked.script.write_text(script.render(run=str(run)), encoding="utf-8")
    hooked.link()

    assert "hello" in hooked.run("PostToolUse").text

    compiled = list(source.rglob("*.pyc"))
    assert len(compiled) > 20
    assert {path.stat().st_mode & 0o044 for path in compiled} == {0o044}
