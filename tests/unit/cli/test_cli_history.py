from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Any

import pytest

from helpers.history import LedgerFile, message
from oxtail.app.history import Scope
from oxtail.cli.export import block, span
from oxtail.cli.history_verbs import VERBS, number
from oxtail.cli.main import main
from oxtail.cli.past import text_of, who
from oxtail.core.envelope import Envelope
from oxtail.core.history import Record
from oxtail.core.names import hash32
from oxtail.disk import pieces
from oxtail.errors import FileExists

ALICE = "aaaaaaaa-0000-4000-8000-000000000001"
BOB = "bbbbbbbb-0000-4000-8000-000000000002"
SCOPE = Scope("/project", (ALICE, BOB), {ALICE: "alice"}, {}, ())


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "project"
    (path / ".git").mkdir(parents=True)
    monkeypatch.chdir(path)
    return path


@pytest.fixture
def ledger(home: Path, capsys: pytest.CaptureFixture[str]) -> LedgerFile:
    """The ledger of a session that is known to work in the project."""
    assert main(["inbox", "--as", BOB]) == 0
    capsys.readouterr()
    return LedgerFile(home / ".oxtail", BOB)


def record(body: str = "text", receiver: str | None = BOB, **members: Any) -> Record:
    members.setdefault("from_session_id", ALICE)
    envelope = Envelope("0f3c9a1be2d47758", body, 1_800_000_000, **members)
    return Record(receiver, hash32(BOB), envelope, members.get("outcome"))


def test_a_message_is_a_head_line_and_a_body_behind_a_margin() -> None:
    assert text_of(record("one\ntwo\x1b[2J"), SCOPE) == (
        f"0f3c9a1be2d47758 | 2027-01-15T08:00:00.000Z | from alice ({ALICE}) to {BOB}\n"
        "  one\n  two\\x1b[2J"
    )


def test_what_kind_of_message_it_is_stands_in_its_head_line() -> None:
    work = record(request_id="r", reply_to="q", action_required=True)

    assert " | question | answer | work: open | from " in text_of(work, SCOPE)
    due = record(action_required=True, extra=(("deadline", 1_800_000_060),))
    assert " | work: open | due 2027-01-15T08:01:00.000Z | from " in text_of(due, SCOPE)
    assert " | due " not in text_of(due._replace(outcome="done"), SCOPE)
    assert " | work: declined | " in text_of(record()._replace(outcome="declined"), SCOPE)


def test_those_without_id_and_the_forgotten_are_told() -> None:
    assert who(None, {}) == "a sender without session id"
    assert f"to a forgotten session (ledger {hash32(BOB)})" in text_of(record("", None), SCOPE)
    operator = record("", origin="operator", operator_source="pit\nfrom me")
    assert "from the operator (pit\\nfrom me)" in text_of(operator, SCOPE)


@pytest.mark.parametrize(
    ("text", "marked"),
    [
        ("plain", "`plain`"),
        ("a`b", "`` a`b ``"),
        ("``", "``` `` ```"),
        (" blank ", "`  blank  `"),
        ("two\nlines", "`two\\nlines`"),
        ("", "(empty)"),
    ],
)
def test_spans(text: str, marked: str) -> None:
    assert span(text) == marked


@pytest.mark.parametrize(
    ("body", "fence"), [("plain", "```"), ("```\n# no heading", "````"), ("`" * 9, "`" * 10)]
)
def test_fences_are_longer_than_what_is_in_the_body(body: str, fence: str) -> None:
    assert block(body) == f"{fence}text\n{body}\n{fence}"


