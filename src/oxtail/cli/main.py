"""The ``oxtail`` command: find the verb, run it, turn errors into exit statuses.

A verb's module is imported when that verb is chosen, and has one function::

    def run(options: Options, output: Output) -> Outcome

``serve`` alone takes a shorter way, because a session waits for it to start.
"""

from __future__ import annotations

import gc
import os
import sys
from typing import TYPE_CHECKING

from oxtail import __version__
from oxtail.cli.output import INTERRUPTED, Outcome, Output
from oxtail.errors import BadArgument, OutputFailed, OxtailError, StoreError, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

_HELP = ("--help", "-h", "help")


def _has_terminal() -> bool:
    try:
        return sys.stdin is not None and sys.stdin.isatty()
    except (OSError, ValueError):
        return False


def _serve() -> int:
    from oxtail.cli.serve import serve

    return serve()


def _about(word: str, output: Output) -> int:
    """Carry out ``--help`` and ``--version``, which need no state."""
    from oxtail.cli import help as text
    from oxtail.cli.verbs import every

    if word == "--version":
        output.show(Outcome({"version": __version__}, f"oxtail {__version__}"))
        return 0
    members = {
        "verbs": {name: verb.summary for name, verb in every().items()},
        "exit_statuses": {str(n): meaning for n, meaning in text.EXIT_STATUSES.items()},
    }
    output.show(Outcome(members, text.help_text().rstrip("\n")))
    return 0


def _run(words: list[str], output: Output) -> int:
    from oxtail.cli.parser import HelpWanted, as_typed, help_of, parse
    from oxtail.cli.verbs import TABLES, module, named

    verb, rest = words[0], words[1:]
    about = [word for word in rest if word != "--json"]
    if verb == "help" and len(about) == 1 and about[0] in TABLES:
        verb, rest = about[0], ["--help"]
    if verb in _HELP or verb == "--version":
        if rest and rest != ["--json"]:
            raise UsageError(f"{verb} takes no arguments but --json")
        return _about("--version" if verb == "--version" else "--help", output)
    if verb not in TABLES:
        raise UsageError(f"unknown verb: {verb[:80]}; oxtail --help lists the verbs")
    try:
        options = parse(verb, rest)
    except HelpWanted:
        output.show(Outcome({"help": help_of(verb)}, help_of(verb)))
        return 0
    if verb == "serve":
        return _serve()
    project = getattr(options, "project", None)
    if project and not output.as_json and not os.path.isdir(project):
        # Records of a folder that is gone can be looked at; mostly it is a typing error.
        output.remark(f"there is no folder {project}")
    work = module(named(verb).module or verb)
    gc.freeze()
    gc.enable()
    try:
        outcome: Outcome = work.run(options, output)
    except BadArgument as error:
        raise as_typed(error, verb, rest) from error.__cause__
    return output.finish(outcome)


def _wants_json(words: Sequence[str]) -> bool:
    before_bodies = words[: words.index("--")] if "--" in words else words
    return "--json" in before_bodies


def _unexpected(output: Output) -> int:
    import traceback

    from oxtail.config import from_env
    from oxtail.trace import open_trace

    stack = traceback.format_exc()
    open_trace(from_env(os.environ).trace_file)("internal_error", front_end="cli", stack=stack)
    summary = stack.rstrip().rsplit("\n", 1)[-1]
    return output.fail(
        OxtailError(f"unexpected error: {summary} (MCP_TRACE_FILE=FILE keeps the stack)")
    )


def main(words: Sequence[str]) -> int:
    """Carry out the command line *words* and return the exit status.

    Raises nothing.
    """
    # Nothing made while modules load is garbage, so looking for it is wasted time.
    gc.disable()
    words = list(words)
    if words == ["serve"] or (not words and not _has_terminal()):
        return _serve()
    words = words or ["--help"]
    output = Output(words[0], _wants_json(words[1:]))
    try:
        return _run(words, output)
    except OutputFailed as error:
        output.remark(f"{error.message} [{error.code}]")
        return error.exit_status
    except OxtailError as error:
        return output.fail(error)
    except OSError as error:
        place = f" {error.filename}" if error.filename else ""
        return output.fail(StoreError(f"cannot use{place}: {error.strerror or error}"))
    except KeyboardInterrupt:
        output.remark("interrupted")
        return INTERRUPTED
    except Exception:  # noqa: BLE001 - the translator of this front end; see _unexpected
        return _unexpected(output)
