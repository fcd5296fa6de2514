"""Homes of people who use Claude Code and Codex, as setup may find them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

CLAUDE_JSON: Final = ".claude.json"
SETTINGS: Final = ".claude/settings.json"
CONFIG: Final = ".codex/config.toml"
HOOKS: Final = ".codex/hooks.json"

NPM_SERVER: Final = {"type": "stdio", "command": "npx", "args": ["-y", "oxtail@latest"]}


def _npm_hook(name: str) -> str:
    return f'"$HOME/.oxtail/hooks/{name}.sh"'


NPM_SETTINGS: Final = json.dumps(
    {
        "model": "opus",
        "hooks": {
            event: [{"hooks": [{"type": "command", "command": _npm_hook(name)}]}]
            for event, name in (
                ("PreToolUse", "pretooluse"),
                ("Stop", "stop"),
                ("UserPromptSubmit", "userpromptsubmit"),
            )
        },
        "_oxtailHook": {"version": 6, "installedAt": "2026-01-01T00:00:00.000Z", "hashes": {}},
    },
    indent=2,
)

SHARED_GROUP: Final = """\
{
  "permissions": { "allow": ["Bash(ls:*)"] },
  "hooks": {
    "PostToolUse": [
      {
        "matcher": "Edit|Write",
        "hooks": [
          { "type": "command", "command": "\\"$HOME/.oxtail/hooks/posttooluse.sh\\"" },
          { "type": "command", "command": "prettier --write", "timeout": 30 }
        ]
      }
    ],
    "Stop": [
      { "hooks": [ { "type": "command", "command": "\\"$HOME/.oxtail/hooks/stop.sh\\"" },
                   { "type": "command", "command": "say done" } ] }
    ],
    "Notification": []
  }
}
"""

COMMENTED: Final = """\
// my settings
{
  "model": "opus", // the big one
  /* hooks of mine */
  "hooks": {
    "Stop": [
      // beep
      { "hooks": [{ "type": "command", "command": "printf '\\\\a'" }] } // loud
    ]
    // no more
  }
}
"""

TOML: Final = """\
# my codex
model = "gpt"  # fast

[mcp_servers.docs]
command = "docs"   # spaced
args = [
  "--port", # why
  "1",
]

# last words
[tui]
theme = "x"
"""

HOMES: Final[dict[str, dict[str, str]]] = {
    "nothing there": {},
    "empty files": {CLAUDE_JSON: "", SETTINGS: "", CONFIG: "", HOOKS: ""},
    "commented": {SETTINGS: COMMENTED, CONFIG: TOML, CLAUDE_JSON: '{"numStartups": 3}'},
    "third party in the same group": {SETTINGS: SHARED_GROUP, CONFIG: TOML, HOOKS: SHARED_GROUP},
    "npm oxtail": {
        SETTINGS: NPM_SETTINGS,
        CLAUDE_JSON: json.dumps({"mcpServers": {"oxtail": NPM_SERVER}}, indent=2),
        CONFIG: TOML + '\n[mcp_servers.oxtail]\ncommand = "npx"\nargs = ["-y", "oxtail@latest"]\n'
        "startup_timeout_sec = 30 # slow\n",
    },
    "quoted key": {
        CONFIG: '[mcp_servers."oxtail"] # npm\ncommand = "npx"\nargs = ["-y", "oxtail"]\n',
        SETTINGS: "{}",
    },
    "spaced and dotted keys": {
        CONFIG: '[ mcp_servers . "docs" ]\ncommand = "x"\n\n[a]\nb.c = 1\n',
        CLAUDE_JSON: '{\n    "mcpServers": {\n        "x": {"command": "y"}\n    }\n}\n',
    },
    "dotted at the top": {
        CONFIG: 'mcp_servers.docs.command = "x"\nmodel = "m"\n\n[tui]\nx = 1\n',
        SETTINGS: '{\n  "hooks": {}\n}\n',
    },
    "inline table": {
        CONFIG: '# c\nmcp_servers = { docs = { command = "x" } } # one line\n[a]\nb = 1\n',
        SETTINGS: '{"hooks":{"Stop":[]}}',
    },
    "crlf": {
        SETTINGS: COMMENTED.replace("\n", "\r\n"),
        CONFIG: TOML.replace("\n", "\r\n"),
        CLAUDE_JSON: '{\r\n  "a": 1\r\n}\r\n',
    },
    "tabs and no last line end": {
        SETTINGS: '{\n\t"model": "opus",\n\t"hooks": {\n\t\t"Stop": []\n\t}\n}',
        CLAUDE_JSON: '{\n\t"a": [\n\t\t1\n\t]\n}',
        CONFIG: 'model = "x"',
        HOOKS: '{\n\t"description": "mine",\n\t"hooks": {}\n}',
    },
}
"""What each person has, by the path below the home."""


def furnish(home: Path, name: str, *, linked: bool = False) -> dict[Path, bytes]:
    """Write the files of the home *name*; return them. *linked* makes each a link to a dotfile."""
    written = {}
    for folder in (".claude", ".codex"):
        (home / folder).mkdir(exist_ok=True)
    for place, text in HOMES[name].items():
        path = home / place
        if linked:
            target = home / "dotfiles" / place.replace("/", "-").lstrip(".")
            target.parent.mkdir(exist_ok=True)
            path.symlink_to(target)
        path.write_bytes(text.encode())
        path.chmod(0o640)
        written[path] = text.encode()
    return written


def snapshot(home: Path) -> dict[str, tuple[int, bytes]]:
    """Return mode and content of every file below *home*; of a link, where it leads."""
    found = {}
    for path in sorted(home.rglob("*")):
        if path.is_symlink():
            found[str(path)] = (0, str(path.readlink()).encode())
        elif path.is_file():
            found[str(path)] = (path.stat().st_mode & 0o7777, path.read_bytes())
    return found
