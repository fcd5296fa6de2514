"""What a process loads before it can work; a fast start is a promise, and imports are its cost.

A child prints ``sys.modules``; import-linter cannot see what the standard library pulls in.
No clock is read here: ``bench/`` measures.
"""

from __future__ import annotations

import json
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path
from subprocess import PIPE, Popen

import pytest

from oxtail import lean

SOURCE = Path(__file__).resolve().parents[2] / "src"

HEAVY = {
    "asyncio",
    "concurrent.futures",
    "contextvars",
    "dataclasses",
    "decimal",
    "email",
    "hashlib",
    "http",
    "inspect",
    "logging",
    "multiprocessing",
    "pathlib",
    "pickle",
    "shutil",
    "ssl",
    "tempfile",
    "tomlkit",
    "unittest",
    "urllib",
    "uuid",
}
"""Modules that cost milliseconds, and that no start of a server or of a send may load."""

ONLY_WHERE_NEEDED = {"argparse", "subprocess", "traceback"}
"""Modules that a server must not load before it has answered tools/list."""

ONLY_LOOKING_BACK = {
    "sqlite3",
    "_sqlite3",
    "array",
    "oxtail.app.history",
    "oxtail.core.words",
    "oxtail.store.files.history",
    "oxtail.store.files.search",
    "oxtail.store.files.search_index",
}
"""Modules that nobody but the verbs about the past may load."""

ONLY_ACROSS_HOSTS = {
    "oxtail.app.arrive",
    "oxtail.app.relay",
    "oxtail.core.neighbors",
    "oxtail.core.remote",
    "oxtail.core.repository",
    "oxtail.store.files.arrivals",
    "oxtail.store.files.carriage",
    "oxtail.store.files.hosts",
}
"""Modules that one machine alone never loads."""

ONLY_THE_COCKPIT = {"aiohttp", "oxtail.cockpit", "rich", "textual", "textual_serve"}
"""Modules that nobody but its verb may load."""

PREAMBLE = f"""
import sys
bare = set(sys.modules)
sys.path.insert(0, {str(SOURCE)!r})
def report():
    loaded = {{module.__name__ for module in list(sys.modules.values())}}
    print("LOADED", *sorted(loaded - bare), file=sys.stderr)
"""

REQUESTS = [
    {
        "jsonrpc": "2.0",
        "id": 1,
        "method": "initialize",
        "params": {
            "protocolVersion": "2025-06-18",
            "capabilities": {},
            "clientInfo": {"name": "test", "version": "1"},
        },
    },
    {"jsonrpc": "2.0", "method": "notifications/initialized"},
    {"jsonrpc": "2.0", "id": 2, "method": "tools/list"},
]


def run(code: str, stdin: str = "") -> tuple[set[str], str]:
    """Run *code* in a bare interpreter; return the modules that it reported and its output."""
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", PREAMBLE + code],
        input=stdin,
        capture_output=True,
        text=True,
        timeout=60,
    )
    lines = [line for line in done.stderr.splitlines() if line.startswith("LOADED ")]
    assert lines, done.stderr
    return set(lines[-1].split()[1:]), done.stdout


@pytest.fixture
def peer() -> Iterator[str]:
    """The name of a live session of this project: another process."""
    code = (
        f"import sys; sys.path.insert(0, {str(SOURCE)!r}); import oxtail\n"
        "me = oxtail.join(name='receiver'); print('READY', flush=True)\n"
        "sys.stdin.read(); me.leave()"
    )
    with Popen([sys.executable, "-I", "-S", "-c", code], stdin=PIPE, stdout=PIPE, text=True) as it:
        assert it.stdout
        assert it.stdin
        assert it.stdout.readline() == "READY\n"
        yield "receiver"
        it.stdin.close()


def test_importing_the_package_loads_nothing_else() -> None:
    loaded, _ = run("import oxtail; report()")

    assert loaded == {"__future__", "oxtail"}


def test_a_server_that_listed_its_tools_has_loaded_nothing_heavy() -> None:
    lines = "".join(json.dumps(request) + "\n" for request in REQUESTS)

    loaded, output = run(
        "import os, threading\n"
        "real = os.write\n"
        "from oxtail.cli.start import run\n"
        "sys.argv = ['oxtail', 'serve']\n"
        "try:\n"
        "    run()\n"
        "finally:\n"
        "    report()\n",
        lines,
    )

    answers = [json.loads(line) for line in output.splitlines()]
    assert [answer["id"] for answer in answers] == [1, 2]
    assert len(answers[1]["result"]["tools"]) >= 11
    assert not loaded & (
        HEAVY | ONLY_WHERE_NEEDED | ONLY_LOOKING_BACK | ONLY_ACROSS_HOSTS | ONLY_THE_COCKPIT
    )
    assert "typing" not in loaded


def test_sending_from_the_command_line_loads_nothing_heavy(peer: str) -> None:
    loaded, output = run(
        "import os\n"
        "os._exit = sys.exit\n"
        "from oxtail.cli.start import run\n"
        f"sys.argv = ['oxtail', 'send', '--json', {peer!r}, 'hello']\n"
        "try:\n"
        "    run()\n"
        "finally:\n"
        "    report()\n"
    )

    assert json.loads(output)["ok"] is True
    assert not loaded & (HEAVY | ONLY_LOOKING_BACK | ONLY_ACROSS_HOSTS | ONLY_THE_COCKPIT)
    assert not loaded & {*lean.NAMES, "collections", "importlib", "threading", "types"}


def test_a_python_peer_loads_nothing_heavy() -> None:
    loaded, _ = run("import oxtail\nwith oxtail.join():\n    report()")

    assert not loaded & (HEAVY | ONLY_LOOKING_BACK | ONLY_ACROSS_HOSTS | ONLY_THE_COCKPIT)


def test_a_log_loads_no_database() -> None:
    loaded, output = run("from oxtail.cli.main import main\nmain(['log', '--json'])\nreport()")

    assert json.loads(output)["ok"] is True
    assert "oxtail.store.files.history" in loaded
    assert not loaded & {"sqlite3", "_sqlite3", "oxtail.store.files.search", *HEAVY}


def test_the_fleet_as_text_loads_no_cockpit() -> None:
    for verb in ("status", "cockpit"):
        loaded, output = run(
            f"from oxtail.cli.main import main\nstatus = main([{verb!r}, '--json'])\nreport()"
        )

        assert json.loads(output)["ok"] is True
        assert not loaded & ONLY_THE_COCKPIT


def test_a_cockpit_loads_nothing_that_only_its_crash_needs() -> None:
    loaded, _ = run(
        f"sys.path.append({sysconfig.get_path('purelib')!r})\n"
        "import oxtail.cockpit.app, oxtail.cockpit.run\n"
        "report()"
    )

    assert "oxtail.cockpit.crash" in loaded
    assert not loaded & {"email", "importlib.metadata", "zipfile"}  # 10 MB together
