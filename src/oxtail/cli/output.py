"""The one place that prints: text for people, or one JSON line in a pinned form.

A verb returns an :class:`Outcome`; :class:`Output` renders it.  A verb that takes mail hands its
outcome to :meth:`Output.show` from inside the drain, so that the mail is acknowledged only after
the bytes are out.  ``docs/reference/cli.md`` has the JSON form and the exit statuses.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any, Final

from oxtail.core.codec import encode_line
from oxtail.core.value import Value
from oxtail.errors import OutputFailed, OxtailError

if TYPE_CHECKING:
    from typing import TextIO

JSON_VERSION: Final = 1
"""Version of the JSON form; members may be added without a new number."""

INTERRUPTED: Final = 130
"""Exit status after Ctrl-C, as shells count it."""

_HARMLESS: Final = frozenset("\n\t\u00a0\u3000\u200d")
"""Characters that count as unprintable and steer nothing: line ends, blanks, the emoji joiner."""

_HINTS: Final = {
    "no-session-id": "say who you are with --as ID or OXTAIL_SESSION_ID.",
    "target-not-found": "oxtail peers lists who is here.",
    "ambiguous-target": "use the session id; oxtail peers lists them.",
    "store-error": "oxtail doctor looks for the cause.",
    "damaged-record": "oxtail doctor looks for the cause.",
}


class Outcome(Value):
    """What a verb found or did.

    Attributes:
        result: The members for programs.
        text: The same for people, without the last line end.
        remark: A line for people that is no part of the result; goes to standard error.
        exit_status: See :data:`oxtail.cli.help.EXIT_STATUSES`.
        committed: What happened already and cannot be undone by an output that fails, in a few
            words, or None.
    """

    result: dict[str, Any]
    text: str
    remark: str | None = None
    exit_status: int = 0
    committed: str | None = None


def _shown(character: str) -> str:
    if character.isprintable() or character in _HARMLESS:
        return character
    code = ord(character)
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def neutral(text: str) -> str:
    """Return *text* with everything that could steer a terminal shown as an escape.

    That is control characters but for line feed and tab, separators that some programs take for
    line ends, characters that turn the direction of text, lone surrogates, and the unassigned.
    """
    return text if text.isprintable() else "".join(map(_shown, text))


def one_line(text: str) -> str:
    """Return *text* neutral and on one line."""
    return neutral(text).replace("\n", "\\n").replace("\t", " ")


def indented(text: str, margin: str = "  ") -> str:
    """Return *text* neutral, each line behind *margin*, so that no line of it looks like ours."""
    return "\n".join(margin + line for line in neutral(text).split("\n"))


def _write(stream: TextIO | None, data: bytes) -> None:
    if stream is None:
        raise OutputFailed("standard output is closed")
    try:
        # Past the text layer: its encoding is the terminal's business, ours is UTF-8.
        stream.buffer.write(data)
        stream.flush()
    except (OSError, ValueError) as error:
        raise OutputFailed(f"the output could not be written: {error}") from error


def _discard(stream: TextIO | None) -> None:
    """Make the interpreter's last flush of *stream* harmless."""
    if stream is None:
        return
    try:
        descriptor = os.open(os.devnull, os.O_WRONLY)
        os.dup2(descriptor, stream.fileno())
        os.close(descriptor)
    except (OSError, ValueError):
        return  # it is closed already, so there is nothing left to flush into


class Output:
    """The output of one command.

    Attributes:
        command: The verb, or an empty text where none was recognized.
        as_json: Whether programs read it.
    """

    def __init__(self, command: str, as_json: bool) -> None:
        self.command = command
        self.as_json = as_json
        self._shown = False

    def show(self, outcome: Outcome) -> None:
        """Print *outcome*; return only after the bytes were handed to the system.

        Raises:
            OutputFailed: they could not be written.
        """
        if self.as_json:
            data = encode_line(
                {
                    "oxtail": JSON_VERSION,
                    "command": self.command,
                    "ok": True,
                    "result": outcome.result,
                }
            )
        else:
            text = outcome.text
            data = (text + "\n" if text else "").encode("utf-8", "backslashreplace")
        try:
            _write(sys.stdout, data)
        except OutputFailed:
            _discard(sys.stdout)
            raise
        self._shown = True
        if outcome.remark and not self.as_json:
            self.remark(outcome.remark)

    def finish(self, outcome: Outcome) -> int:
        """Print *outcome* unless it is out already, and return the exit status.

        What was committed stays done: then an output that fails is a remark, no failure.
        """
        if not self._shown:
            try:
                self.show(outcome)
            except OutputFailed as error:
                if outcome.committed is None:
                    raise
                self.remark(f"{outcome.committed}; {error.message}")
        return outcome.exit_status

    def ended(self, exit_status: int = 0) -> Outcome:
        """Return the outcome of a verb that has printed all that it had to say."""
        self._shown = True
        return Outcome({}, "", exit_status=exit_status)

    def fail(self, error: OxtailError) -> int:
        """Print *error* and return its exit status."""
        hint = _HINTS.get(error.code)
        if self.as_json:
            members = {"code": error.code, "message": error.message, **error.fields}
            if hint:
                members["hint"] = hint
            line = {
                "oxtail": JSON_VERSION,
                "command": self.command,
                "ok": False,
                "error": members,
            }
            try:
                _write(sys.stdout, encode_line(line))
            except OutputFailed as failed:
                _discard(sys.stdout)
                self.remark(failed.message)
            return error.exit_status
        self.remark(f"{error.message} [{error.code}]")
        if usage := error.fields.get("usage"):
            self.remark(f"usage: {usage}")
        candidates = error.fields.get("candidates")
        if isinstance(candidates, (list, tuple)) and candidates:
            self.remark("it could be: " + ", ".join(str(each) for each in candidates))
        if hint:
            self.remark(hint)
        return error.exit_status

    def remark(self, text: str) -> None:
        """Print *text* to standard error; a closed one loses it."""
        data = "".join(f"oxtail: {neutral(line)}\n" for line in text.split("\n"))
        try:
            _write(sys.stderr, data.encode("utf-8", "backslashreplace"))
        except OutputFailed:
            _discard(sys.stderr)

    def raw(self, text: str) -> None:
        """Print *text* of our own, such as help, as it is.

        Raises:
            OutputFailed: it could not be written.
        """
        try:
            _write(sys.stdout, text.encode())
        except OutputFailed:
            _discard(sys.stdout)
            raise
