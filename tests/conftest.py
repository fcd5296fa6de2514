"""The private world: no test sees the real home, a real client or an inherited setting."""

from __future__ import annotations

import os
import pwd
import signal
import sys
import tempfile
from pathlib import Path

import pytest

from helpers import capabilities, small_process

FOREIGN = ("CLAUDE", "CODEX", "ANTHROPIC", "OPENAI", "TMUX", "OXTAIL", "NATS", "MCP_TRACE", "XDG_")
REAL_HOME = Path(pwd.getpwuid(os.getuid()).pw_dir).resolve()

MEMORY = Path("/dev/shm")
MEMORY_MIN_BYTES = 2 * 1024**3


def pytest_configure(config: pytest.Config) -> None:
    """Give tests what they need of the machine, whoever started them and how."""
    _heed_signals()
    _keep_folders_in_memory()
    _keep_what_is_compiled()
    _begin_elsewhere(config)
    small_process.start(config)


def pytest_unconfigure(config: pytest.Config) -> None:
    """End what was started for all tests."""
    small_process.stop(config)


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """Run a test that forks hundreds of times where a fork is cheap."""
    return small_process.run(pyfuncitem) or None


def _heed_signals() -> None:
    """Let processes that tests start heed Ctrl-C and a hangup, also below ``nohup`` or ``&``.

    A signal that is ignored stays so in every child; one that has a handler does not.
    """
    for number in (signal.SIGINT, signal.SIGHUP):
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, signal.default_int_handler)


def _keep_folders_in_memory() -> None:
    """Keep the folders of tests in memory where there is room.

    Thousands of deaths make and remove a state folder each.  What a power cut leaves is nothing
    that a test could see on a disk either; the order of syncs is what they compare.
    """
    if MEMORY.is_dir() and os.access(MEMORY, os.W_OK):
        found = os.statvfs(MEMORY)
        if found.f_bavail * found.f_frsize >= MEMORY_MIN_BYTES:
            os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(MEMORY))
            tempfile.tempdir = str(MEMORY)


def _keep_what_is_compiled() -> None:
    """Let each module be compiled once: tests start thousands of interpreters, and workers."""
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    sys.dont_write_bytecode = False


def _begin_elsewhere(config: pytest.Config) -> None:
    """Let each worker collect the files in an order of its own.

    On a fresh checkout they would all compile the same file at the same time, one after the other;
    so each compiles a part, and loads what the others have compiled.
    """
    worker = getattr(config, "workerinput", None)
    if worker is None or config.args_source is not pytest.Config.ArgsSource.TESTPATHS:
        return
    if config.option.ignore or config.option.ignore_glob:
        return  # a file that is named is not ignored
    files = sorted(Path(__file__).parent.rglob("test_*.py"))
    start = len(files) * int(worker["workerid"].removeprefix("gw")) // worker["workercount"]
    config.args = [str(path) for path in (*files[start:], *files[:start])]


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Bring all tests into the same order, whatever the order in which a worker collected them."""
    if hasattr(config, "workerinput"):
        items.sort(key=lambda item: item.path)


def pytest_sessionstart(session: pytest.Session) -> None:
    """Refuse to start where a capability that this machine should have is absent."""
    problems = capabilities.missing_required()
    if problems:
        raise pytest.UsageError(f"OXTAIL_REQUIRE: absent here: {'; '.join(problems)}")


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip a test whose capability is absent; see ``helpers/capabilities.py``."""
    for mark in item.iter_markers("needs"):
        for name in mark.args:
            if not capabilities.find(name):
                pytest.skip(f"needs {name}: {capabilities.hint(name)}")


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home of the test's own; the state folder would be ``home / ".oxtail"``."""
    for name in list(os.environ):
        if name.startswith(FOREIGN) or name == "AI_AGENT":
            monkeypatch.delenv(name)
    path = tmp_path / "home"
    path.mkdir(mode=0o700)
    monkeypatch.setenv("HOME", str(path))
    monkeypatch.setenv("LANG", "C.UTF-8")
    monkeypatch.setenv("TERM", "dumb")
    monkeypatch.setenv("TZ", "UTC")
    if Path(os.path.expanduser("~/.oxtail")).resolve().parent == REAL_HOME:
        pytest.exit("the state folder would be the real one; refusing to run", returncode=3)
    return path
