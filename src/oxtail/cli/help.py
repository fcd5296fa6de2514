"""What ``oxtail --help`` and the page ``docs/reference/cli.md`` say, made from the verbs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from oxtail.cli.verbs import arguments_of, every

if TYPE_CHECKING:
    from collections.abc import Mapping

EXIT_STATUSES: Final[Mapping[int, str]] = {
    0: "done",
    1: "failed, or could not be done as a whole, or doctor found something wrong",
    2: "wrong usage, or status --check found something wrong",
    3: "the target, the message or the caller's own session id cannot be used",
    4: "what was waited for did not come in time, or the wait was cancelled",
    5: "the state folder could not be read or written",
    6: "tmux failed",
    130: "interrupted",
}


def help_text() -> str:
    """Return what ``oxtail --help`` prints."""
    verbs = every()
    width = max(map(len, verbs))
    lines = [
        "usage: oxtail VERB [ARGUMENTS]",
        "",
        "Coding agents that run side by side find each other, message, ask and hand over work.",
        "",
        "verbs:",
        *(f"  {name:<{width}}  {verb.summary}" for name, verb in verbs.items()),
        "",
        "options:",
        "  --help, -h   show this, or with a verb what the verb takes",
        "  --version    show the version",
        "",
        "Without a verb: the MCP server if standard input is not a terminal, else this help.",
        "",
        "who you are: --as ID, or OXTAIL_SESSION_ID; OXTAIL_NAME is a name that peers may use.",
        "Without an id, send works and nobody can reply; ask, inbox and reply need one.",
        "",
        "exit status:",
        *(f"  {status:>3}  {meaning}" for status, meaning in EXIT_STATUSES.items()),
    ]
    return "\n".join(lines) + "\n"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


_FORMS: Final = """
## JSON

With `--json` a verb prints exactly one line to standard output, whatever happens;
`log --follow` prints one for each message:

- `{"oxtail":1,"command":"send","ok":true,"result":{...}}`: the verb was carried out.
  `result` has the members that the tool of the same purpose answers with ([tools](tools.md)).
- `{"oxtail":1,"command":"send","ok":false,"error":{"code":...,"message":...}}`: it was not.
  `code` is stable ([errors](errors.md)); further members are facts about the error.

`oxtail` is the version of this form.
Under the same number members may be added, and are never removed or changed.
Where the verb was carried out and found something bad, `ok` is true and the exit status tells:
`ask` without an answer exits with 4, `doctor` with findings exits with 1, and `status --check` with
trouble exits with 2.

## Text

Text output is for people.
Control characters in messages are shown as escapes, so that mail cannot steer a terminal.
`--json` is exact.
"""


def reference() -> str:
    """Return the page ``docs/reference/cli.md``."""
    lines = [
        "# The `oxtail` command",
        "",
        "Made from the tables `src/oxtail/cli/*_verbs.py`; a test compares the two.",
        "",
        "```text",
        help_text().rstrip(),
        "```",
    ]
    for name, verb in every().items():
        lines += ["", f"## oxtail {name}", "", f"{verb.summary[0].upper()}{verb.summary[1:]}."]
        lines += [verb.promise]
        rows = [f"| `{_cell(a.label)}` | {_cell(a.help)} |" for a in arguments_of(name)]
        if rows:
            lines += ["", "| argument | meaning |", "|---|---|", *rows]
    return "\n".join(lines) + "\n" + _FORMS
