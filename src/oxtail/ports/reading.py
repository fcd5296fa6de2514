"""What can be read of a session: its pane and its transcript."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from oxtail.core.activity import Activity
    from oxtail.core.census import PaneTable
    from oxtail.core.follow import Growth, Mark
    from oxtail.core.pane import Pane
    from oxtail.core.transcript import Transcript


class Panes(Protocol):
    """tmux, as far as discovery and reading need it."""

    def list(self) -> tuple[Pane, ...]:
        """Return all panes; none where there is no tmux or no tmux server.

        Raises:
            PaneError: tmux answered with something else.
        """

    def hosts(self, pids: Collection[int], watched: Sequence[str] = ()) -> PaneTable:
        """Return all panes, and which of them provably runs which of *pids*; asks tmux once.

        What the panes *watched* show is looked at too, and told of those that run one of *pids*.
        They are given by their ids; what is no pane is left out.

        Raises:
            PaneError: as :meth:`list`.
        """

    def host_of(self, pid: int) -> Pane | None:
        """Return the pane that provably runs process *pid*, by the process tree."""

    def capture(self, pane_id: str, lines: int) -> str:
        """Return the last *lines* rows of a pane.

        Raises:
            PaneError: there is no such pane, or tmux failed.
        """


class Transcripts(Protocol):
    """The clients' own records of their conversations."""

    def locate(self, client_type: str, session_id: str, cwd: str) -> str | None:
        """Return the transcript path of a session, or None where the client is unknown."""

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

        Raises:
            OSError: the file is there and cannot be read.
        """

    def activity(self, path: str, client_type: str) -> Activity:
        """Return what the end of the transcript at *path* says of its agent.

        It reads a bounded number of bytes, and none while the file does not change.  A file that is
        missing or cannot be read says nothing.
        """

    def follow(self, path: str, client_type: str, mark: Mark | None) -> Growth:
        """Return the messages that the transcript at *path* has before the model since *mark*.

        One look reads a bounded number of bytes; a file that is another one than at *mark* is read
        from its beginning.

        Raises:
            FileNotFoundError: there is no such file.
            OSError: it cannot be read.
        """
