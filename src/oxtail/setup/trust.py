"""Trust in our own Codex hooks, given through Codex's own interface.

Codex skips a hook until its user trusts exactly this definition of it.  Only hooks that setup
itself wrote are trusted: from our file, with our script or our tool, and nothing else.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Final

from oxtail.core.value import Value
from oxtail.errors import CodexError
from oxtail.setup import hooks, record, trust_state
from oxtail.setup.app_server import AppServer, app_server
from oxtail.setup.ownership import HOOK_TOOL, NAME
from oxtail.setup.world import CODEX, World

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

TRUSTED: Final = "trusted"


class Untrusted(Value):
    """One hook of ours that Codex does not run yet."""

    key: str
    hash: str
    shown: str


class Outcome(Value):
    """What became of the trust.

    Attributes:
        status: ``trusted`` (now or before), ``declined``, ``not-asked`` or ``failed``.
        trusted: The hooks of ours that were trusted now, and their hashes.
        remark: What is to be said, or None.
    """

    status: str
    trusted: Mapping[str, str]
    remark: str | None = None


def _is_ours(world: World, hook: Mapping[str, Any], commands: Sequence[str]) -> bool:
    source = hook.get("sourcePath")
    if not isinstance(source, str):
        return False
    if os.path.realpath(source) != os.path.realpath(world.codex_hooks):
        return False
    if hook.get("handlerType") == "command":
        return hook.get("command") in commands
    named = (hook.get("handlerType"), hook.get("server"), hook.get("tool"))
    return named == ("mcpTool", NAME, HOOK_TOOL)


def _commands(world: World) -> list[str]:
    groups = hooks.wanted(CODEX, world.script).values()
    handlers = [handler for event in groups for group in event for handler in group["hooks"]]
    return [handler["command"] for handler in handlers if handler["type"] == "command"]


def _ours(world: World, server: AppServer) -> list[dict[str, Any]]:
    result = server.call("hooks/list", {"cwds": [world.codex_home]})
    commands = _commands(world)
    found = [
        hook
        for layer in result.get("data", ())
        for hook in layer.get("hooks", ())
        if _is_ours(world, hook, commands)
    ]
    if not found:
        problems = [str(one) for layer in result.get("data", ()) for one in layer["warnings"]]
        raise CodexError("; ".join(["Codex does not see our hooks", *problems]))
    return found


def _shown(hook: Mapping[str, Any]) -> str:
    does = hook.get("command") or f"tool {hook.get('tool')} of server {hook.get('server')}"
    return f"{hook.get('eventName')}: {does}"


def untrusted(found: Sequence[Mapping[str, Any]]) -> list[Untrusted]:
    """Return those of *found* that Codex would skip for want of trust."""
    return [
        Untrusted(str(hook["key"]), str(hook["currentHash"]), _shown(hook))
        for hook in found
        if hook.get("trustStatus") != TRUSTED and not hook.get("isManaged")
    ]


def give_trust(world: World, confirm: Callable[[Sequence[str]], bool | None]) -> Outcome:
    """Let Codex trust the hooks that setup wrote, if the user agrees.

    Args:
        world: Where Codex is.
        confirm: Shows the hooks and asks; None where nobody can be asked.
    """
    program = world.programs.get(CODEX)
    by_hand = "Codex asks for it when it starts: review the hooks and trust those of oxtail"
    if program is None:
        state = trust_state.look(world, record.load(world.disk))
        if not state.untrusted:
            return Outcome(TRUSTED, {})
        remark = f"codex is not on PATH, so its hooks are not trusted yet; {by_hand}"
        return Outcome("not-asked", {}, remark)
    try:
        with app_server(program, world.environ, world.codex_home) as server:
            wanting = untrusted(_ours(world, server))
            if not wanting:
                return Outcome(TRUSTED, {})
            answer = confirm([hook.shown for hook in wanting])
            if answer is None:
                remark = "Codex skips the hooks until you trust them: oxtail setup --yes, or in "
                return Outcome("not-asked", {}, remark + "a terminal; or let Codex ask")
            if not answer:
                return Outcome("declined", {}, f"the Codex hooks are not trusted; {by_hand}")
        # A fresh one, because the person may have taken longer than a conversation may last.
        with app_server(program, world.environ, world.codex_home) as server:
            return _write(world, server, wanting)
    except (CodexError, KeyError, TypeError, AttributeError) as error:
        remark = f"the Codex hooks could not be trusted ({error}); {by_hand}"
        return Outcome("failed", {}, remark)


def _write(world: World, server: AppServer, wanting: Sequence[Untrusted]) -> Outcome:
    value = {hook.key: {"enabled": True, "trusted_hash": hook.hash} for hook in wanting}
    edit = {"keyPath": "hooks.state", "value": value, "mergeStrategy": "upsert"}
    server.call("config/batchWrite", {"edits": [edit], "reloadUserConfig": True})
    if left := untrusted(_ours(world, server)):
        raise CodexError(f"{len(left)} of them are still not trusted")
    return Outcome(TRUSTED, {hook.key: hook.hash for hook in wanting})
