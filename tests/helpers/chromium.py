"""A headless Chromium of a test's own, driven through two pipes.

It has a home of its own, talks to nobody who is not asked for, and ends with its ``with`` block.
"""

from __future__ import annotations

import base64
import fcntl
import json
import os
import re
import select
import shutil
import struct
import subprocess
import sys
import tempfile
import time
import zlib
from pathlib import Path
from typing import Any, Final, Self

from helpers.waiting import until

ANSWER_SECONDS: Final = 30.0
"""How long an answer may take on a machine that is busy."""

FLAGS: Final = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
    "--force-color-profile=srgb",
    "--remote-debugging-pipe",
)

_COLORS: Final = re.compile(r"\x1b\[[0-9;]*m")

_START: Final = """
import os, sys
os.dup2(int(sys.argv[1]), 3)
os.dup2(int(sys.argv[2]), 4)
os.execv(sys.argv[3], sys.argv[3:])
"""
"""Chromium reads what it is told from descriptor 3, and answers on 4."""


def chromium_path() -> Path | None:
    """Return where Chromium is, or None."""
    for name in ("chromium", "chromium-browser", "google-chrome"):
        if found := shutil.which(name):
            return Path(found)
    return None


class Chromium:
    """One browser."""

    def __init__(self) -> None:
        self._home = tempfile.mkdtemp(prefix="oxtail-chromium-")
        self._number = 0
        self._read = b""
        self._events: list[dict[str, Any]] = []
        theirs_in, self._to = os.pipe()
        self._from, theirs_out = os.pipe()
        # Out of the way of the two that the browser is to have.
        ends = [fcntl.fcntl(each, fcntl.F_DUPFD, 10) for each in (theirs_in, theirs_out)]
        environ = {
            "HOME": self._home,
            "PATH": os.environ.get("PATH", os.defpath),
            "LANG": "C.UTF-8",
        }
        self._process = subprocess.Popen(
            [sys.executable, "-ISc", _START, *map(str, ends), str(chromium_path()), *FLAGS,
             f"--user-data-dir={self._home}/profile", "about:blank"],
            pass_fds=ends, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL, env=environ,
        )  # fmt: skip
        for each in (theirs_in, theirs_out, *ends):
            os.close(each)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        try:
            self.call("Browser.close")
        except (OSError, AssertionError):
            self._process.kill()
        finally:
            os.close(self._to)
            os.close(self._from)
            try:
                self._process.wait(timeout=60)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            # A helper process of the browser may still write for a moment.
            until(lambda: not shutil.rmtree(self._home, ignore_errors=True)
                  and not os.path.exists(self._home))  # fmt: skip

    def call(self, method: str, session: str | None = None, **params: Any) -> dict[str, Any]:
        """Carry out one command of the DevTools protocol."""
        self._number += 1
        asked: dict[str, Any] = {"id": self._number, "method": method, "params": params}
        if session:
            asked["sessionId"] = session
        os.write(self._to, json.dumps(asked).encode() + b"\0")
        while True:
            told = self._message()
            if told.get("id") == self._number:
                assert "error" not in told, (method, told["error"])
                result: dict[str, Any] = told["result"]
                return result
            self._events.append(told)

    def _message(self) -> dict[str, Any]:
        ends = time.monotonic() + ANSWER_SECONDS
        while b"\0" not in self._read:
            ready, _, _ = select.select([self._from], [], [], max(ends - time.monotonic(), 0))
            assert ready, "the browser did not answer in time"
            piece = os.read(self._from, 1 << 20)
            assert piece, "the browser has ended"
            self._read += piece
        line, _, self._read = self._read.partition(b"\0")
        told: dict[str, Any] = json.loads(line)
        return told

    def open(self, url: str, width: int, height: int, *, dark: bool = False) -> Tab:
        """Open *url* in a new tab of that size; return once it is loaded.

        What earlier pages received and complained of is forgotten.
        """
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        attached = self.call("Target.attachToTarget", targetId=target, flatten=True)
        self._events.clear()
        tab = Tab(self, attached["sessionId"])
        tab.call(
            "Emulation.setDeviceMetricsOverride",
            width=width, height=height, deviceScaleFactor=1, mobile=False,
        )  # fmt: skip
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        tab.call("Emulation.setEmulatedMedia", features=[scheme])
        tab.call("Page.enable")
        tab.call("Runtime.enable")
        tab.call("Log.enable")
        tab.call("Network.enable")
        tab.call("Page.navigate", url=url)
        until(lambda: tab.value("document.readyState") == "complete", within=ANSWER_SECONDS)
        return tab

    def received(self) -> str:
        """Return what has come over web sockets, as text."""
        pieces = []
        for event in self._events:
            if event.get("method") == "Network.webSocketFrameReceived":
                frame = event["params"]["response"]
                text = frame["payloadData"]
                binary = frame["opcode"] == 2
                pieces.append(base64.b64decode(text).decode() if binary else text)
        return "".join(pieces)

    def complaints(self) -> list[str]:
        """Return what pages have complained of: refused scripts, failed loads, uncaught errors."""
        found = []
        for event in self._events:
            params = event.get("params", {})
            if event.get("method") == "Log.entryAdded":
                found.append(params["entry"]["text"])
            elif event.get("method") == "Runtime.exceptionThrown":
                found.append(params["exceptionDetails"]["text"])
        return found


