"""What is installed: the right files, one dependency, the command, and nothing of the workshop."""

from __future__ import annotations

import importlib.metadata
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import oxtail

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def _tracked() -> list[Path]:
    done = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True)
    if done.returncode:  # an unpacked source distribution has no history
        return [path for path in ROOT.glob("src/**/*") if path.is_file()]
    return [ROOT / name for name in done.stdout.split("\0") if name and (ROOT / name).is_file()]


def test_the_only_runtime_dependency_is_tomlkit() -> None:
    names = [re.split(r"[^\w-]", requirement)[0] for requirement in PROJECT["dependencies"]]

    assert names == ["tomlkit"]


def test_python_3_11_is_the_oldest_that_is_supported() -> None:
    assert PROJECT["requires-python"] == ">=3.11"


def test_the_command_leads_to_a_function() -> None:
    module, _, name = PROJECT["scripts"]["oxtail"].partition(":")

    assert callable(getattr(__import__(module, fromlist=[name]), name))


def test_the_version_is_the_same_everywhere() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "oxtail", "--version"],
        capture_output=True,
        text=True,
        timeout=60,
        env={"PYTHONPATH": str(ROOT / "src"), "HOME": str(Path.home())},
    )

    assert done.stdout == f"oxtail {oxtail.__version__}\n"
    try:
        installed = importlib.metadata.version("oxtail")
    except importlib.metadata.PackageNotFoundError:
        return  # run from the sources
    assert installed == oxtail.__version__


def test_what_the_package_needs_at_run_time_lies_inside_it() -> None:
    package = ROOT / "src" / "oxtail"
    beside_code = {path.suffix for path in package.rglob("*") if path.is_file()} - {".py", ".pyc"}

    assert (package / "py.typed").exists()
    assert beside_code <= {".md", ".sh", ".tcss", ".typed", ".yaml"}


def test_no_module_has_more_than_400_lines() -> None:
    lengths = {
        str(path.relative_to(ROOT)): len(path.read_text(encoding="utf-8").splitlines())
        for path in ROOT.glob("src/**/*.py")
    }

    assert {name: lines for name, lines in lengths.items() if lines > 400} == {}


def test_no_lock_file_and_no_package_index_is_committed() -> None:
    tracked = _tracked()
    index = re.compile(
        r"(--index-url|--extra-index|https?://[\w.]*(pypi\.|pythonhosted|registry\.))"
    )
    locks = {"poetry.lock", "uv.lock", "pdm.lock", "package-lock.json", "requirements.txt"}

    assert not [path for path in tracked if path.name in locks]
    naming = []
    for path in tracked:
        if path == Path(__file__).resolve():
            continue
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        if index.search(text):
            naming.append(str(path.relative_to(ROOT)))
    assert naming == []
