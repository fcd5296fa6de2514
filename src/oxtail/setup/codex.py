"""Codex: a server and the trust in hooks in ``config.toml``, the hooks in ``hooks.json``."""

from __future__ import annotations

from typing import Any

from oxtail.core.json_edit import Editor
from oxtail.core.json_text import decode
from oxtail.disk.foreign import Content, check_writable, read
from oxtail.errors import MalformedFile
from oxtail.setup import hooks, toml_edit
from oxtail.setup.clients import adds_lines_only, by_own_command, needs_command
from oxtail.setup.hook_groups import containers, merge
from oxtail.setup.ownership import NAME, Owner, owner_of_server
from oxtail.setup.plan import Change, Plan
from oxtail.setup.world import CODEX, World

SERVER = ("mcp_servers", NAME)
STATE = ("hooks", "state")
"""Where Codex keeps which hooks its user trusts."""


def _entry(world: World) -> dict[str, Any]:
    command, *arguments = world.command
    environ = world.server_environ
    return {"command": command, "args": arguments, **({"env": environ} if environ else {})}


def _by_own_command(world: World, content: Content, text: str) -> str | None:
    program = world.programs.get(CODEX)
    if program is None or "\r" in text:  # it makes all line ends those of Unix
        return None
    environ = [f"--env={name}={value}" for name, value in world.server_environ.items()]
    words = [program, "mcp", "add", *environ, NAME, "--", *world.command]
    data = by_own_command(words, world.environ, "CODEX_HOME", "config.toml", content.data)
    if data is None or not adds_lines_only(content.data, data):
        return None
    try:
        found = decode(data, content.path)
        value = toml_edit.parse(found, content.path)
    except MalformedFile:
        return None
    before = toml_edit.parse(text, content.path)
    servers = {**before.get(SERVER[0], {}), NAME: _entry(world)}
    return found if value == {**before, SERVER[0]: servers} else None


def plan_server(world: World) -> Change:
    """Plan the registration of our server.

    Raises:
        ConfigError: the file cannot be edited, or our name is taken.
    """
    content = read(world.codex_config)
    path = content.path
    text = toml_edit.read_text(content.data, path)
    value = toml_edit.parse(text, path)
    made = tuple(each for each in (SERVER[:1],) if toml_edit.find(value, each) is None)
    server = toml_edit.find(value, SERVER)
    command, *arguments = world.command
    after = text
    done = "registered the server"
    if server is None:
        after = _by_own_command(world, content, text) or toml_edit.add(
            text, path, SERVER, _entry(world)
        )
    elif owner := needs_command(CODEX, path, server):
        after = toml_edit.put(text, path, (*SERVER, "command"), command)
        after = toml_edit.put(after, path, (*SERVER, "args"), arguments)
        done = "took the server over from npm oxtail" if owner is Owner.NPM else "moved the server"
    data = after.encode() if after != text else content.data
    change = Change(CODEX, "server", content, data, done, made)
    if change.is_needed:
        check_writable(content)
    return change


def open_hooks(content: Content) -> Editor:
    """Return Codex's hooks for editing.

    Raises:
        MalformedFile: Codex could not read them.
    """
    text = decode(content.data or b"", content.path)
    if text.startswith("\ufeff"):
        problem = "a byte order mark, which Codex does not read"
        raise MalformedFile(f"{content.path}, line 1: {problem}", path=content.path, line=1)
    return Editor(text, content.path)


def plan_hooks(world: World) -> Plan:
    """Plan the hooks.

    Raises:
        ConfigError: the file cannot be edited.
    """
    content = read(world.codex_hooks)
    editor = open_hooks(content)
    wanted = hooks.wanted(CODEX, world.script)
    made = tuple(path for path in containers(wanted) if editor.find(path) is None)
    before = editor.text if content.data else None
    taken = merge(editor, wanted, takeover=True)
    after = editor.text.encode() if editor.text != before else content.data
    done = "took the hooks over from npm oxtail" if taken else "installed the hooks"
    change = Change(CODEX, "hooks", content, after, done, made)
    if change.is_needed:
        check_writable(content)
    return Plan((change,))


def without_server(
    content: Content, made: tuple[tuple[str, ...], ...], trusted: dict[str, str], all_of_it: bool
) -> bytes | None:
    """Return ``config.toml`` without our server and without the trust in our hooks.

    Args:
        content: The file.
        made: Containers that are ours.
        trusted: The hooks that setup trusted, and their hashes.
        all_of_it: Whether the server goes, too.

    Raises:
        ConfigError: it cannot be edited.
    """
    path = content.path
    text = before = toml_edit.read_text(content.data, path)
    value = toml_edit.parse(text, path)
    server = toml_edit.find(value, SERVER)
    if all_of_it and server is not None and owner_of_server(server) is Owner.OURS:
        text = toml_edit.remove(text, path, SERVER)
        if SERVER[:1] in made:
            text = toml_edit.remove_empty(text, path, SERVER[:1])
    gone = False
    for key, hashed in trusted.items():
        found = toml_edit.find(value, (*STATE, key))
        # A hook of somebody else may stand in this place by now, with a hash of its own.
        if isinstance(found, dict) and found.get("trusted_hash") == hashed:
            text = toml_edit.remove(text, path, (*STATE, key))
            gone = True
    for keys in (STATE, STATE[:1]) if gone else ():
        if keys in made:
            text = toml_edit.remove_empty(text, path, keys)
    return text.encode() if text != before else content.data
