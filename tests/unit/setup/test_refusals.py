"""What setup refuses, and that nothing is changed then; writers at the same moment."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

import pytest

from helpers.clients_home import CLAUDE_JSON, CONFIG, HOOKS, SETTINGS, furnish, snapshot
from oxtail.cli.main import main
from oxtail.disk import foreign as files
from oxtail.errors import MalformedFile
from oxtail.setup import install
from oxtail.setup.toml_edit import add, parse, put, remove

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(autouse=True)
def no_clients(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (home / ".local").mkdir()
    monkeypatch.setenv("PATH", str(home / ".local"))


def refused(home: Path, capsys: pytest.CaptureFixture[str], verb: str = "setup") -> list[str]:
    """Run *verb*, make sure that it changes nothing, and return the codes of what was wrong."""
    before = snapshot(home)
    capsys.readouterr()

    assert main([verb, "--json"]) == 1
    error = json.loads(capsys.readouterr().out)["error"]
    assert snapshot(home) == before
    assert error["code"] == "setup-refused"
    return [problem["code"] for problem in error["problems"]]


@pytest.mark.parametrize(
    ("place", "text", "line"),
    [
        (SETTINGS, '{\n  "a": 1,\n}', 3),
        (SETTINGS, '{"hooks": []}', 1),
        (SETTINGS, '{"hooks": {"Stop": {}}}', 1),
        (CLAUDE_JSON, '{\n// no comments here\n"a": 1}', 2),
        (CLAUDE_JSON, '{"mcpServers": 1}', 1),
        (CLAUDE_JSON, '{"a": 1, "a": 2}', 1),
        (CONFIG, "a = 1\nb = \n", 2),
        (CONFIG, "[a]\nx = 1\n[a]\ny = 2\n", 3),
        (HOOKS, "\ufeff{}", 1),
        (HOOKS, '{"hooks": {}} // c', 1),
    ],
)
def test_a_malformed_file_is_refused_with_its_line_and_nothing_is_changed(
    home: Path, capsys: pytest.CaptureFixture[str], place: str, text: str, line: int
) -> None:
    furnish(home, "nothing there")
    (home / place).write_text(text)
    before = snapshot(home)

    assert main(["setup", "--json"]) == 1
    (problem,) = json.loads(capsys.readouterr().out)["error"]["problems"]
    assert problem["code"] == "malformed-file"
    assert (problem["path"], problem["line"]) == (str(home / place), line)
    assert snapshot(home) == before


def test_all_that_is_wrong_is_said_at_once(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    furnish(home, "nothing there")
    (home / SETTINGS).write_bytes(b'{"a": "\xff"}')
    (home / CONFIG).mkdir()
    (home / CLAUDE_JSON).write_text(json.dumps({"mcpServers": {"oxtail": {"command": "other"}}}))

    codes = refused(home, capsys)
    assert sorted(codes) == ["file-trouble", "malformed-file", "name-taken"]


@pytest.mark.parametrize(
    "server",
    [{"command": "mine"}, {"type": "http", "url": "http://x"}, [], {"command": "sh", "args": 1}],
)
def test_a_server_of_somebody_else_with_our_name_is_left(
    home: Path, capsys: pytest.CaptureFixture[str], server: object
) -> None:
    furnish(home, "nothing there")
    (home / CLAUDE_JSON).write_text(json.dumps({"mcpServers": {"oxtail": server}}))

    assert refused(home, capsys) == ["name-taken"]


@pytest.mark.parametrize("place", [CLAUDE_JSON, SETTINGS, CONFIG, HOOKS])
def test_a_read_only_file_is_left(
    home: Path, capsys: pytest.CaptureFixture[str], place: str
) -> None:
    furnish(home, "tabs and no last line end")
    (home / place).chmod(0o440)

    assert refused(home, capsys) == ["file-trouble"]


def test_a_read_only_file_that_needs_no_change_is_no_trouble(home: Path) -> None:
    furnish(home, "nothing there")
    main(["setup", "--client", "claude", "--json"])
    (home / SETTINGS).chmod(0o400)

    assert main(["setup", "--client", "claude", "--json"]) == 0


def test_uninstall_refuses_a_malformed_file_as_well(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    furnish(home, "nothing there")
    main(["setup", "--json"])
    (home / SETTINGS).write_text("{")

    assert refused(home, capsys, "uninstall") == ["malformed-file"]


def test_without_a_client_nothing_is_written(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["setup", "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["error"]["code"] == "no-client"
    assert snapshot(home) == {}


def test_a_join_command_of_somebody_else_stays(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    furnish(home, "nothing there")
    path = home / ".claude" / "commands" / "oxtail-join.md"
    path.parent.mkdir()
    path.write_text("mine")

    assert main(["setup", "--client", "claude", "--json"]) == 0
    assert any(str(path) in one for one in json.loads(capsys.readouterr().out)["result"]["remarks"])
    assert main(["uninstall", "--json"]) == 0
    assert path.read_text() == "mine"


def interrupt(monkeypatch: pytest.MonkeyPatch, path: Path, edits: list[bytes]) -> None:
    """Let somebody else write *path* right before each replacement of it."""
    real = files._write

    def write(temporary: str, data: bytes, mode: int, like: str | None) -> None:
        real(temporary, data, mode, like)
        if f".{path.name}.oxtail." in temporary and edits:
            path.write_bytes(edits.pop(0))

    monkeypatch.setattr(files, "_write", write)


def test_what_the_client_writes_at_the_same_moment_is_kept(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    furnish(home, "commented")
    path = home / CLAUDE_JSON
    interrupt(monkeypatch, path, [b'{"numStartups": 4}', b'{"numStartups": 5}'])

    assert main(["setup", "--client", "claude", "--json"]) == 0
    value = json.loads(path.read_text())
    assert value["numStartups"] == 5
    assert "oxtail" in value["mcpServers"]


def test_a_file_that_changes_all_the_time_is_left(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    furnish(home, "commented")
    path = home / CLAUDE_JSON
    interrupt(monkeypatch, path, [b'{"n": %d}' % n for n in range(install.TRIES)])

    assert main(["setup", "--client", "claude", "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["error"]["code"] == "changed-meanwhile"
    assert path.read_bytes() == b'{"n": %d}' % (install.TRIES - 1)
    assert not list(home.rglob(".*.oxtail.*"))


def test_a_replacement_that_cannot_be_written_leaves_the_file(tmp_path: Path) -> None:
    path = tmp_path / "folder" / "file"
    path.parent.mkdir()
    path.write_bytes(b"old")
    content = files.read(str(path))
    path.write_bytes(b"new")

    with pytest.raises(files.ChangedMeanwhile):
        files.replace(content, b"ours")
    assert path.read_bytes() == b"new"
    assert os.listdir(path.parent) == ["file"]


TOMLS = {
    "plain": (
        '[s.x]\na = 1\n\n[s.ours]\ncommand = "c" # mine\n\n[s.ours.env]\nA = "b"\n\n# t\n[t]\n'
    ),
    "quoted": '[s."ours"]\ncommand = "c"\n',
    "spaced": '[ s . ours ]\ncommand = "c"\n[t]\nb = 1\n',
    "dotted": 's.ours.command = "c"\ns.x.command = "d"\n',
    "inline": 's = { ours = { command = "c" }, x = { command = "d" } }\n',
    "inline table in a table": '[s]\nours = { command = "c" }\nx = { command = "d" } # keep\n',
    "crlf": '[s.x]\r\na = 1\r\n\r\n[s.ours]\r\ncommand = "c"\r\n',
    "strings that look like headers": '[s.ours]\ncommand = """\n[t]\n"""\n[u]\nb = 1\n',
}


@pytest.mark.parametrize("name", TOMLS)
def test_a_table_is_found_and_removed_in_every_spelling(name: str) -> None:
    text = TOMLS[name]
    expected = parse(text, "f")
    del expected["s"]["ours"]

    after = remove(text, "f", ("s", "ours"))
    found = parse(after, "f")
    assert {key: one for key, one in found.items() if one} == {
        key: one for key, one in expected.items() if one
    }
    for line in text.splitlines(keepends=True):
        if "# t" in line or "# keep" in line:
            assert line in after


@pytest.mark.parametrize("name", TOMLS)
def test_a_value_is_set_in_every_spelling(name: str) -> None:
    after = put(TOMLS[name], "f", ("s", "ours", "command"), "new")

    expected = parse(TOMLS[name], "f")
    expected["s"]["ours"]["command"] = "new"
    assert parse(after, "f") == expected


@pytest.mark.parametrize("text", ["", "a = 1", "# c\r\na = 1\r\n", "s = { x = { a = 1 } }\n"])
def test_a_table_that_is_added_and_removed_leaves_the_meaning(text: str) -> None:
    entry = {"command": 'a "b" \\ c', "args": ["x", "é"], "env": {"K": "v"}}
    after = add(text, "f", ("s", "ours"), entry)

    assert parse(after, "f")["s"]["ours"] == entry
    left = parse(remove(after, "f", ("s", "ours")), "f")
    assert {key: one for key, one in left.items() if one} == parse(text, "f")
    assert ("\r\n" in after) == ("\r\n" in text)


def test_toml_that_is_malformed_names_its_line() -> None:
    with pytest.raises(MalformedFile) as refused_text:
        parse("a = 1\n\nb = [\n", "f")
    assert refused_text.value.fields["line"] >= 3