class Tab:
    """One page that is open."""

    def __init__(self, browser: Chromium, session: str) -> None:
        self._browser, self._session = browser, session

    def call(self, method: str, **params: Any) -> dict[str, Any]:
        return self._browser.call(method, self._session, **params)

    def value(self, expression: str) -> Any:
        """Return what the JavaScript *expression* amounts to."""
        done = self.call("Runtime.evaluate", expression=expression, returnByValue=True)
        assert "exceptionDetails" not in done, done
        return done["result"].get("value")

    def sees(self, text: str) -> bool:
        """Tell whether *text* was sent to a terminal in a page, colors apart."""
        self.value("0")  # events come with answers
        return text in _COLORS.sub("", self._browser.received())

    def type(self, text: str) -> None:
        """Type *text* where the focus is."""
        for character in text:
            self.call("Input.dispatchKeyEvent", type="keyDown", text=character, key=character)
            self.call("Input.dispatchKeyEvent", type="keyUp", key=character)

    def picture(self) -> bytes:
        """Return what is seen as a PNG."""
        return base64.b64decode(self.call("Page.captureScreenshot", format="png")["data"])

    def colors(self) -> set[bytes]:
        """Return the colors in the upper left of what is seen: more than one unless it is blank."""
        return self._colors_in(0, 0, 240, 120)

    def edge_colors(self, width: int, height: int) -> set[bytes]:
        """Return the colors at the lower and the right edge of a page of this size."""
        below = self._colors_in(0, height - 2, width, 2)
        return below | self._colors_in(width - 1, 0, 1, height)

    def _colors_in(self, x: int, y: int, width: int, height: int) -> set[bytes]:
        clip = {"x": x, "y": y, "width": width, "height": height, "scale": 1}
        told = self.call("Page.captureScreenshot", format="png", clip=clip)
        return _colors(base64.b64decode(told["data"]))


def _colors(png: bytes) -> set[bytes]:
    """Return the colors of *png*, a picture with three or four bytes for each dot."""
    width, height, depth, kind = struct.unpack(">IIBB", png[16:26])
    size = {2: 3, 6: 4}[kind]
    assert depth == 8
    data, at = b"", 8
    while at < len(png):
        (length,) = struct.unpack(">I", png[at : at + 4])
        if png[at + 4 : at + 8] == b"IDAT":
            data += png[at + 8 : at + 8 + length]
        at += length + 12
    raw, before, found = zlib.decompress(data), bytes(width * size), set()
    for row in range(height):
        start = row * (width * size + 1)
        before = _row(raw[start], raw[start + 1 : start + 1 + width * size], before, size)
        found |= {before[dot : dot + 3] for dot in range(0, len(before), size)}
    return found


def _row(kind: int, line: bytes, above: bytes, size: int) -> bytes:
    done = bytearray(line)
    for at, byte in enumerate(line):
        left = done[at - size] if at >= size else 0
        corner = above[at - size] if at >= size else 0
        up = above[at]
        if kind == 4:
            guess = left + up - corner
            near = min((abs(guess - each), place) for place, each in enumerate((left, up, corner)))
            add = (left, up, corner)[near[1]]
        else:
            add = (0, left, up, (left + up) // 2)[kind]
        done[at] = (byte + add) & 255
    return bytes(done)
