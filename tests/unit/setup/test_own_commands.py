"""The clients' own commands are used where they are faithful, and never trusted further."""

from __future__ import annotations

import json
import os
import signal
import sys
import tomllib
from typing import TYPE_CHECKING, Any

import pytest

from helpers.clients_home import CLAUDE_JSON, CONFIG, HOMES, furnish, snapshot
from oxtail.cli.main import main
from oxtail.cli.setup import world_here
from oxtail.setup import app_server, programs, record, trust
from oxtail.setup.trust_state import look

if TYPE_CHECKING:
    from pathlib import Path

CLAUDE_ADD = """
import json, os, sys
path = os.environ["CLAUDE_CONFIG_DIR"] + "/.claude.json"
value = json.load(open(path)) if os.path.exists(path) else {"firstStart": 1}
at = sys.argv.index("--")
entry = {"type": "stdio", "command": sys.argv[at + 1], "args": sys.argv[at + 2 :], "env": {}}
value.setdefault("mcpServers", {})["oxtail"] = entry
EXTRA
json.dump(value, open(path, "w"), indent=2)
"""

CODEX = """
import json, os, re, sys, time
home = os.environ["CODEX_HOME"]
config = home + "/config.toml"
if sys.argv[1] == "mcp":
    at = sys.argv.index("--")
    with open(config, "a") as file:
        file.write("\\n[mcp_servers.oxtail]\\ncommand = " + json.dumps(sys.argv[at + 1]) + "\\n")
        file.write("args = " + json.dumps(sys.argv[at + 2 :]) + "\\n")
    sys.exit()
MODE
def hooks():
    text = open(config).read()
    words = open(home + "/hooks.json").read()
    for event, groups in json.loads(words)["hooks"].items():
        for number, group in enumerate(groups):
            for place, one in enumerate(group["hooks"]):
                name = re.sub("(?<=[a-z])(?=[A-Z])", "_", event).lower()
                key = f"{home}/hooks.json:{name}:{number}:{place}"
                yield {
                    "key": key, "eventName": event, "sourcePath": home + "/hooks.json",
                    "handlerType": "mcpTool" if one["type"] == "mcp_tool" else one["type"],
                    "command": one.get("command"), "server": one.get("server"),
                    "tool": one.get("tool"), "currentHash": "sha256:1", "isManaged": False,
                    "trustStatus": "trusted" if key in text else "untrusted",
                }
for line in sys.stdin:
    asked = json.loads(line)
    if "id" not in asked:
        continue
    if asked["method"] == "hooks/list":
        result = {"data": [{"hooks": list(hooks()), "warnings": []}]}
    elif asked["method"] == "config/batchWrite":
        with open(config, "a") as file:
            for key, value in asked["params"]["edits"][0]["value"].items():
                file.write(f'[hooks.state."{key}"]\\nenabled = true\\n')
                file.write(f'trusted_hash = "{value["trusted_hash"]}"\\n')
        result = {}
    else:
        result = {}
    print("noise that is no JSON")
    print(json.dumps({"method": "event"}))
    print(json.dumps({"id": asked["id"], "result": result}), flush=True)
"""


