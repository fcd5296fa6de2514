"""A cockpit without a terminal: a fixed fleet, recorded actions, and the screen as text."""

from __future__ import annotations

import asyncio
import io
import os
import re
from collections.abc import Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from rich.console import Console
from textual.events import Key

from helpers.fleets import NOW
from helpers.lives import FakeLife
from helpers.waiting import soon
from oxtail.cockpit.actions import Done, Excerpt, Utterance
from oxtail.cockpit.app import Cockpit
from oxtail.cockpit.messages import FleetSeen
from oxtail.cockpit.shapes.view import View
from oxtail.core.fleet import Fleet
from oxtail.core.fleet_agent import Agent

SCREENS = Path(__file__).resolve().parents[1] / "cockpit" / "screens"
REWRITE = bool(os.environ.get("OXTAIL_REWRITE_SCREENS"))
"""Whether screens are written anew instead of compared: ``make screens``."""


ROUNDS = 3
"""How many messages in a row a key may lead to: to the application, its screen, a part of that."""

KEY_NAMES = {" ": "space", "/": "slash", "?": "question_mark"}
CHARACTERS = {"space": " ", "slash": "/", "question_mark": "?"}


class FakeActions:
    """Remembers what it was asked for."""

    def __init__(self) -> None:
        self.asked: list[tuple[Any, ...]] = []
        self.problem: Exception | None = None
        self.excerpt = Excerpt(
            (
                Utterance("user", "2027-01-15T07:59:00Z", "Port it."),
                Utterance("assistant", None, "Done."),
            ),
            "the last 2 of 2; written 5s ago",
        )
        self.proofs: tuple[str, ...] = ("status: stored", "stored  08:00:00  for bob")

    def _done(self, *asked: Any) -> Done:
        self.asked.append(asked)
        if self.problem:
            raise self.problem
        return Done(f"{asked[0]}: stored")

    def message(self, agent: Agent, text: str, attachments: Sequence[str] = ()) -> Done:
        return self._done("message", agent.key, text, *attachments)

    def attachable(self, text: str) -> str | None:
        return f"/found{text.strip()}" if "missing" not in text else None

    def nudge(self, agent: Agent) -> Done:
        return self._done("nudge", agent.key)

    def jump(self, agent: Agent, *, within_window: bool) -> Done:
        return self._done("jump", agent.key, within_window)

    def acknowledge(self, fleet: Fleet, agent: Agent | None) -> Done:
        return self._done("acknowledge", agent.key if agent else None)

    def receipts(self, message_id: str) -> tuple[str, ...]:
        self.asked.append(("receipts", message_id))
        return self.proofs

    def transcript(self, agent: Agent) -> Excerpt:
        self._done("transcript", agent.key)
        return self.excerpt


class Driven:
    """A running cockpit and the person in front of it."""

    def __init__(
        self, app: Cockpit, pilot: Any, actions: FakeActions, life: FakeLife | None = None
    ) -> None:
        self.app, self.pilot, self.actions = app, pilot, actions
        self.life = life or FakeLife()

    async def see(self, fleet: Fleet) -> None:
        """Let a look bring *fleet*."""
        self.app.post_message(FleetSeen(fleet))
        await self._rest()

    async def press(self, *keys: str) -> str:
        """Press *keys* one after the other; return the screen."""
        for key in keys:
            # As Textual's pilot does it, but for its pauses until the processor is idle.
            name = KEY_NAMES.get(key, key)
            event = Key(name, CHARACTERS.get(name, key if len(key) == 1 else None))
            event.set_sender(self.app)
            self.app._driver.send_message(event)
            await self._rest()
        return self.text

    async def _rest(self) -> None:
        """Wait until all parts have handled what they were sent, and what that led to."""
        for _ in range(ROUNDS):
            await self.pilot._wait_for_screen()
        self.app.screen._on_timer_update()
        await self.pilot._wait_for_screen()

    async def settle(self, true: Callable[[], bool]) -> None:
        """Wait until something holds that a thread brings about."""
        await soon(true)
        await self._rest()

    async def reset(self, fleet: Fleet) -> None:
        """Be as at the start, with *fleet*."""
        while len(self.app.screen_stack) > 1:
            self.app.pop_screen()
        main = self.app.main
        main.view, main._shows_card, main._shows_talk = View(), False, False
        main.talk.open(None)
        main.status.hush()
        main._arrange()
        main._focus()
        self.actions.asked.clear()
        self.life.asked.clear()
        self.app._drafts.clear()
        self.app.feed = None
        await self.see(fleet)

    @property
    def text(self) -> str:
        """What is on the screen, without the blanks at the ends of its lines."""
        return screen_text(self.app)

    @property
    def selected(self) -> str | None:
        return self.app.main.view.selected


def screen_text(app: Cockpit) -> str:
    """Return what *app* shows, line by line; the one place that knows how Textual composes."""
    width, height = app.size
    console = Console(
        width=width, height=height, file=io.StringIO(), force_terminal=True, color_system=None,
        record=True, legacy_windows=False,
    )  # fmt: skip
    update = app.screen._compositor.render_update(full=True, screen_stack=app._background_screens)
    console.print(update, end="")
    text = console.export_text(styles=False)
    return "\n".join(line.rstrip() for line in text.split("\n")).rstrip("\n")


@asynccontextmanager
async def driven(
    fleet: Fleet | None = None,
    size: tuple[int, int] = (100, 30),
    *,
    now: float = NOW + 4,
    **options,
):
    """Run a cockpit that shows *fleet*."""
    actions, life = FakeActions(), FakeLife()
    app = Cockpit(actions, lambda: now, **{"life": life, **options})
    async with app.run_test(size=size) as pilot:
        one = Driven(app, pilot, actions, life)
        if fleet is not None:
            await one.see(fleet)
        yield one


def play(scene: Callable[[], Awaitable[None]]) -> None:
    """Run one scene to its end."""
    asyncio.run(scene())  # type: ignore[arg-type]


def compare(name: str, text: str) -> None:
    """Compare a screen with the one that was looked at before; write it where that is asked for."""
    path = SCREENS / f"{name}.txt"
    if REWRITE:
        path.write_text(text + "\n", encoding="utf-8")
        return
    assert path.exists(), f"{path.name} is missing: make screens writes it, then look at it"
    assert text + "\n" == path.read_text(encoding="utf-8"), (
        f"{name} has changed; where it should have, make screens writes it anew:\n{text}"
    )


_CONTROL = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]")


def steering(text: str) -> list[str]:
    """Return what of *text* could steer a terminal."""
    return _CONTROL.findall(text)
