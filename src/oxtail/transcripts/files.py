"""Transcript files of Claude Code and Codex; implements :class:`oxtail.ports.Transcripts`.

The files belong to the clients: they are read while they grow, may end in half a line, and are
never written.  ``docs/how-to.md`` says where they lie and what is shown of them.
"""

from __future__ import annotations

import errno
import os
import re
import stat
import time
from typing import TYPE_CHECKING, Final

from oxtail.core.follow import Growth
from oxtail.core.names import is_file_stem, is_uuid_shape
from oxtail.core.transcript import (
    Transcript,
    clamp_bytes,
    clamp_limit,
    fit,
    parse_claude_line,
    parse_codex_line,
)
from oxtail.transcripts import scan

if TYPE_CHECKING:
    from collections.abc import Mapping

    from oxtail.core.activity import Activity
    from oxtail.core.follow import Mark
    from oxtail.ports import Clock
    from oxtail.transcripts.tail import Tails

CODEX_DAYS: Final = 3
"""How many days back a Codex transcript is looked for; a session seldom runs longer."""

DAY_SECONDS: Final = 86_400

FOLDER_NAME_MAX: Final = 200
"""Claude Code cuts longer folder names and appends a hash of its own."""

# O_NONBLOCK: opening a fifo returns at once, and the check of the file's kind refuses it.
_READ_FLAGS: Final = os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK
_NO_LETTER_OR_DIGIT: Final = re.compile(r"[^A-Za-z0-9]")


def claude_folder_name(cwd: str) -> str:
    """Return the name of the folder in which Claude Code keeps the transcripts of *cwd*.

    Each UTF-16 unit that is no ASCII letter or digit becomes ``-``.
    """
    return _NO_LETTER_OR_DIGIT.sub(lambda found: "--" if ord(found.group()) > 0xFFFF else "-", cwd)


def _created_at(session_id: str) -> float | None:
    """Return when an id was made (unix seconds), if it is a UUID of the kind that tells."""
    if not is_uuid_shape(session_id) or session_id[14] != "7":
        return None
    try:
        return int(session_id[:8] + session_id[9:13], 16) / 1000
    except ValueError:
        return None


def _open_regular(path: str) -> int:
    """Open the regular file *path*, through links; raise OSError for everything else."""
    try:
        descriptor = os.open(path, _READ_FLAGS)
    except ValueError as error:  # a NUL or a lone surrogate: no file can have this name
        raise OSError(errno.EINVAL, "not a file name") from error
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(errno.EINVAL, "not a regular file", path)
    return descriptor


