"""Claude Code: a server in its own file, hooks in its settings."""

from __future__ import annotations

from oxtail.core.json_edit import Editor
from oxtail.core.json_text import decode
from oxtail.disk.foreign import Content, check_writable, read
from oxtail.errors import ConfigError
from oxtail.setup import hooks
from oxtail.setup.clients import adds_lines_only, by_own_command, needs_command
from oxtail.setup.hook_groups import containers, drop_empty, merge
from oxtail.setup.ownership import NAME, NPM_MARKER, Owner
from oxtail.setup.plan import Change, Plan
from oxtail.setup.world import CLAUDE, World

SERVER = ("mcpServers", NAME)
MADE = (SERVER[:1],)


def open_global(content: Content) -> Editor:
    """Return Claude Code's own file for editing.

    Raises:
        MalformedFile: it cannot be parsed.
    """
    return Editor(decode(content.data or b"", content.path), content.path)


def open_settings(content: Content) -> Editor:
    """Return Claude Code's settings for editing; comments are let through and kept.

    Raises:
        MalformedFile: they cannot be parsed.
    """
    return Editor(decode(content.data or b"", content.path), content.path, comments=True)


def _by_own_command(world: World, content: Content) -> bytes | None:
    program = world.programs.get(CLAUDE)
    if program is None:
        return None
    words = [program, "mcp", "add", "--scope", "user", NAME, "--", *world.command]
    data = by_own_command(words, world.environ, "CLAUDE_CONFIG_DIR", ".claude.json", content.data)
    if data is None or not adds_lines_only(content.data, data):
        return None
    try:
        found = open_global(content._replace(data=data)).value
        before = open_global(content).value
    except ConfigError:
        return None
    server = found.get("mcpServers", {}).get(NAME, {})
    if [server.get("command"), *server.get("args", ())] != list(world.command):
        return None
    # Of a file that is there, nothing but our entry is to be new.
    entry = {**before.get("mcpServers", {}), NAME: server}
    if content.data is not None and found != {**before, "mcpServers": entry}:
        return None
    return data


def plan_server(world: World) -> Change:
    """Plan the registration of our server.

    Raises:
        ConfigError: the file cannot be edited, or our name is taken.
    """
    content = read(world.claude_global)
    editor = open_global(content)
    editor.expect(SERVER[:1], "object")
    made = tuple(path for path in MADE if editor.find(path) is None)
    node = editor.find(SERVER)
    command, *arguments = world.command
    if node is None:
        after = _by_own_command(world, content)
        if after is None:
            entry = {"type": "stdio", "command": command, "args": arguments, "env": {}}
            editor.put(SERVER, entry)
            after = editor.text.encode()
        done = "registered the server"
    else:
        owner = needs_command(CLAUDE, content.path, node.value)
        if owner is not None:
            editor.put((*SERVER, "command"), command)
            editor.put((*SERVER, "args"), arguments)
        after = editor.text.encode() if owner else content.data
        done = "took the server over from npm oxtail" if owner is Owner.NPM else "moved the server"
    change = Change(CLAUDE, "server", content, after, done, made)
    if change.is_needed:
        check_writable(content)
    return change


def plan_hooks(world: World) -> Plan:
    """Plan the hooks.

    Raises:
        ConfigError: the settings cannot be edited.
    """
    content = read(world.claude_settings)
    editor = open_settings(content)
    wanted = hooks.wanted(CLAUDE, world.script)
    made = tuple(path for path in containers(wanted) if editor.find(path) is None)
    before = editor.text if content.data else None
    taken = merge(editor, wanted, takeover=True)
    if editor.find((NPM_MARKER,)) is not None:
        editor.remove((NPM_MARKER,))
        taken = taken or 1
    after = editor.text.encode() if editor.text != before else content.data
    done = "took the hooks over from npm oxtail" if taken else "installed the hooks"
    change = Change(CLAUDE, "hooks", content, after, done, made)
    if change.is_needed:
        check_writable(content)
    remarks = []
    if editor.has_comments:
        remarks.append(
            f"{content.path} has comments; they are kept, but Claude Code reads no settings that "
            "have any, so its hooks run only once you remove them"
        )
    return Plan((change,), tuple(remarks))


def without_server(content: Content, made: tuple[tuple[str, ...], ...]) -> bytes | None:
    """Return the file without our server.

    Raises:
        MalformedFile: it cannot be parsed.
    """
    from oxtail.setup.ownership import owner_of_server

    editor = open_global(content)
    node = editor.find(SERVER)
    if content.data is None or node is None or owner_of_server(node.value) is not Owner.OURS:
        return content.data
    editor.remove(SERVER)
    drop_empty(editor, made)
    return editor.text.encode()


def without_hooks(content: Content, made: tuple[tuple[str, ...], ...]) -> bytes | None:
    """Return the settings without our hooks; both clients' files have the same form.

    Raises:
        MalformedFile: they cannot be parsed.
    """
    editor = open_settings(content)
    before = editor.text
    merge(editor, {}, takeover=False)
    if content.data is None or editor.text == before:
        return content.data
    drop_empty(editor, made)
    return editor.text.encode()
