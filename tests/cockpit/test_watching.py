"""What a person can rely on while the fleet changes under their hands."""

from __future__ import annotations

import threading

import pytest
from textual.events import Paste

from helpers.cockpits import driven, play, steering
from helpers.fakes import ALICE, BOB, CAROL
from helpers.fleets import NOW, agent, ask, dead, fleet, ledger, mail, one, pane, work
from helpers.scenes import record, troubled
from oxtail.cockpit import acts
from oxtail.cockpit.actions import Done, Excerpt, Utterance
from oxtail.cockpit.messages import LookFailed
from oxtail.cockpit.shapes.view import View, listed, moved, settled
from oxtail.core.fleet_facts import Alert
from oxtail.errors import AgentDead, JumpRefused, StoreError

EVIL = "\x1b]0;owned\x07\x1b[31m\x9b2J\u202egnp\u200b[bold red]x[/] [@click=app.quit]y[/]\r\n\tz"


WALK = (
    (), ("x",), ("i",), ("l",), ("w",), ("escape", "t"), ("m",), ("escape", "n"),
    ("q", "v"),    ("q", "escape", "escape", "escape", "d"),
)  # fmt: skip
"""Keys that lead past every part of the screen."""


def hostile():
    return fleet(
        agent("alice", name=EVIL, purpose=EVIL, cwd=EVIL, pane=pane(1, EVIL), transcript_path=EVIL,
              purpose_at=int(NOW)),
        agent(EVIL, name=None, client_type=EVIL),
        dead("carol", name=EVIL, boxes=(mail("a"),)),
        ledgers={ALICE: ledger(work("alice", "a" * 16, of=EVIL, body=EVIL))},
        asks=(ask("alice", "carol", "r"),),
        records=(record(ALICE, "b" * 16, EVIL * 3, 9, sender=EVIL),),
        findings=(Alert("registry", "wrong", EVIL, EVIL, EVIL),),
        warnings=(EVIL,),
        project_root=f"/{EVIL}",
    )  # fmt: skip


def test_text_of_others_steers_no_terminal_and_is_no_markup():
    async def scene():
        async with driven(hostile(), size=(150, 50)) as cockpit:
            cockpit.actions.proofs = (EVIL,)
            cockpit.actions.excerpt = Excerpt((Utterance(EVIL, EVIL, EVIL),), EVIL)
            for keys in WALK:
                text = await cockpit.press(*keys)
                assert steering(text) == [], keys
            cockpit.app.post_message(LookFailed(EVIL))
            text = await cockpit.press("d")
            assert steering(text) == []
            # What looks like markup is shown as it is.
            assert "[bold red]x[/]" in text

    play(scene)


def test_what_nobody_cleaned_is_cleaned_where_words_become_cells():
    async def scene():
        async with driven(fleet(agent("alice"))) as cockpit:
            status = cockpit.app.main.status
            status.say(EVIL)
            line = status.render_line(0).text
            assert "[bold red]x[/]" in line
            assert steering(line) == []

    play(scene)


def test_the_cursor_stays_with_its_agent_whatever_comes_and_goes():
    async def scene():
        before = fleet(agent("alice"), agent("bob"), agent("carol"))
        async with driven(before) as cockpit:
            await cockpit.press("j")
            assert cockpit.selected == BOB
            await cockpit.see(fleet(*(agent(f"0{n}") for n in range(5)), agent("bob")))
            assert cockpit.selected == BOB
            row = next(line for line in cockpit.text.split("\n") if line.startswith("> "))
            assert "bob" in row
            await cockpit.see(fleet(agent("carol"), agent("alice")))
            assert cockpit.selected == ALICE

    play(scene)


def test_an_agent_that_dies_while_the_dead_are_folded_hands_the_cursor_to_the_first():
    view = settled(View(selected=BOB), fleet(agent("alice"), dead("bob"), agent("carol")))
    assert view.selected == ALICE
    assert settled(View(selected=ALICE), fleet()).selected is None
    shown = settled(View(selected=BOB, folds_dead=False), fleet(agent("alice"), dead("bob")))
    assert shown.selected == BOB


def test_moving_in_an_empty_fleet_moves_nothing():
    assert moved(View(), fleet(), 1) == View()
    assert listed(fleet(), View()) == ()


def test_a_look_while_composing_loses_no_draft_and_changes_no_receiver():
    async def scene():
        async with driven(fleet(agent("alice"), agent("bob"))) as cockpit:
            await cockpit.press("j", "m", *"half")
            await cockpit.see(fleet(agent("alice"), agent("carol")))
            assert "to bob" in cockpit.text
            await cockpit.press(*" done", "enter")
            await cockpit.settle(lambda: cockpit.actions.asked == [("message", BOB, "half done")])

    play(scene)


def test_what_is_pasted_never_sends_and_a_path_of_a_file_becomes_an_attachment():
    async def scene():
        async with driven(fleet(agent("alice"))) as cockpit:
            await cockpit.press("m")
            for text in ("one\r\ntwo\x1b[31m\n", "/missing\n", "/b.txt"):
                cockpit.app.focused.post_message(Paste(text))
                await cockpit.press("space")
            await cockpit.settle(lambda: "1 attached: b.txt" in cockpit.text)
            assert cockpit.actions.asked == []
            assert steering(cockpit.text) == []
            await cockpit.press("enter")
            await cockpit.settle(lambda: cockpit.actions.asked != [])
            _, _, text, path = cockpit.actions.asked[0]
            assert path == "/found/b.txt"
            assert text.split() == ["one", "two[31m", "/missing"]

    play(scene)


