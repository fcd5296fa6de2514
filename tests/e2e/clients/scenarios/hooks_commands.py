"""What ``hooks.py`` plays, with the hooks that start a process and no others."""

from __future__ import annotations

from e2e.clients.scenarios.hooks import main

if __name__ == "__main__":
    main(("command",))
