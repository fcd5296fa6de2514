"""Mail that was taken from a box and not yet acknowledged.

A claim is a file in ``claimed/``: an owner record, then the lines as they lay in the box.  It is on
disk before the lines leave the box, and goes when they were shown or are back in the box; so at
every instant a message lies in one of the two, or has a receipt.  ``docs/formats/claim.md`` is the
format, ``docs/states.md`` the life.
"""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from oxtail.core import codec
from oxtail.core.mail import Claim, Peek
from oxtail.core.names import is_box, parse_pid
from oxtail.core.value import Value
from oxtail.errors import DamagedRecord, LockBusy, StoreError
from oxtail.store.files import lines
from oxtail.store.files.owners import (
    FOREIGN_OWNER_SECONDS,
    has_left,
    owner_from_dict,
    owner_to_dict,
)
from oxtail.store.files.records import number

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Sequence

    from oxtail.core.envelope import Envelope
    from oxtail.core.owner import Owner
    from oxtail.disk.atomic import Disk
    from oxtail.ports import Clock, Ids
    from oxtail.store.files.box import Boxes, OpenBox

_PARTS: Final = 3


class _Record(Value):
    """A claim file: its owner if that is readable, when it was made, and its lines."""

    owner: Owner | None
    claimed_at: float
    found: list[lines.Line]
    damaged: list[bytes]


def _is_one_of(line: lines.Line, ids: Collection[str]) -> bool:
    return line.message is not None and line.message.id in ids