def test_a_question_is_bound_to_the_agent_that_it_was_asked_about():
    async def scene():
        async with driven(fleet(agent("alice"), agent("bob"))) as cockpit:
            await cockpit.press("j", "n")
            await cockpit.see(fleet(agent("carol"), agent("alice")))
            await cockpit.press("y")
            await cockpit.settle(lambda: cockpit.actions.asked == [("nudge", BOB)])

    play(scene)


def test_an_agent_that_knows_nothing_of_itself_breaks_no_screen():
    async def scene():
        made = fleet(agent("alice"), agent("bob"))
        odd = one(made, "bob")._replace(
            label="", client_type="", cwd="", purpose="", tool=None, server_pid=None, short_id="",
            transcript_age_s=None, pane_activity_age_s=None, proc_sig="?", hooks_say="?",
        )  # fmt: skip
        async with driven(made._replace(agents=(odd, made.agents[0]))) as cockpit:
            for keys in ((), ("i",), ("l",), ("escape", "escape", "d")):
                assert "alice" in await cockpit.press(*keys)

    play(scene)


def test_what_is_old_is_called_old():
    async def scene():
        async with driven(troubled(), now=NOW + 40) as cockpit:
            assert "seen 40s ago" in cockpit.text

            class Hangs:
                looking_s = 38.0

                def stop(self) -> None: ...

            cockpit.app.feed = Hangs()  # type: ignore[assignment]
            cockpit.app.main.tick()
            assert "a look takes 38s" in await cockpit.press("i")
            assert "seen 40s ago" in await cockpit.press("d")
            cockpit.app.feed = None

    play(scene)


def test_an_action_that_hangs_leaves_the_screen_alive():
    async def scene():
        async with driven(fleet(agent("alice"), agent("bob"))) as cockpit:
            gate = threading.Event()

            def hangs(*_args, **_options):
                gate.wait(60)
                return Done("at last")

            cockpit.actions.jump = hangs  # type: ignore[method-assign]
            await cockpit.press("enter", "j")
            assert cockpit.selected == BOB
            gate.set()
            await cockpit.settle(lambda: "at last" in cockpit.text)

    play(scene)


@pytest.mark.parametrize(
    ("problem", "said"),
    [
        (AgentDead("bob does not run"), "bob does not run [agent-dead]"),
        (JumpRefused("which one", clients=["/dev/pts/1"], command="tmux attach"),
         "which one [jump-refused]; terminals: /dev/pts/1; by hand: tmux attach"),
        (PermissionError(13, "no"), "not done: no"),
        (ZeroDivisionError("odd"), "unexpected error: ZeroDivisionError: odd"),
    ],
)  # fmt: skip
def test_an_action_that_fails_says_why_and_what_to_do(problem, said):
    async def scene():
        async with driven(fleet(agent("alice"))) as cockpit:
            cockpit.actions.problem = problem
            await cockpit.press("enter")
            await cockpit.settle(lambda: said in cockpit.text)

    play(scene)


@pytest.mark.parametrize(
    ("problem", "name"), [(None, "STATUS_SECONDS"), (StoreError("full"), "PROBLEM_SECONDS")]
)
def test_what_came_of_an_action_makes_room_for_the_keys_again(problem, name, monkeypatch):
    monkeypatch.setattr(acts, name, 0.05)

    async def scene():
        async with driven(fleet(agent("alice"))) as cockpit:
            cockpit.actions.problem = problem
            await cockpit.press("enter")
            await cockpit.settle(lambda: cockpit.actions.asked != [])
            await cockpit.settle(lambda: "Ctrl-C quit" in cockpit.text)

    play(scene)


def test_all_waits_of_an_agent_are_on_its_card_and_the_worst_is_in_its_row():
    async def scene():
        made = fleet(
            agent("alice"), agent("bob"), dead("carol"),
            asks=(ask("alice", "bob", "1"), ask("alice", "carol", "2")),
        )  # fmt: skip
        async with driven(made, size=(120, 40)) as cockpit:
            assert "waits carol (not running) +1" in cockpit.text
            text = await cockpit.press("i")
            assert "an answer of bob" in text
            assert "an answer of carol" in text

    play(scene)


def test_every_part_of_a_fleet_of_hundreds_can_be_reached():
    async def scene():
        made = fleet(*(agent(f"{n:03}") for n in range(300)))
        async with driven(made, size=(80, 24)) as cockpit:
            assert "more below" in cockpit.text
            text = await cockpit.press("end")
            assert "299" in text
            assert "more above" in text

    play(scene)


def test_a_click_puts_the_cursor_on_an_agent():
    async def scene():
        async with driven(fleet(agent("alice"), agent("bob"), agent("carol"))) as cockpit:
            line = cockpit.text.split("\n").index(
                next(each for each in cockpit.text.split("\n") if "carol  " in each)
            )
            await cockpit.pilot.click(offset=(10, line))
            await cockpit.settle(lambda: cockpit.selected == CAROL)

    play(scene)
