"""The page that shows the cockpit in a browser: a terminal, two notes, nothing of other hosts."""

from __future__ import annotations

from html import escape
from typing import Final

FONT_SIZE: Final = 16

STYLE: Final = """\
html { background: #121212; }
html, body { margin: 0; height: 100%; color: #e0e0e0; font-family: monospace; }
.textual-terminal { position: absolute; inset: 0; opacity: 0; }
body.-first-byte .textual-terminal { opacity: 1; }
/* Behind everything, the color that the terminal has: cells leave a strip at the edges. */
.xterm-viewport::before { content: ""; position: fixed; inset: 0; z-index: -1; }
.xterm-viewport::before { background: inherit; }
.note { padding: 2em; }
.closed { display: none; }
body.-first-byte .opening { display: none; }
body.-closed .closed { display: block; position: absolute; z-index: 10; background: #121212; }
"""

_PAGE: Final = """\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>{title}</title>
<link rel="stylesheet" href="static/css/xterm.css">
<link rel="stylesheet" href="page.css">
<script src="static/js/textual.js"></script>
</head>
<body>
<p class="note opening">The cockpit opens.</p>
<p class="note closed">The cockpit has ended. Load the page again to open it anew.</p>
<div id="terminal" class="textual-terminal" data-session-websocket-url="{socket}"
 data-font-size="{size}"></div>
</body>
</html>
"""


def page(title: str, socket: str, size: int = FONT_SIZE) -> str:
    """Return the page; *socket* is the address of its connection."""
    return _PAGE.format(title=escape(title), socket=escape(socket), size=size)


def policy(socket_origin: str) -> str:
    """Return what the page may load: its own files, and the connection to *socket_origin*."""
    return "; ".join(
        (
            "default-src 'none'",
            "script-src 'self'",
            # The terminal in the page sets the places of its rows as styles of elements.
            "style-src 'self' 'unsafe-inline'",
            "img-src 'self' data:",
            "font-src 'self' data:",
            f"connect-src {socket_origin}",
            "base-uri 'none'",
            "form-action 'none'",
            "frame-ancestors 'none'",
        )
    )
