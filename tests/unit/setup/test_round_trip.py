"""Setup, setup again, uninstall: the original bytes are back, and others' entries never change."""

from __future__ import annotations

import json
import tomllib
from typing import TYPE_CHECKING, Any

import pytest

from helpers.clients_home import (
    CLAUDE_JSON,
    COMMENTED,
    CONFIG,
    HOMES,
    HOOKS,
    SETTINGS,
    furnish,
    snapshot,
)
from oxtail.cli.main import main
from oxtail.cli.setup import world_here
from oxtail.core.json_text import parse
from oxtail.setup import hooks
from oxtail.setup.ownership import Owner, owner_of_hook
from oxtail.setup.world import CLAUDE, CODEX

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(autouse=True)
def no_clients(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No client's program is found, so setup edits every file itself."""
    (home / ".local").mkdir()
    monkeypatch.setenv("PATH", str(home / ".local"))


def set_up() -> None:
    """Set up; the trust in Codex's hooks is still to be given, which the status says."""
    assert main(["setup", "--json"]) == 1


def values(home: Path) -> dict[str, Any]:
    found = {}
    for place in (CLAUDE_JSON, SETTINGS, HOOKS):
        text = (home / place).read_bytes().decode() if (home / place).exists() else ""
        if text:
            found[place] = parse(text, place, comments=True).root.value
    config = home / CONFIG
    found[CONFIG] = tomllib.loads(config.read_bytes().decode()) if config.exists() else {}
    return found


def handlers(value: dict[str, Any]) -> dict[str, list[Any]]:
    return {
        event: [(group.get("matcher"), one) for group in groups for one in group["hooks"]]
        for event, groups in value.get("hooks", {}).items()
    }


def foreign(found: list[Any]) -> list[Any]:
    return [one for one in found if owner_of_hook(one[1]) is Owner.OTHER]


@pytest.mark.parametrize("linked", [False, True], ids=["files", "links"])
@pytest.mark.parametrize("name", HOMES)
def test_setup_twice_and_uninstall_give_the_original_bytes(
    home: Path, name: str, linked: bool
) -> None:
    furnish(home, name, linked=linked)
    before = snapshot(home)

    set_up()
    once = snapshot(home)
    assert once != before
    set_up()
    assert snapshot(home) == once
    assert main(["uninstall", "--json"]) == 0
    assert snapshot(home) == before


@pytest.mark.parametrize("name", HOMES)
def test_after_setup_the_server_and_all_hooks_are_there_once(home: Path, name: str) -> None:
    furnish(home, name)
    set_up()

    found = values(home)
    world = world_here()
    command, *arguments = world.command
    for server in (
        found[CLAUDE_JSON]["mcpServers"]["oxtail"],
        found[CONFIG]["mcp_servers"]["oxtail"],
    ):
        assert (server["command"], server["args"]) == (command, arguments)
    for client, place in ((CLAUDE, SETTINGS), (CODEX, HOOKS)):
        wanted = handlers({"hooks": hooks.wanted(client, world.script)})
        ours = {
            event: [one for one in each if owner_of_hook(one[1]) is not Owner.OTHER]
            for event, each in handlers(found[place]).items()
        }
        assert {event: each for event, each in ours.items() if each} == wanted


@pytest.mark.parametrize("name", HOMES)
def test_setup_and_removal_by_entry_leave_what_belongs_to_others(home: Path, name: str) -> None:
    furnish(home, name)
    before = values(home) if (home / CONFIG).exists() else {}

    set_up()
    with (home / CONFIG).open("ab") as config:
        config.write(b"[added]\nlater = true\n")
    settings = home / SETTINGS
    settings.write_bytes(settings.read_bytes() + b"\n")
    assert main(["uninstall", "--json"]) == 0

    after = values(home)
    assert after[CONFIG].pop("added") == {"later": True}
    after[CONFIG].get("mcp_servers", {}).pop("oxtail", None)
    was = before.get(CONFIG, {})
    was.get("mcp_servers", {}).pop("oxtail", None)
    assert {key: one for key, one in after[CONFIG].items() if one} == {
        key: one for key, one in was.items() if one
    }
    for place in (SETTINGS, HOOKS):
        old, new = before.get(place, {}), after.get(place, {})
        for event, each in handlers(old).items():
            left = handlers(new).get(event, [])
            assert foreign(left) == foreign(each)
            assert all(owner_of_hook(one[1]) is not Owner.OURS for one in left)


def test_bytes_of_others_stay_when_one_entry_after_the_other_is_removed(home: Path) -> None:
    furnish(home, "commented")
    set_up()
    config, settings = home / CONFIG, home / SETTINGS
    added = b'\n[projects."/p"]\ntrust_level = "trusted"\n'
    config.write_bytes(config.read_bytes() + added)
    settings.write_bytes(settings.read_bytes().replace(b'"opus"', b'"haiku"'))
    assert main(["uninstall", "--json"]) == 0

    assert settings.read_text() == COMMENTED.replace('"opus"', '"haiku"')
    assert config.read_bytes() == HOMES["commented"][CONFIG].encode() + added


def test_setup_says_that_it_took_npm_oxtail_over(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    furnish(home, "npm oxtail")
    set_up()

    result = json.loads(capsys.readouterr().out)["result"]
    done = [one["done"] for one in result["changed"]]
    assert sum("npm oxtail" in one for one in done) == 3
    found = values(home)
    assert "_oxtailHook" not in found[SETTINGS]
    assert found[CONFIG]["mcp_servers"]["oxtail"]["startup_timeout_sec"] == 30
    assert b"# slow" in (home / CONFIG).read_bytes()


def test_a_stale_hook_is_replaced_where_it_stands(home: Path) -> None:
    furnish(home, "nothing there")
    set_up()
    path = home / SETTINGS
    path.write_text(path.read_text().replace('"timeout": 10', '"timeout": 99'))
    set_up()

    assert handlers(values(home)[SETTINGS]) == handlers(
        {"hooks": hooks.wanted(CLAUDE, world_here().script)}
    )


def test_what_a_person_changed_between_two_setups_is_not_undone(home: Path) -> None:
    furnish(home, "third party in the same group")
    set_up()
    path = home / SETTINGS
    text = path.read_text().replace('"Bash(ls:*)"', '"Bash(cat:*)"')
    path.write_text(text.replace('"timeout": 10', '"timeout": 99'))
    set_up()
    assert main(["uninstall", "--json"]) == 0

    assert values(home)[SETTINGS]["permissions"] == {"allow": ["Bash(cat:*)"]}
    assert handlers(values(home)[SETTINGS])["Stop"] == [
        (None, {"type": "command", "command": "say done"})
    ]


def test_each_changed_file_has_one_dated_backup(home: Path) -> None:
    files = furnish(home, "third party in the same group")
    set_up()
    path = home / SETTINGS
    path.write_text(path.read_text().replace('"timeout": 10', '"timeout": 99'))
    set_up()

    backups = set(home.rglob("*.oxtail-backup.*"))
    assert len(backups) == len(files)
    for original, data in files.items():
        (backup,) = original.parent.glob(original.name + ".oxtail-backup.*")
        assert backup.read_bytes() == data
        assert backup.stat().st_mode == original.stat().st_mode


def test_only_the_hooks_come_and_go(home: Path) -> None:
    furnish(home, "commented")
    before = snapshot(home)

    assert main(["install-hook", "--json"]) == 1
    found = values(home)
    assert "mcpServers" not in found[CLAUDE_JSON]
    assert "oxtail" not in found[CONFIG]["mcp_servers"]
    assert set(handlers(found[SETTINGS])) == set(hooks.wanted(CLAUDE, ""))
    assert main(["uninstall-hook", "--json"]) == 0
    assert snapshot(home) == before


def test_taking_out_the_hooks_leaves_the_server(home: Path) -> None:
    furnish(home, "nothing there")
    set_up()
    assert main(["uninstall-hook", "--json"]) == 0

    found = values(home)
    assert "oxtail" in found[CLAUDE_JSON]["mcpServers"]
    assert "oxtail" in found[CONFIG]["mcp_servers"]
    assert not (home / SETTINGS).exists()
    assert main(["uninstall", "--json"]) == 0
    assert not (home / CLAUDE_JSON).exists()


def test_one_client_is_set_up_and_the_other_left(home: Path) -> None:
    furnish(home, "commented")
    before = snapshot(home)

    assert main(["setup", "--client", "claude", "--json"]) == 0
    changed = {path for path, what in snapshot(home).items() if before.get(path) != what}
    assert not any(".codex" in path for path in changed)
    assert main(["uninstall", "--json"]) == 0
    assert snapshot(home) == before


def test_a_dry_run_shows_a_diff_and_writes_nothing(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    furnish(home, "npm oxtail")
    before = snapshot(home)

    assert main(["setup", "--dry-run", "--json"]) == 0
    assert snapshot(home) == before
    shown = json.loads(capsys.readouterr().out)["result"]["diff"]
    assert f"--- {home / CONFIG}" in shown
    assert '-command = "npx"' in shown
    assert '+args = ["serve"]' in shown
    set_up()
    after = snapshot(home)
    assert main(["uninstall", "--dry-run"]) == 0
    assert snapshot(home) == after


def test_the_folders_that_variables_name_are_used(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CLAUDE_CONFIG_DIR", str(home / "cc"))
    monkeypatch.setenv("CODEX_HOME", str(home / "cx"))
    monkeypatch.setenv("OXTAIL_HOME", str(home / "state"))
    for folder in ("cc", "cx"):
        (home / folder).mkdir()
    set_up()

    assert "oxtail" in json.loads((home / "cc" / ".claude.json").read_text())["mcpServers"]
    assert (home / "cc" / "settings.json").exists()
    assert (home / "cc" / "commands" / "oxtail-join.md").exists()
    server = tomllib.loads((home / "cx" / "config.toml").read_text())["mcp_servers"]["oxtail"]
    assert server["env"] == {"OXTAIL_HOME": str(home / "state"), "CODEX_HOME": str(home / "cx")}
    assert (home / "state" / "hooks" / "oxtail-hook.sh").exists()
    assert not (home / ".claude.json").exists()


def test_hooks_of_an_earlier_installation_are_not_brought_back(home: Path) -> None:
    furnish(home, "nothing there")
    old = {"type": "command", "command": "/old/oxtail-hook.sh Stop claude"}
    other = {"type": "command", "command": "say done"}
    (home / SETTINGS).write_text(json.dumps({"hooks": {"Stop": [{"hooks": [old, other]}]}}))
    set_up()
    assert main(["uninstall", "--json"]) == 0

    assert values(home)[SETTINGS] == {"hooks": {"Stop": [{"hooks": [other]}]}}


def test_uninstall_where_nothing_is_does_nothing(home: Path) -> None:
    furnish(home, "commented")
    before = snapshot(home)

    assert main(["uninstall", "--json"]) == 0
    assert snapshot(home) == before


def test_uninstall_without_a_record_takes_out_what_is_ours(home: Path) -> None:
    furnish(home, "commented")
    set_up()
    (home / ".oxtail" / "setup.json").unlink()
    assert main(["uninstall", "--json"]) == 0

    found = values(home)
    assert "oxtail" not in found[CLAUDE_JSON]["mcpServers"]
    assert [each for each in handlers(found[SETTINGS]).values() if each] == [
        [(None, {"type": "command", "command": "printf '\\a'"})]
    ]
    assert not (home / ".oxtail" / "hooks").exists()
