"""The registry in the worst order: a pid comes back to life at each step of its removal."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from helpers.fakes import ALICE, BOB, CAROL
from helpers.registries import World, entry

DEAD, ME = 5003, 5001


@pytest.fixture
def world(home: Path) -> World:
    return World(home)


def before(call: Callable[..., Any], matches: Callable[..., bool], action: Callable[[], None]):
    """Return *call* with *action* run once, right before the first call that *matches*."""
    pending = [action]

    def wrapped(*arguments: Any, **more: Any) -> Any:
        if pending and matches(*arguments):
            pending.pop()()
        return call(*arguments, **more)

    wrapped.pending = pending  # type: ignore[attr-defined]
    return wrapped


def is_dead_entry(path: object, *_: object) -> bool:
    return str(path).endswith(f"/{DEAD}.json")


@pytest.mark.parametrize("step", ["open", "lstat", "rename"])
@pytest.mark.parametrize("session_id", [BOB, ALICE])
def test_an_entry_that_is_replaced_while_it_is_removed_survives(
    world: World, monkeypatch: pytest.MonkeyPatch, step: str, session_id: str
) -> None:
    world.others(entry(DEAD, session_id))
    dead = entry(DEAD, session_id)
    reborn = entry(DEAD, CAROL, started_at=dead.started_at + 7, start_token="boot/reborn")

    def rebirth() -> None:
        path = world.sessions / "reborn"
        path.write_text(json.dumps(reborn.as_dict(), indent=2))
        path.replace(world.sessions / f"{DEAD}.json")

    registry = world.registry(is_running=lambda each: each.start_token != dead.start_token)
    registry.entries()
    wrapped = before(getattr(os, step), is_dead_entry, rebirth)
    monkeypatch.setattr(os, step, wrapped)

    registry.publish(entry(ME, ALICE))

    assert not wrapped.pending, "the step was never reached"
    assert reborn in world.registry().entries()
    assert not [name for name in world.files() if ".tmp." in name]


def test_two_collectors_of_one_dead_entry_move_its_mail_once(world: World) -> None:
    world.others(entry(DEAD, ALICE))
    world.dead.add(DEAD)
    world.boxes.put(str(DEAD), "mail")
    gate = threading.Barrier(2, timeout=60)
    lock = threading.Lock()
    errors: list[BaseException] = []

    def adopt(source: str, target: str) -> int:
        with lock:
            return world.boxes.adopt(source, target)

    def publish(pid: int) -> None:
        registry = world.registry(adopt_box=adopt)
        gate.wait()
        try:
            registry.publish(entry(pid, ALICE))
        except BaseException as error:  # noqa: BLE001  # shown by the assertion below
            errors.append(error)

    threads = [threading.Thread(target=publish, args=(pid,)) for pid in (6001, 6002)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)

    assert errors == []
    assert world.boxes.of_session(ALICE) == ["mail"]
    assert world.files() == ["6001.json", "6002.json"]


def test_readers_never_miss_a_peer_that_publishes_all_the_time(world: World) -> None:
    writer, reader = world.registry(), world.registry()
    writer.publish(entry(ME, ALICE))
    done = threading.Event()

    def write() -> None:
        for number in range(150):
            writer.publish(entry(ME, ALICE, name=f"n{number}"))
        done.set()

    thread = threading.Thread(target=write)
    thread.start()
    seen = []
    while not done.is_set():
        seen.append(len(reader.entries()))
    thread.join(60)

    assert set(seen) == {1}
    assert reader.entries()[0].name == "n149"
    assert world.damaged() == []