@pytest.fixture
def path(home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = home / ".local"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.setenv("CODEX_HOME", str(home / ".codex"))
    monkeypatch.setattr(programs, "SECONDS", 5.0)
    return folder


def program(folder: Path, name: str, code: str) -> None:
    (folder / name).write_text(f"#!{sys.executable} -IS\n{code}")
    (folder / name).chmod(0o755)


def result(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(capsys.readouterr().out.splitlines()[-1])["result"]
    return found


def test_what_the_clients_own_commands_write_is_taken(home: Path, path: Path) -> None:
    furnish(home, "commented")
    (home / CLAUDE_JSON).unlink()
    program(path, "claude", CLAUDE_ADD.replace("EXTRA", ""))
    program(path, "codex", CODEX.replace("MODE", "sys.exit(1)"))
    main(["setup", "--json"])

    assert json.loads((home / CLAUDE_JSON).read_text())["firstStart"] == 1
    config = (home / CONFIG).read_text()
    assert config.startswith(HOMES["commented"][CONFIG] + "\n[mcp_servers.oxtail]\ncommand")


@pytest.mark.parametrize(
    "extra",
    [
        'value["more"] = 1',
        'value["numStartups"] = 9',
        'value["mcpServers"]["oxtail"]["command"] = "other"',
        "sys.exit(1)",
        "open(path, 'w').write('{'); sys.exit()",
        "open(path, 'w').write(json.dumps(value)); sys.exit()",
    ],
)
def test_a_command_that_does_more_or_less_than_add_is_not_taken(
    home: Path, path: Path, extra: str
) -> None:
    (home / ".claude").mkdir()
    text = '{\n  "numStartups": 3,\n  "x": []\n}\n'
    (home / CLAUDE_JSON).write_text(text)
    program(path, "claude", CLAUDE_ADD.replace("EXTRA", extra))

    assert main(["setup", "--client", "claude", "--json"]) == 0
    value = json.loads((home / CLAUDE_JSON).read_text())
    assert value.pop("mcpServers")["oxtail"]["command"] == world_here().command[0]
    assert value == {"numStartups": 3, "x": []}


def test_a_command_that_lays_the_file_out_anew_is_not_taken(home: Path, path: Path) -> None:
    (home / ".claude").mkdir()
    (home / CLAUDE_JSON).write_text('{\n\t"a": {\n\t\t"b": 1\n\t}\n}\n')
    program(path, "claude", CLAUDE_ADD.replace("EXTRA", ""))

    assert main(["setup", "--client", "claude", "--json"]) == 0
    assert (home / CLAUDE_JSON).read_text().startswith('{\n\t"a": {\n\t\t"b": 1\n\t},\n\t"mcp')


def test_a_command_that_hangs_is_ended(
    home: Path, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("oxtail.setup.clients.ask", lambda w, e: programs.ask(w, e, 0.3))
    (home / ".claude").mkdir()
    note = home / "pid"
    code = f"import os, time; open({str(note)!r}, 'w').write(str(os.getpid())); time.sleep(60)"
    program(path, "claude", code)

    assert main(["setup", "--client", "claude", "--json"]) == 0
    assert "oxtail" in json.loads((home / CLAUDE_JSON).read_text())["mcpServers"]
    with pytest.raises(ProcessLookupError):
        os.kill(int(note.read_text()), signal.SIG_DFL)


def test_hooks_of_setup_are_trusted_and_others_are_not(
    home: Path, path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (home / ".codex").mkdir()
    mine = {"hooks": {"Stop": [{"hooks": [{"type": "command", "command": "mine"}]}]}}
    (home / ".codex" / "hooks.json").write_text(json.dumps(mine))
    program(path, "codex", CODEX.replace("MODE", ""))
    before = snapshot(home)

    assert main(["setup", "--client", "codex", "--yes", "--json"]) == 0
    assert result(capsys)["codex_trust"] == "trusted"
    state = tomllib.loads((home / CONFIG).read_text())["hooks"]["state"]
    assert len(state) == 9
    assert not any("stop:0:0" in key for key in state)
    assert main(["setup", "--client", "codex", "--json"]) == 0
    assert main(["uninstall", "--json"]) == 0
    assert snapshot(home) == before


def test_a_hook_of_another_file_that_looks_like_ours_is_not_trusted(home: Path, path: Path) -> None:
    (home / ".codex").mkdir()
    code = CODEX.replace("MODE", "").replace(
        '"sourcePath": home + "/hooks.json"',
        '"sourcePath": "/project/.codex/hooks.json" if event == "Stop" else home + "/hooks.json"',
    )
    program(path, "codex", code)

    assert main(["setup", "--client", "codex", "--yes", "--json"]) == 0
    state = tomllib.loads((home / CONFIG).read_text())["hooks"]["state"]
    assert len(state) == 7
    assert not any(":stop:" in key for key in state)


def test_trust_in_our_hooks_is_taken_back_where_the_file_has_changed(
    home: Path, path: Path
) -> None:
    furnish(home, "commented")
    program(path, "codex", CODEX.replace("MODE", ""))
    main(["setup", "--client", "codex", "--yes", "--json"])
    config = home / CONFIG
    other = '\n[hooks.state."other:stop:0:0"]\ntrusted_hash = "x"\n'
    config.write_text(config.read_text() + other)

    assert main(["uninstall", "--json"]) == 0
    assert config.read_text() == HOMES["commented"][CONFIG] + other


def test_without_a_terminal_and_without_yes_nothing_is_trusted(
    home: Path, path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (home / ".codex").mkdir()
    program(path, "codex", CODEX.replace("MODE", ""))

    assert main(["setup", "--client", "codex", "--json"]) == 1
    found = result(capsys)
    assert (found["codex_trust"], found["complete"]) == ("not-asked", False)
    assert "hooks" not in tomllib.loads((home / CONFIG).read_text())


@pytest.mark.parametrize(
    ("answer", "status"), [(True, "trusted"), (False, "declined"), (None, "not-asked")]
)
def test_the_answer_of_the_person_counts(
    home: Path, path: Path, answer: bool | None, status: str
) -> None:
    (home / ".codex").mkdir()
    program(path, "codex", CODEX.replace("MODE", ""))
    main(["setup", "--client", "codex", "--json"])
    shown: list[str] = []

    world = world_here()
    outcome = trust.give_trust(world, lambda lines: shown.extend(lines) or answer)
    assert outcome.status == status
    assert len(shown) == 9
    assert all("oxtail" in line for line in shown)
    assert (look(world, record.load(world.disk)).trusted == 9) is (answer is True)


@pytest.mark.parametrize(
    "mode",
    [
        "sys.exit(3)",
        "time.sleep(60)",
        "print('{}'); sys.stdout.flush(); time.sleep(60)",
        "print(json.dumps({'id': 1, 'error': {'code': -1}}), flush=True); time.sleep(60)",
        (
            "print(json.dumps({'id': 1, 'result': {}}));"
            "print(json.dumps({'id': 2, 'result': {'data': [{'hooks': [], 'warnings': ['no']}]}}),"
            " flush=True); time.sleep(60)"
        ),
        "print('x' * 10_000_000, flush=True); sys.exit()",
    ],
)
def test_a_codex_that_hangs_fails_or_talks_nonsense_is_reported(
    home: Path,
    path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    mode: str,
) -> None:
    monkeypatch.setattr(app_server.app_server.__wrapped__, "__defaults__", (0.4,))  # type: ignore[attr-defined]
    (home / ".codex").mkdir()
    program(path, "codex", CODEX.replace("MODE", mode))

    assert main(["setup", "--client", "codex", "--yes", "--json"]) == 1
    found = result(capsys)
    assert (found["codex_trust"], found["complete"]) == ("failed", False)
    assert found["remarks"]
    assert "oxtail" in tomllib.loads((home / CONFIG).read_text())["mcp_servers"]
