"""Runs a scenario where no real client, home, network or process can be touched.

Rule of this file: it is the only one here that runs outside the namespaces, and it starts
nothing but ``unshare``.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

from e2e.clients.inside import HOME, IMPOSSIBLE, SYSTEM

HERE: Final = Path(__file__).resolve().parent
TESTS: Final = HERE.parents[1]
SOURCE: Final = TESTS.parent / "src"
FAKE_AGENT: Final = TESTS / "helpers" / "fake_agent.py"

SCENARIO_SECONDS: Final = 300
"""Longest life of a scenario; a good one takes a tenth of it."""

UNSHARE: Final = (
    "unshare", "--map-root-user", "--net", "--mount", "--pid", "--ipc", "--uts",
    "--fork", "--kill-child",
)  # fmt: skip


class ScenarioFailed(AssertionError):
    """A scenario did not reach its end; the text says what it saw and where its world is."""


def _visible(clients: Path) -> list[str]:
    wanted = [Path(sys.prefix), Path(sys.base_prefix), SOURCE, HERE, FAKE_AGENT, clients]
    paths = sorted({str(path.resolve()) for path in wanted})
    # The interpreter is started by the name that it has here, links included.
    paths += [sys.prefix] if sys.prefix not in paths else []
    return [path for path in paths if not any(path.startswith(f"{top}/") for top in SYSTEM)]


def enter(world: Path, argv: list[str], clients: Path) -> subprocess.CompletedProcess[str]:
    """Run *argv* in namespaces of its own, with ``world/home`` as its home.

    Nothing that it starts outlives the call.
    """
    world.mkdir(parents=True, exist_ok=True)
    plan = {
        "world": str(world.resolve()),
        "visible": [path for path in _visible(clients) if path != "/usr"],
        "argv": argv,
        "env": {
            "HOME": HOME,
            "LANG": "C.UTF-8",
            "PATH": "/usr/local/bin:/usr/bin:/bin",
            "PYTHONPATH": str(TESTS),
            "TERM": "xterm-256color",
            "TZ": "UTC",
            "SCENARIO_CLIENTS": str(clients),
            "SCENARIO_SOURCE": str(SOURCE),
        },
    }
    return subprocess.run(
        [*UNSHARE, sys.executable, "-I", str(HERE / "inside.py"), json.dumps(plan)],
        env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=SCENARIO_SECONDS,
        check=False,
    )


def play(scenario: str, world: Path, clients: Path) -> dict[str, Any]:
    """Run the module *scenario* of ``scenarios/`` and return the facts that it reports.

    Args:
        scenario: Name of the module.
        world: A folder for all that the run writes, some of it large; it is removed unless the
            scenario fails.
        clients: The folder that ``tools/install-clients`` filled.

    Raises:
        ScenarioFailed: it ended early.
    """
    argv = [sys.executable, "-m", f"e2e.clients.scenarios.{scenario}"]
    done = enter(world, argv, clients)
    if done.returncode != 0:
        reason = "impossible here" if done.returncode == IMPOSSIBLE else "failed"
        raise ScenarioFailed(
            f"{scenario} {reason} (exit code {done.returncode}), world {world}\n"
            f"{done.stdout}\n{done.stderr}"
        )
    facts: dict[str, Any] = json.loads((world / "home" / "facts.json").read_text(encoding="utf-8"))
    shutil.rmtree(world)
    return facts
