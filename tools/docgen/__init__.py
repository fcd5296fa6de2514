"""The pages of docs/reference: file name to the function that makes its text from the code."""

from __future__ import annotations

from collections.abc import Callable

from docgen import cli, errors, fleet, python, settings, tools, trace, wake
from docgen.text import Unexplained

_ABOUT = {
    "cli.md": "the `oxtail` command",
    "errors.md": "every error, its code and its exit status",
    "fleet.md": "the fleet as `oxtail status --json` shows it, and what decides its states",
    "python.md": "`import oxtail`",
    "settings.md": "environment variables",
    "tools.md": "the tools that an agent sees",
    "trace.md": "the events in `MCP_TRACE_FILE`",
    "wake.md": "what `wake_status` and its companions say",
}


def _index() -> str:
    rows = "\n".join(f"| [{name}]({name}) | {about} |" for name, about in _ABOUT.items())
    return (
        "# Reference\n\nEvery page here is made from the code by `make docs`; a test compares them.\n"
        f"\n| page | what it lists |\n|---|---|\n{rows}\n"
    )


PAGES: dict[str, Callable[[], str]] = {
    "README.md": _index,
    "cli.md": cli.page,
    "errors.md": errors.page,
    "fleet.md": fleet.page,
    "python.md": python.page,
    "settings.md": settings.page,
    "tools.md": tools.page,
    "trace.md": trace.page,
    "wake.md": wake.page,
}

__all__ = ["PAGES", "Unexplained"]
