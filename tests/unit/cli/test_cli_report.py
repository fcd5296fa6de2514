"""``oxtail report``: where the page goes, and what it is about."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from helpers.history import LedgerFile, message
from helpers.pages import Page
from oxtail.cli.main import main

BOB = "bbbbbbbb-0000-4000-8000-000000000002"


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "project"
    (path / ".git").mkdir(parents=True)
    (path / "sub").mkdir()
    monkeypatch.chdir(path)
    return path


@pytest.fixture
def ledger(home: Path, capsys: pytest.CaptureFixture[str]) -> LedgerFile:
    assert main(["inbox", "--as", BOB]) == 0
    capsys.readouterr()
    made = LedgerFile(home / ".oxtail", BOB)
    made.append(message(1, "first <b>"), message(2, "second"))
    return made


def test_a_report_is_private_and_replaces_nothing(
    ledger: LedgerFile, project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["report", "-o", "page.html"]) == 0
    out, err = capsys.readouterr()
    assert "2 messages" in out
    assert err == ""
    page = project / "page.html"
    assert stat.S_IMODE(page.stat().st_mode) == 0o600
    read = Page(page.read_text(encoding="utf-8"))
    assert (read.problems, read.bodies) == ([], ["first <b>", "second"])

    page.write_text("mine")
    assert main(["report", "--out", "page.html"]) == 1
    assert page.read_text() == "mine"
    assert main(["report", "--out", "page.html", "--force"]) == 0
    assert page.read_text(encoding="utf-8").startswith("<!doctype html>")
    assert os.listdir(project) == ["page.html"] or set(os.listdir(project)) == {
        "page.html", ".git", "sub",
    }  # fmt: skip


def test_a_report_goes_to_standard_output_only_when_that_is_said(
    ledger: LedgerFile, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["report"]) == 2
    assert main(["report", "--json", "--out", "-"]) == 2
    capsys.readouterr()
    assert main(["report", "--out", "-"]) == 0
    assert Page(capsys.readouterr().out).bodies == ["first <b>", "second"]


def test_a_report_is_about_the_time_and_the_project_that_are_asked_for(
    ledger: LedgerFile, project: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def bodies(*words: str) -> list[str]:
        assert main(["report", "-o", "-", *words]) == 0
        return Page(capsys.readouterr().out).bodies

    other = tmp_path / "other"
    (other / ".git").mkdir(parents=True)
    assert bodies("--since", "2027-01-15T08:00:02+00:00") == ["second"]
    assert bodies("--until", "2027-01-15T08:00:01+00:00") == ["first <b>"]
    assert bodies("--project", str(other)) == []
    assert bodies("--project", str(other), "--all") == ["first <b>", "second"]
    # A folder inside a project means the project.
    assert bodies("--project", str(project / "sub")) == ["first <b>", "second"]
    assert main(["report", "-o", "-", "--peer", "nobody"]) == 3


def test_a_report_changes_nothing_in_the_state_folder(
    ledger: LedgerFile, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def state() -> dict[str, bytes]:
        return {str(p): p.read_bytes() for p in (home / ".oxtail").rglob("*") if p.is_file()}

    before = state()
    assert main(["report", "-o", "-", "--all"]) == 0
    assert state() == before
