"""What ``oxtail doctor`` says of mail between hosts; nothing where this host has joined none.

Reads only, and asks no server: ``oxtail nats status`` does that.
"""

from __future__ import annotations

import importlib.util
import os
from typing import TYPE_CHECKING, Any, Final

from oxtail.core import codec
from oxtail.core.names import is_host_id
from oxtail.errors import OxtailError
from oxtail.store.files.carriage import is_carried
from oxtail.store.files.findings import NOTE, WRONG, Finding

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from oxtail.disk.atomic import Disk

STATE_MAX_BYTES: Final = 4 * 1024 * 1024

_ASK: Final = "oxtail nats status asks the server, and says what is wrong"


def last_state(disk: Disk) -> dict[str, Any]:
    """Return what the carrier last said of itself; it is a hint."""
    try:
        members = codec.decode(disk.read(disk.layout.nats_state, STATE_MAX_BYTES) or b"{}")
    except (ValueError, OxtailError):
        return {}
    return members if isinstance(members, dict) else {}


def waiting(disk: Disk) -> dict[str, int]:
    """Return how many messages wait here for each host."""
    found = {}
    for name in disk.names(disk.layout.mailboxes):
        host_id = name.removeprefix("x-").removesuffix(".jsonl")
        if name == f"x-{host_id}.jsonl" and is_host_id(host_id):
            data = disk.read(os.path.join(disk.layout.mailboxes, name)) or b""
            if data:
                found[host_id] = len(codec.split_lines(data))
    return found


def examine(disk: Disk, environ: Mapping[str, str]) -> Iterator[Finding]:
    """Yield what there is to say of the carrier and of its server."""
    from oxtail.store.nats.settings import load_engine

    try:
        engine = load_engine(disk, environ)
    except OxtailError as error:
        path = disk.layout.nats
        yield Finding("carrier", WRONG, error.message, "oxtail nats join FILE writes it anew", path)
        return
    if engine is None:
        return
    if importlib.util.find_spec("nats") is None:
        problem = "this host has joined others, and what carries mail to them is not installed"
        yield Finding("carrier", WRONG, problem, "pip install 'oxtail[nats]'")
        return
    count = sum(waiting(disk).values())
    stays = f"; messages that wait here for other hosts: {count}" if count else ""
    try:
        is_run = is_carried(disk)
    except OxtailError as error:
        yield Finding("carrier", WRONG, error.message, "make that file yours", disk.layout.nats)
        return
    if not is_run:
        level = WRONG if count else NOTE
        problem = f"nobody carries mail between this host and others{stays}"
        yield Finding("carrier", level, problem, "start an agent, or run oxtail nats carry")
        return
    yield from _of_carrier(last_state(disk), count, stays)


def _of_carrier(state: dict[str, Any], count: int, stays: str) -> Iterator[Finding]:
    if state.get("connected") is not True:
        level = WRONG if count else NOTE
        problem = f"the carrier has no server: {state.get('problem') or 'not yet'}{stays}"
        yield Finding("carrier", level, problem, _ASK)
        return
    hosts = state.get("hosts")
    others = len(hosts) if isinstance(hosts, dict) else 0
    problem = f"mail between hosts is carried; other hosts that are there: {others}{stays}"
    yield Finding("carrier", NOTE, problem, "nothing to do")
    kept_back = state.get("kept_back")
    for host, why in kept_back.items() if isinstance(kept_back, dict) else ():
        yield Finding("carrier", WRONG, f"mail for host {host} is kept back: {why}", _ASK)
    if trouble := state.get("problem"):
        yield Finding("carrier", NOTE, str(trouble), _ASK)