class FileTranscripts:
    """The transcripts below the clients' own folders.

    Args:
        user_home: The user's home folder.
        environ: ``CLAUDE_CONFIG_DIR`` and ``CODEX_HOME`` move the clients' folders.
        clock: Tells today's date.
        chunk_bytes: How much is read at once.
    """

    def __init__(
        self,
        user_home: str,
        environ: Mapping[str, str],
        clock: Clock,
        *,
        chunk_bytes: int = scan.CHUNK_BYTES,
    ) -> None:
        self._claude = environ.get("CLAUDE_CONFIG_DIR") or os.path.join(user_home, ".claude")
        self._codex = environ.get("CODEX_HOME") or os.path.join(user_home, ".codex")
        self._clock = clock
        self._chunk = chunk_bytes
        self._tails: Tails | None = None

    def locate(self, client_type: str, session_id: str, cwd: str) -> str | None:
        """Return the transcript path of a session, or None.

        A Claude Code path is where the file will be, whether it exists yet or not; a Codex path is
        that of a file that exists.  An id that could leave the folder has no transcript.
        """
        if not cwd or not is_file_stem(session_id):
            return None
        if client_type == "claude-code":
            return self._locate_claude(session_id, cwd)
        if client_type == "codex":
            return self._locate_codex(session_id)
        return None

    def read(
        self,
        path: str,
        client_type: str,
        *,
        limit: int,
        max_bytes: int,
        timestamps: bool,
        tail_scan: bool,
    ) -> Transcript:
        """Return the end of the transcript at *path*; a missing file is an empty transcript.

        What is appended while this reads is not seen.  Lines that are no messages are left out.

        Args:
            path: The file; a link to one is followed.
            client_type: ``codex`` for that client's form of lines, else that of Claude Code.
            limit: Most messages, clamped.
            max_bytes: Most UTF-8 bytes of text, clamped.
            timestamps: Whether messages keep their time stamps.
            tail_scan: Read from the end, and stop when there is enough.

        Raises:
            OSError: the file is there and cannot be read, is no regular file, or was cut meanwhile.
        """
        limit, max_bytes = clamp_limit(limit), clamp_bytes(max_bytes)
        parse = parse_codex_line if client_type == "codex" else parse_claude_line
        try:
            descriptor = _open_regular(path)
        except FileNotFoundError:
            return fit((), limit, max_bytes, more_before=False, total=0, modified_at=None)
        try:
            status = os.fstat(descriptor)
            walk = scan.lines_backward if tail_scan else scan.lines
            keep = scan.keep_first if tail_scan else scan.keep_newest
            source = walk(descriptor, status.st_size, self._chunk)
            kept = keep(source, parse, limit, max_bytes)
        finally:
            os.close(descriptor)
        messages = kept.messages
        if not timestamps:
            messages = tuple(said._replace(timestamp=None) for said in messages)
        return fit(
            messages,
            limit,
            max_bytes,
            more_before=kept.more_before,
            total=kept.total,
            modified_at=status.st_mtime,
        )

    def activity(self, path: str, client_type: str) -> Activity:
        """Return what its end says; see :meth:`oxtail.ports.Transcripts.activity`."""
        from oxtail.core.activity import Activity
        from oxtail.transcripts.tail import Tails

        self._tails = self._tails or Tails()
        try:
            if known := self._tails.unchanged(path, client_type):
                return known
            descriptor = _open_regular(path)
            try:
                return self._tails.activity(path, client_type, descriptor)
            finally:
                os.close(descriptor)
        except OSError:
            return Activity()

    def follow(self, path: str, client_type: str, mark: Mark | None) -> Growth:
        """Return new messages; see :meth:`oxtail.ports.Transcripts.follow`."""
        from oxtail.core.sighting import may_show, sightings
        from oxtail.transcripts.follow import grown

        descriptor = _open_regular(path)
        try:
            lines, reached, more = grown(descriptor, mark, may_show)
        finally:
            os.close(descriptor)
        seen = [(n, one) for n, line in lines for one in sightings(client_type, line)]
        return Growth(tuple(seen), reached, more)

    def _locate_claude(self, session_id: str, cwd: str) -> str | None:
        projects = os.path.join(self._claude, "projects")
        file_name = session_id + ".jsonl"
        name = claude_folder_name(cwd)
        folders = [name[:FOLDER_NAME_MAX] if len(name) > FOLDER_NAME_MAX else name]
        older = cwd.replace("/", "-")
        if "\0" not in older and older not in (name, ".", ".."):
            folders.append(older)
        if len(name) > FOLDER_NAME_MAX:
            folders = [f for f in _names(projects) if f.startswith(folders[0] + "-")] + folders
        paths = [os.path.join(projects, folder, file_name) for folder in folders]
        found = next((path for path in paths if os.path.exists(path)), None)
        if found or len(name) > FOLDER_NAME_MAX:
            return found
        return paths[0]

    def _locate_codex(self, session_id: str) -> str | None:
        whole = re.compile(rf"(?<![A-Za-z0-9]){re.escape(session_id)}(?![A-Za-z0-9])")
        for day in self._codex_days(session_id):
            folder = os.path.join(self._codex, "sessions", *day.split("-"))
            for name in reversed(_names(folder)):
                if name.endswith(".jsonl") and whole.search(name.removesuffix(".jsonl")):
                    return os.path.join(folder, name)
        return None

    def _codex_days(self, session_id: str) -> list[str]:
        """Return the dates to look under, newest first, in both time zones.

        Besides the last days that is the day on which the session began, where its id tells it:
        a session that is resumed later keeps its file.
        """
        now = self._clock.now()
        moments = [now - days * DAY_SECONDS for days in range(CODEX_DAYS)]
        created = _created_at(session_id)
        if created is not None and 0 < created < now:
            moments.append(created)
        days = {
            time.strftime("%Y-%m-%d", zone(moment))
            for moment in moments
            for zone in (time.gmtime, time.localtime)
        }
        return sorted(days, reverse=True)


def _names(folder: str) -> list[str]:
    """Return the names in *folder*, sorted; none where it cannot be read."""
    try:
        return sorted(os.listdir(folder))
    except OSError:
        return []