class Claims:
    """The claims of one process, and those that the dead have left.

    Args:
        disk: The state folder.
        boxes: Its boxes.
        owner: This process.
        provably_dead: Tells whether another one has ended.
        was_shown: Tells whether a message has a receipt.
        clock: Time.
        ids: Names for claims.
    """

    def __init__(
        self,
        disk: Disk,
        boxes: Boxes,
        *,
        owner: Owner,
        provably_dead: Callable[[Owner], bool],
        was_shown: Callable[[str], bool],
        clock: Clock,
        ids: Ids,
    ) -> None:
        self._disk = disk
        self._boxes = boxes
        self._owner = owner
        self._provably_dead = provably_dead
        self._was_shown = was_shown
        self._clock = clock
        self._ids = ids
        self._held: set[str] = set()
        self._returning: set[str] = set()

    # ------------------------------------------------------------------ looking

    def peek(self, names: Sequence[str]) -> Peek:
        """Return what lies in the boxes *names*; see :meth:`oxtail.ports.Store.peek`."""
        found: dict[str, Envelope] = {}
        skipped = []
        for name in dict.fromkeys(names):
            try:
                complete = self.recover(name)
                data = self._look(name)
            except StoreError as error:
                self._disk.trace("box_skipped", box=name, error=error.message)
                skipped.append(name)
                continue
            if not complete:
                skipped.append(name)
            parsed = lines.parse(data)
            useless = bool(data) and not parsed
            for line in parsed:
                if line.message is None:
                    # An incomplete last line may be a message on its way.
                    useless = useless or line is not parsed[-1] or data.endswith(b"\n")
                elif self._was_shown(line.message.id):
                    useless = True
                else:
                    found.setdefault(line.message.id, line.message)
            if useless:
                self._tidy(name)
        return Peek(tuple(found.values()), tuple(skipped))

    def _look(self, name: str) -> bytes:
        try:
            return self._boxes.read(name)
        except DamagedRecord:
            with self._boxes.holding(name) as box:
                box.read()  # sets aside what still is no box
            raise

    def _tidy(self, name: str) -> None:
        """Take what is no mail any more out of a box, so that an empty box looks empty."""
        try:
            self._take(name, frozenset())
        except StoreError as error:
            self._disk.trace("box_skipped", box=name, error=error.message)

    def holds(self, names: Collection[str] | None, message_id: str) -> bool:
        """Tell whether a claim on one of the boxes *names*, None for any box, has a message."""
        for token in self._tokens():
            if names is None or token.partition(".")[0] in names:
                with suppress(StoreError):
                    data = self._disk.read(self._path(token)) or b""
                    if lines.has_message(data, message_id):
                        return True
        return False

    def holds_any(self, name: str) -> bool:
        """Tell whether there is a claim on the box *name*."""
        return any(token.partition(".")[0] == name for token in self._tokens())

    # ------------------------------------------------------------------ taking

    def claim(self, names: Sequence[str], ids: Collection[str]) -> Claim:
        """Take messages; see :meth:`oxtail.ports.Store.claim`."""
        wanted = frozenset(ids)
        tokens: list[str] = []
        found: dict[str, Envelope] = {}
        skipped = []
        try:
            for name in dict.fromkeys(names):
                try:
                    complete = self.recover(name)
                    # What comes into an empty box after this look is for the next claim.
                    is_empty = self._boxes.is_empty(name)
                    token, messages = (None, []) if is_empty else self._take(name, wanted)
                except (LockBusy, DamagedRecord) as error:
                    self._disk.trace("box_skipped", box=name, error=error.message)
                    skipped.append(name)
                    continue
                if not complete:
                    skipped.append(name)
                if token:
                    tokens.append(token)
                for message in messages:
                    found.setdefault(message.id, message)
        except BaseException:
            self.release(tokens)
            raise
        return Claim(tuple(tokens), tuple(found.values()), tuple(skipped))

    def _take(self, name: str, wanted: Collection[str]) -> tuple[str | None, list[Envelope]]:
        """Take the *wanted* messages of one box; drop those that were shown, and damaged lines.

        Commit point: the claim file is published, synced.  Only then does the box change.
        """
        with self._boxes.holding(name) as box:
            taken, stay, messages = [], [], []
            parsed = lines.parse(box.read())
            for line in parsed:
                if line.message is None or self._was_shown(line.message.id):
                    continue
                if line.message.id in wanted:
                    taken.append(line.raw)
                    messages.append(line.message)
                else:
                    stay.append(line.raw)
            if parsed and len(stay) == len(parsed):
                return None, []
            self._boxes.set_damaged_aside(box, parsed)
            token = self._write(name, taken) if taken else None
            try:
                box.replace(stay)
            except BaseException:
                if token:
                    self._abandon(token)
                raise
        return token, messages

    def _write(self, name: str, raws: Iterable[bytes], token: str | None = None) -> str:
        token = token or f"{name}.{self._owner.pid}.{self._ids.new_id()}"
        header = {
            "schema_version": 1,
            "box": name,
            "claimed_at": int(self._clock.now()),
            "owner": owner_to_dict(self._owner),
        }
        self._disk.folder(self._disk.layout.claimed)
        self._held.add(token)
        try:
            self._disk.publish(self._path(token), codec.encode_line(header) + lines.join(raws))
        except OSError as error:
            self._abandon(token)
            path = self._path(token)
            raise StoreError(f"cannot write {path}: {error.strerror}", path=path) from error
        return token

    def _abandon(self, token: str) -> None:
        """Let the next look into the box of *token* bring its mail back."""
        self._returning.add(token)

    # ------------------------------------------------------------------ finishing

    def finish(self, tokens: Iterable[str]) -> dict[str, list[bytes]]:
        """Drop claims whose messages were shown; return their lines.

        Raises:
            StoreError: one could not be removed; its mail has receipts and will not come back.
        """
        dropped: dict[str, list[bytes]] = {}
        for token in tokens:
            path = self._path(token)
            data = self._disk.read(path) or b""
            dropped[token] = codec.split_lines(data)[1:]
            try:
                self._disk.remove(path)
            except OSError as error:
                self._abandon(token)
                raise StoreError(f"cannot remove {path}: {error.strerror}", path=path) from error
            self._held.discard(token)
        return dropped

    def release(self, tokens: Sequence[str]) -> None:
        """Put the mail of claims back into their boxes, now or, if that fails, at the next look."""
        for token in reversed(tokens):
            self._abandon(token)
            try:
                self._put_back(token)
            except StoreError as error:
                self._disk.trace("claim_return_failed", claim=token, error=error.message)

    def forward(self, tokens: Sequence[str], ids: Collection[str]) -> None:
        """Drop the messages *ids* of claims, and put the others back; see :meth:`release`."""
        for token in reversed(tokens):
            self._abandon(token)
            try:
                self._put_back(token, frozenset(ids))
            except (StoreError, OSError) as error:
                self._disk.trace("claim_return_failed", claim=token, error=str(error))

    def hold_again(self, dropped: dict[str, list[bytes]]) -> None:
        """Make claims again that were finished; the caller withdraws the receipts and releases."""
        for token, raws in dropped.items():
            self._write(token.partition(".")[0], raws, token)

    # ------------------------------------------------------------------ taking over

    def recover(self, name: str) -> bool:
        """Put back what the dead have claimed from the box *name*; tell whether all of it is back.

        Raises:
            StoreError: the folder of the claims cannot be read.
        """
        left = []
        for token in self._tokens():
            if token.partition(".")[0] == name and self._is_left(token):
                with suppress(FileNotFoundError):
                    left.append((os.lstat(self._path(token)).st_mtime_ns, token))
        complete = True
        # Each goes to the front of the box, so the oldest goes last.
        for _, token in sorted(left, reverse=True):
            try:
                self._put_back(token)
            except StoreError as error:
                self._disk.trace("claim_return_failed", claim=token, error=error.message)
                complete = False
        return complete

    def recover_all(self) -> None:
        """Put back what the dead have claimed from any box."""
        for name in {token.partition(".")[0] for token in self._tokens()}:
            self.recover(name)

    def _tokens(self) -> list[str]:
        found = []
        for token in self._disk.names(self._disk.layout.claimed):
            parts = token.split(".")
            if len(parts) == _PARTS and is_box(parts[0]):
                found.append(token)
        return found

    def _path(self, token: str) -> str:
        return os.path.join(self._disk.layout.claimed, token)

    def _is_left(self, token: str) -> bool:
        if token in self._returning:
            return True
        if token in self._held:
            return False
        record = self._read(token)
        if record is None:
            return False
        age = self._clock.now() - record.claimed_at
        if record.owner:
            return has_left(record.owner, age, self._owner, self._provably_dead)
        # The first line is damaged; the name still tells the process.
        pid = parse_pid(token.split(".")[1])
        maker = self._owner._replace(pid=pid or 0, start_token=None, boot_id=None)
        return age > FOREIGN_OWNER_SECONDS or (pid is not None and self._provably_dead(maker))

    def _read(self, token: str) -> _Record | None:
        path = self._path(token)
        try:
            data = self._disk.read(path)
            if data is None:
                return None
            made = os.lstat(path).st_mtime
        except DamagedRecord as error:
            self._disk.set_aside(path, error.problem)
            return None
        except FileNotFoundError:
            return None
        first, _, rest = data.partition(b"\n")
        try:
            header = codec.decode(first)
        except ValueError:
            header = None
        members = header if isinstance(header, dict) else {}
        owner = owner_from_dict(members.get("owner"))
        # Whole lines are saved even where the first one is damaged.
        found = lines.parse(data if owner is None else rest)
        at = number(members.get("claimed_at"))
        damaged = [line.raw for line in found if line.message is None]
        return _Record(owner, made if at is None else at, found, damaged)

    def _put_back(self, token: str, gone: Collection[str] = ()) -> None:
        """Return the lines of a claim to the front of its box, then drop the claim.

        What lies in the box already, what was shown meanwhile, and what is *gone*, stays out.
        """
        name = token.partition(".")[0]
        with self._boxes.holding(name) as box:
            record = self._read(token)
            if record is not None:
                here = [line for line in record.found if not _is_one_of(line, gone)]
                self._return_lines(box, token, record._replace(found=here))
                self._disk.remove(self._path(token))
        self._held.discard(token)
        self._returning.discard(token)
        self._boxes.ring(name)

    def _return_lines(self, box: OpenBox, token: str, record: _Record) -> None:
        if record.damaged:
            self._disk.set_lines_aside(
                self._path(token), record.damaged, "lines of a claim that are no messages"
            )
        there = lines.parse(box.read())
        known = {line.message.id for line in there if line.message}
        back = []
        for line in record.found:
            if line.message and line.message.id not in known:
                known.add(line.message.id)
                if not self._was_shown(line.message.id):
                    back.append(line.raw)
        if back:
            box.replace([*back, *(line.raw for line in there)])
