"""``oxtail serve``: the MCP server of one agent session."""

from __future__ import annotations


def serve() -> int:
    """Serve standard input and output until the client is gone; return the exit status."""
    import os

    from oxtail.config import from_env
    from oxtail.server.main import main

    return main(from_env(os.environ))