def test_an_export_is_private_and_replaces_nothing(
    ledger: LedgerFile, project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ledger.append(message(1, "one"), message(2, "two"))
    page = project / "page.md"

    assert main(["export", "--out", str(page)]) == 0
    assert capsys.readouterr().out == f"2 messages written to {page}\n"
    assert stat.S_IMODE(page.stat().st_mode) == 0o600
    first = page.read_text(encoding="utf-8")
    assert first.index("```text\none\n```") < first.index("```text\ntwo\n```")
    ledger.append(message(3, "three"))

    assert main(["export", "--out", str(page)]) == 1
    assert "[file-exists]" in capsys.readouterr().err
    assert page.read_text(encoding="utf-8") == first
    assert main(["export", "--out", str(page), "--force"]) == 0
    assert "three" in page.read_text(encoding="utf-8")
    assert sorted(path.name for path in project.iterdir()) == [".git", "page.md"]


@pytest.mark.parametrize("force", [False, True])
def test_an_export_never_takes_the_place_of_a_folder(project: Path, force: bool) -> None:
    assert main(["export", "--out", str(project), *(["--force"] if force else [])]) == 1


def test_an_export_replaces_a_link_and_not_where_it_leads(
    ledger: LedgerFile, project: Path
) -> None:
    (project / "precious").write_text("precious")
    (project / "page.md").symlink_to(project / "precious")

    assert main(["export", "--out", "page.md"]) == 1
    assert main(["export", "--out", "page.md", "--force"]) == 0
    assert (project / "precious").read_text() == "precious"
    assert not (project / "page.md").is_symlink()


def test_an_export_that_fails_leaves_nothing(
    ledger: LedgerFile, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger.append(message(1))

    def refuse(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", refuse)

    assert main(["export", "--out", "page.md"]) == 5
    assert [path.name for path in project.iterdir()] == [".git"]


def test_an_export_to_a_folder_that_is_not_there(project: Path) -> None:
    assert main(["export", "--out", str(project / "no" / "page.md")]) == 5


@pytest.mark.parametrize("linked", [False, True])
def test_an_export_replaces_no_device(project: Path, linked: bool) -> None:
    """Whoever is root would leave a file where every program expects a device."""
    path = device = project / "device"
    os.mkfifo(device)
    if linked:
        path = project / "link"
        path.symlink_to(device)

    for words in ((), ("--force",)):
        assert main(["export", "--out", str(path), *words]) == 1
        assert main(["report", "--out", str(path), *words]) == 1
    assert device.is_fifo()
    assert path.is_symlink() is linked


def test_an_export_replaces_no_link_to_what_a_process_has_open(project: Path) -> None:
    page, link = project / "page.md", project / "stdout"
    with page.open("w") as file:
        link.symlink_to(f"/proc/self/fd/{file.fileno()}")

        assert main(["export", "--out", str(link), "--force"]) == 1

    assert link.is_symlink()


@pytest.mark.parametrize("taken", [False, True])
def test_a_file_system_without_links(
    project: Path, monkeypatch: pytest.MonkeyPatch, taken: bool
) -> None:
    path = project / "page.md"

    def refuse(source: str, target: str) -> None:
        if taken:
            path.write_text("first")
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", refuse)
    if taken:
        with pytest.raises(FileExists):
            pieces.write_pieces(str(path), [b"second"], replace=False)
        assert path.read_text() == "first"
    else:
        assert pieces.write_pieces(str(path), [b"one", b"two"], replace=False) == 6
        assert path.read_text() == "onetwo"
    assert sorted(each.name for each in project.iterdir()) == [".git", "page.md"]


def test_of_two_exports_at_once_one_counts(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = project / "page.md"
    real = os.link

    def late(source: str, target: str) -> None:
        path.write_text("first")
        real(source, target)

    monkeypatch.setattr(os, "link", late)
    with pytest.raises(FileExists):
        pieces.write_pieces(str(path), [b"second"], replace=False)

    assert path.read_text() == "first"


def test_an_export_to_standard_output(
    ledger: LedgerFile, capsys: pytest.CaptureFixture[str]
) -> None:
    ledger.append(message(1, "one \ud800 \x1b[2J"), b"torn\n")

    assert main(["export"]) == 0
    out, err = capsys.readouterr()
    assert "```text\none \\ud800 \\x1b[2J\n```\n" in out
    assert out.endswith("\n1 message in all.\n")
    assert err == f"oxtail: ledger {hash32(BOB)}: 1 line is no message\n"
    assert main(["export", "--json"]) == 2


def test_times_are_filters(ledger: LedgerFile, capsys: pytest.CaptureFixture[str]) -> None:
    ledger.append(message(1, "early"), message(7200, "late"))

    def log(*words: str) -> str:
        assert main(["log", *words]) == 0
        return capsys.readouterr().out

    assert "early" not in log("--since", "2027-01-15T09:00Z")
    assert "late" not in log("--until", "2027-01-15T09:00Z")
    assert log("--since", "2027-01-16T00:00Z") == "no messages\n"
    for words in (["--since", "x"], ["--until", "1h", "--since", "1m"], ["--limit", "-1"]):
        assert main(["log", *words]) == 2


def test_what_is_left_out_is_remarked(
    ledger: LedgerFile, capsys: pytest.CaptureFixture[str]
) -> None:
    ledger.append(message(1, "fox one"), message(2, "fox two"))

    assert main(["log", "--limit", "1"]) == 0
    assert "older messages match, too" in capsys.readouterr().err
    assert main(["search", "fox", "--limit", "1"]) == 0
    out, err = capsys.readouterr()
    assert "two" in out
    assert "the search index was missing; it is built anew" in err


def test_a_search_for_a_name_with_blanks_and_signs(
    ledger: LedgerFile, capsys: pytest.CaptureFixture[str]
) -> None:
    ledger.append(message(1, "see src/oxtail/core.py"), message(2, "core src"))

    assert main(["search", '"src/oxtail core"']) == 0
    assert "see src" in capsys.readouterr().out
    assert main(["search", "AND", '"', "NEAR(", "--", "-core"]) == 0
    assert capsys.readouterr().out == "no messages\n"
    assert main(["search", "***"]) == 2
    assert "[bad-argument]" in capsys.readouterr().err


@pytest.mark.parametrize(("text", "value"), [("0", 0), ("7", 7)])
def test_a_limit_may_be_nothing(text: str, value: int) -> None:
    assert number(text) == value


def test_all_three_take_the_same_filters() -> None:
    flags = {verb: {argument.flag for argument in VERBS[verb].arguments} for verb in VERBS}

    shared = {"--peer", "--thread", "--since", "--until", "--project", "--all"}
    assert all(shared <= found for found in flags.values())
