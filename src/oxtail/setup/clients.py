"""What both clients have in common: who holds our name, and what their own command would write."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from oxtail.errors import NameTaken
from oxtail.setup.ownership import Owner, launches, owner_of_server
from oxtail.setup.programs import ask
from oxtail.setup.world import TITLES


def needs_command(client: str, path: str, server: object) -> Owner | None:
    """Tell whose registration *server* is if it must get our command; None if it is fine.

    Raises:
        NameTaken: it is somebody else's.
    """
    owner = owner_of_server(server)
    if owner is Owner.OTHER:
        scope = "--scope user " if client == "claude" else ""
        raise NameTaken(
            f"{path}: a server named oxtail is registered with {TITLES[client]} that is not "
            f"oxtail; remove it ({client} mcp remove {scope}oxtail) or rename it, then try again",
            path=path,
        )
    assert isinstance(server, Mapping)
    program = launches(server)
    if owner is Owner.OURS and (not os.path.isabs(program) or os.access(program, os.X_OK)):
        return None
    return owner


def adds_lines_only(before: bytes | None, after: bytes) -> bool:
    """Tell whether each line of *before* is in *after*, in order; a comma may have come to it."""
    left = iter(line.rstrip(b",") for line in after.split(b"\n"))
    lines = (before or b"").rstrip(b"\n").split(b"\n") if before and before.strip() else []
    return all(line.rstrip(b",") in left for line in lines)


@contextmanager
def _scratch() -> Iterator[str]:
    folder = tempfile.mkdtemp(prefix="oxtail-setup-")
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def by_own_command(
    words: Sequence[str], environ: Mapping[str, str], variable: str, name: str, data: bytes | None
) -> bytes | None:
    """Return what the client's own command makes of its file, tried on a copy.

    Args:
        words: The command.
        environ: Its environment.
        variable: The variable that names the client's folder.
        name: The file in it.
        data: What the file holds.

    Returns:
        The new content, or None if the command failed or hung.
    """
    with _scratch() as folder:
        path = os.path.join(folder, name)
        if data is not None:
            with open(path, "wb") as file:
                file.write(data)
        quiet: dict[str, Any] = {
            **environ,
            variable: folder,
            "DISABLE_AUTOUPDATER": "1",
            "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
        }
        if ask(words, quiet).status != 0:
            return None
        try:
            with open(path, "rb") as file:
                return file.read()
        except OSError:
            return None
