"""The line that starts a window's program in the shell of its pane: recipes as data, and quoting.

Rules of this file:

* The line is typed into a person's own shell, so that their ``PATH``, functions and aliases count.
* Every value stands in single quotes of that shell; no value can end them.
* A client never gets a value in another form than the one its option takes.

Seen with Claude Code 2.1 and Codex 0.169: Codex runs sessions without a ``-c`` in a daemon that
belongs to no pane, and asks about updates before anything else; the fixed ``-c`` prevents both.  It
has no session before its first turn, so it is given one with the line.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from oxtail.core.value import Value

if TYPE_CHECKING:
    from collections.abc import Sequence

    from oxtail.core.fleet_spec import WindowSpec

LINE_MAX_BYTES: Final = 2_000
"""A terminal keeps no longer line than 4,095 bytes for a shell that does not read yet."""

JOIN_PROMPT: Final = (
    "You were started as a member of an oxtail fleet. Call the oxtail tool get_my_session once, "
    "touch nothing, and end your turn; work will come as messages."
)
"""The first turn of a client that has no session without one."""

SHELLS: Final = {
    **dict.fromkeys(("sh", "ash", "bash", "dash", "zsh", "ksh", "mksh"), "posix"),
    "fish": "fish",
    **dict.fromkeys(("tcsh", "csh"), "csh"),
}
"""The shells into which a line may be typed, and the family whose quotes and words each has."""

_BARE: Final = re.compile(r"[A-Za-z0-9_./][A-Za-z0-9_./-]*|--?[a-z][a-z-]*")


class Recipe(Value):
    """How one client is started.

    Attributes:
        program: Its name.
        client_type: What the registry calls it.
        fixed: Words that always follow the program.
        model: Words that choose a model; ``{}`` stands for the value, as in the next ones.
        effort: Words that choose an effort.
        remote_control: Words that let the session be steered from elsewhere under a name.
        prompt: Its first turn, or None.
    """

    program: str
    client_type: str
    fixed: tuple[str, ...] = ()
    model: tuple[str, ...] = ()
    effort: tuple[str, ...] = ()
    remote_control: tuple[str, ...] = ()
    prompt: str | None = None


RECIPES: Final = {
    "claude": Recipe(
        "claude",
        "claude-code",
        model=("--model", "{}"),
        effort=("--effort", "{}"),
        remote_control=("--remote-control", "{}"),
    ),
    "codex": Recipe(
        "codex",
        "codex",
        fixed=("-c", "check_for_update_on_startup=false"),
        model=("--model", "{}"),
        effort=("-c", 'model_reasoning_effort="{}"'),
        prompt=JOIN_PROMPT,
    ),
}
"""The recipe of each kind of agent that has one; any other window has a command of its own."""


def shell_name(command: str) -> str | None:
    """Return the shell that a process named *command* is, or None; a login shell has a dash."""
    name = command.removeprefix("-").rpartition("/")[2]
    return name if name in SHELLS else None


def words_of(window: WindowSpec, session: str) -> tuple[str, ...]:
    """Return what is run in *window* of the tmux session *session*, program first."""
    recipe = RECIPES.get(window.agent)
    if recipe is None:
        return window.command
    words = [recipe.program, *recipe.fixed]
    for template, value in (
        (recipe.model, window.model),
        (recipe.effort, window.effort),
        (recipe.remote_control, f"{session}-{window.name}" if window.remote_control else None),
    ):
        if value:
            words += [word.replace("{}", value) for word in template]
    return (*words, recipe.prompt) if recipe.prompt else tuple(words)


def quoted(word: str, shell: str) -> str:
    """Return *word* in the single quotes of *shell*, one of :data:`SHELLS`."""
    family = SHELLS[shell]
    if family == "fish":
        return "'" + word.replace("\\", "\\\\").replace("'", "\\'") + "'"
    text = word.replace("'", "'\\''")
    # A C shell expands history within quotes, too.
    return "'" + (text.replace("!", "\\!") if family == "csh" else text) + "'"


def line_of(words: Sequence[str], shell: str, unset: Sequence[str] = ()) -> str | None:
    """Return the line that runs *words* in *shell* without the variables *unset*.

    None if it holds what no line can hold, or is too long to be typed.
    """
    if not words or not words[0]:
        return None
    # A program in quotes is never an alias.
    run = [word if _BARE.fullmatch(word) else quoted(word, shell) for word in words[:1]]
    run += [word if word.startswith("-") and _BARE.fullmatch(word) else quoted(word, shell)
            for word in words[1:]]  # fmt: skip
    line = " ".join(run)
    if unset:
        names = " ".join(unset)
        family = SHELLS[shell]
        if family == "posix":
            line = f"unset {names}; {line}"
        elif family == "fish":
            line = f"set -e {names}; {line}"
        else:
            line = " ".join(f"unsetenv {name};" for name in unset) + f" {line}"
    if not line.isprintable() or line.endswith(";") or len(line.encode()) > LINE_MAX_BYTES:
        return None
    return line
