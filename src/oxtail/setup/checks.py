"""Why a client would be deaf, and the command that mends it; reads only.

A finding is ``wrong`` if mail would not arrive by itself in a session of this client.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import stat
from typing import TYPE_CHECKING, Any, Final

from oxtail.disk.foreign import digest, read
from oxtail.errors import ConfigError
from oxtail.setup import hooks, record, toml_edit, trust_state
from oxtail.setup.claude import SERVER as CLAUDE_SERVER
from oxtail.setup.claude import open_global, open_settings
from oxtail.setup.codex import SERVER as CODEX_SERVER
from oxtail.setup.codex import open_hooks
from oxtail.setup.hook_groups import merge
from oxtail.setup.ownership import Owner, launches, owner_of_hook, owner_of_server
from oxtail.setup.programs import ask
from oxtail.setup.world import CLAUDE, CLIENTS, CODEX, TITLES, World
from oxtail.store.files.findings import NOTE, WRONG, Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from oxtail.core.json_edit import Editor

START_SECONDS: Final = 10.0
"""How long our command may take to say its version; it takes a twentieth of a second."""

_INBOUND: Final = "crossSessionInbound"
_INTERPRETER: Final = re.compile(r"^PYTHON=(.*)$", re.MULTILINE)


def _setup(client: str) -> str:
    return f"oxtail setup --client {client}"


def _registered(world: World, client: str) -> tuple[str, Any]:
    """Return the file that names servers, and what it says of ours."""
    content = read(world.claude_global if client == CLAUDE else world.codex_config)
    if client == CLAUDE:
        node = open_global(content).find(CLAUDE_SERVER)
        return content.path, node.value if node else None
    text = toml_edit.read_text(content.data, content.path)
    return content.path, toml_edit.find(toml_edit.parse(text, content.path), CODEX_SERVER)


def _settings(world: World, client: str) -> Editor:
    if client == CLAUDE:
        return open_settings(read(world.claude_settings))
    return open_hooks(read(world.codex_hooks))


def _hooks_path(world: World, client: str) -> str:
    return world.claude_settings if client == CLAUDE else world.codex_hooks


def _server(world: World, client: str, path: str, server: object) -> Iterator[Finding]:
    check = f"{client}-server"
    if server is None:
        yield Finding(check, WRONG, "the server is not registered", _setup(client), path)
        return
    owner = owner_of_server(server)
    if owner is Owner.OTHER or not isinstance(server, dict):
        problem = "another server has the name oxtail"
        scope = "--scope user " if client == CLAUDE else ""
        remedy = f"{client} mcp remove {scope}oxtail; {_setup(client)}"
        yield Finding(check, WRONG, problem, remedy, path)
        return
    if server.get("enabled") is False:
        remedy = f"set enabled = true in [mcp_servers.oxtail] of {shlex.quote(path)}"
        yield Finding(check, WRONG, "the server is registered and switched off", remedy, path)
    if owner is Owner.NPM:
        problem = "npm oxtail is registered, not this one"
        yield Finding(check, NOTE, problem, f"{_setup(client)} takes it over", path)
        return
    words = [launches(server), *server.get("args", ())[:-1], "--version"]
    environ = {**world.environ, **(server.get("env") or {})}
    answer = ask([str(word) for word in words], environ, START_SECONDS)
    if answer.status != 0:
        said = answer.text.rsplit("\n", 1)[-1][:200]
        problem = f"the registered command {words[0]} does not start: {said or answer.status}"
        yield Finding(check, WRONG, problem, _setup(client), path)


def _hooks(world: World, client: str, editor: Editor) -> Iterator[Finding]:
    check, path = f"{client}-hooks", _hooks_path(world, client)
    wanted = hooks.wanted(client, world.script)
    present = _own_hooks(editor)
    missing = [event for event in wanted if not present.get(event)]
    if missing:
        problem = f"hooks are missing: {', '.join(missing)}"
        yield Finding(check, WRONG, problem, _setup(client), path)
    else:
        before = editor.value
        merge(editor, wanted, takeover=False)
        if editor.value != before:
            problem = "the hooks are not those of this version"
            yield Finding(check, WRONG, problem, _setup(client), path)
    if client == CLAUDE and editor.has_comments:
        problem = "Claude Code reads no settings with comments, so no hook of them runs"
        yield Finding(check, WRONG, problem, f"remove the comments from {shlex.quote(path)}", path)
    if client == CLAUDE and editor.value.get("disableAllHooks") is True:
        remedy = f"remove disableAllHooks from {shlex.quote(path)}"
        yield Finding(check, WRONG, "all hooks are switched off", remedy, path)


def _own_hooks(editor: Editor) -> dict[str, int]:
    """Return how many hooks of ours each event has."""
    found = {}
    present = editor.expect(("hooks",), "object")
    for event in present.members if present else ():
        groups = [group.get("hooks") for group in event.node.items]
        handlers = [handler for group in groups if group for handler in group.items]
        ours = [one for one in handlers if owner_of_hook(one.value) is Owner.OURS]
        found[event.name] = len(ours)
    return {event: count for event, count in found.items() if count}


def _script(world: World) -> Iterator[Finding]:
    check, path, mend = "hook-script", world.script, "oxtail setup"
    content = read(path)
    if content.data is None:
        yield Finding(check, WRONG, "the hook script is missing", mend, path)
        return
    if not content.mode & stat.S_IXUSR:
        yield Finding(check, WRONG, "the hook script cannot be run", f"chmod 700 {path}", path)
    left = record.load(world.disk).owned.get(content.path)
    match = _INTERPRETER.search(content.data.decode("utf-8", "replace"))
    interpreter = "".join(shlex.split(match[1])[:1]) if match else ""
    if interpreter and not os.access(interpreter, os.X_OK):
        yield Finding(check, WRONG, f"its interpreter {interpreter} is gone", mend, path)
    elif left is not None and digest(content.data) != left:
        yield Finding(check, WRONG, "the hook script was changed since it was written", mend, path)
    elif content.data != hooks.script_bytes():
        yield Finding(check, WRONG, "the hook script is that of another version", mend, path)


def _inbound(world: World) -> Iterator[Finding]:
    folder = os.path.join(os.getcwd(), ".claude")
    named = [os.path.join(folder, name) for name in ("settings.json", "settings.local.json")]
    for path in (world.claude_settings, *named):
        try:
            policy = open_settings(read(path)).value.get(_INBOUND)
        except ConfigError:
            continue  # the user's own is reported by its other checks
        if policy in (None, "accept"):
            continue
        what = {"hold": "held until you review them", "refuse": "refused"}.get(
            str(policy), "held, because the value is unknown"
        )
        problem = f"{_INBOUND} is {json.dumps(policy)}: messages from other programs are {what}"
        remedy = f'set "{_INBOUND}": "accept" in {shlex.quote(path)}, if you want idle wakes'
        yield Finding("claude-inbound", WRONG, problem, remedy, path)


def _codex_policy(world: World) -> Iterator[Finding]:
    content = read(world.codex_config)
    value = toml_edit.parse(toml_edit.read_text(content.data, content.path), content.path)
    state = trust_state.look(world, record.load(world.disk))
    check, path = "codex-trust", content.path
    if toml_edit.find(value, ("features", "hooks")) is False:
        remedy = f"remove hooks = false from [features] of {shlex.quote(path)}"
        yield Finding("codex-hooks", WRONG, "hooks are switched off in Codex", remedy, path)
    if state.untrusted:
        problem = f"Codex skips {state.untrusted} hooks of oxtail that it does not trust"
        yield Finding(check, WRONG, problem, _setup(CODEX), path)
    if state.disabled:
        problem = f"{state.disabled} hooks of oxtail are switched off in Codex"
        yield Finding(check, WRONG, problem, "switch them on with /hooks in Codex", path)
    if value.get("sandbox_mode") == "read-only":
        problem = (
            "sandbox_mode is read-only: the server and the hooks work, but `oxtail` in a shell of "
            "the agent cannot write to the state folder"
        )
        remedy = f'sandbox_mode = "workspace-write" with {world.disk.layout.home} in writable_roots'
        yield Finding("codex-sandbox", NOTE, problem, remedy, path)
    elif value.get("sandbox_mode") == "workspace-write":
        roots = toml_edit.find(value, ("sandbox_workspace_write", "writable_roots")) or []
        home = world.disk.layout.home
        if not any(home == root or home.startswith(f"{root}/") for root in roots):
            problem = "`oxtail` in a sandboxed shell of the agent cannot write to the state folder"
            remedy = f"add {home} to writable_roots in [sandbox_workspace_write]"
            yield Finding("codex-sandbox", NOTE, problem, remedy, path)


def _client(world: World, client: str, alone: bool) -> Iterator[Finding]:
    try:
        path, server = _registered(world, client)
        editor = _settings(world, client)
        present = _own_hooks(editor)
    except ConfigError as error:
        yield _unreadable(client, error)
        return
    if server is None and not present:
        problem = f"oxtail is not set up with {TITLES[client]}"
        yield Finding(f"{client}-setup", WRONG if alone else NOTE, problem, _setup(client), path)
        return
    yield from _server(world, client, path, server)
    try:
        yield from _hooks(world, client, editor)
        yield from _inbound(world) if client == CLAUDE else _codex_policy(world)
    except ConfigError as error:
        yield _unreadable(client, error)


def _unreadable(client: str, error: ConfigError) -> Finding:
    path = error.fields.get("path")
    remedy = f"mend it, or put a backup in its place; then {_setup(client)}"
    return Finding(f"{client}-file", WRONG, error.message, remedy, str(path) if path else None)


def is_set_up(world: World, client: str) -> bool:
    """Tell whether anything of ours is in the settings of *client*."""
    try:
        _, server = _registered(world, client)
        return server is not None or bool(_own_hooks(_settings(world, client)))
    except ConfigError:
        return False


def examine(world: World) -> list[Finding]:
    """Return what is to be said about the clients that are on this machine."""
    here = [client for client in CLIENTS if world.is_present(client)]
    ready = [client for client in here if is_set_up(world, client)]
    found = [one for client in here for one in _client(world, client, not ready)]
    if ready:
        try:
            found += _script(world)
        except ConfigError as error:
            found.append(_unreadable(ready[0], error))
    return found
