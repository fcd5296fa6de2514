"""The end of an agent's transcript: read off the loop, shown as it is, and its absence said."""

from __future__ import annotations

import json
import threading

import pytest

from helpers.cockpits import driven, play, steering
from helpers.fakes import ALICE, BOB, World
from helpers.fleets import agent, fleet
from oxtail.app.fleet import Collector
from oxtail.cockpit.acting import TRANSCRIPT_BYTES, TRANSCRIPT_MESSAGES, ContextActions
from oxtail.cockpit.actions import Excerpt, Utterance
from oxtail.cockpit.messages import TranscriptSeen
from oxtail.cockpit.shapes.transcript import transcript_rows, transcript_title
from oxtail.core.plain import columns
from oxtail.core.transcript import Said, Transcript
from oxtail.transcripts.files import FileTranscripts

PATH = "/t/bob.jsonl"


@pytest.fixture
def world():
    made = World()
    made.context(BOB, pid=2, name="bob")
    made.entries[2] = made.entries[2]._replace(
        client=made.entries[2].client._replace(transcript_path=PATH)
    )
    return made


def excerpt(world: World) -> Excerpt:
    ctx = world.context(None, pid=9, announced=False)
    return ContextActions(lambda: ctx).transcript(Collector(ctx).look().agent(BOB))


def test_what_was_left_out_and_how_old_it_is_is_said(world):
    said = (Said("user", "hi", "2027-01-15T08:00:00Z"), Said("assistant", "yes", None))
    world.transcripts.files[PATH] = Transcript(said, True, True, 7, world.clock.now() - 65)
    assert excerpt(world) == Excerpt(
        (Utterance("user", "2027-01-15T08:00:00Z", "hi"), Utterance("assistant", None, "yes")),
        "the last 2 of 7; long text is cut; written 1m ago",
    )
    world.transcripts.files[PATH] = Transcript(said, True, False, None, world.clock.now())
    assert excerpt(world).about == "the last 2, of how many is unknown; written 0s ago"


@pytest.mark.parametrize(
    ("found", "problem"),
    [
        (Transcript((), False, False, 0, None), "none: there is no file"),
        (PermissionError(13, "Permission denied"), "Permission denied"),
    ],
)
def test_a_transcript_that_is_not_there_is_said_to_be_none(world, found, problem):
    world.transcripts.files[PATH] = found
    assert problem in excerpt(world).problem
    assert excerpt(world).said == ()


def test_nothing_is_read_of_a_session_that_is_not_known_to_run(world):
    world.transcripts.files[PATH] = Transcript((Said("user", "hi", None),), False, False, 1, 1.0)
    ctx = world.context(None, pid=9, announced=False)
    actions = ContextActions(lambda: ctx)
    bob = Collector(ctx).look().agent(BOB)
    assert "not said who it is" in actions.transcript(bob._replace(session_id=None)).problem
    assert "unknown" in actions.transcript(bob._replace(session_id=ALICE)).problem


def claude(number: int) -> dict:
    message = {"role": "assistant", "content": [{"type": "text", "text": f"answer {number}"}]}
    return {"type": "assistant", "timestamp": "2027-01-15T08:00:00Z", "message": message}


def codex(number: int) -> dict:
    content = [{"type": "output_text", "text": f"answer {number}"}]
    payload = {"type": "message", "role": "assistant", "content": content}
    return {"timestamp": "2027-01-15T08:00:00Z", "type": "response_item", "payload": payload}


@pytest.mark.parametrize(("client", "line"), [("claude-code", claude), ("codex", codex)])
def test_the_transcripts_of_both_clients_are_read_from_their_files(world, tmp_path, client, line):
    path = tmp_path / "t.jsonl"
    path.write_text("".join(json.dumps(line(n)) + "\n" for n in range(500)), encoding="utf-8")
    entry = world.entries[2]
    world.entries[2] = entry._replace(
        client=entry.client._replace(type=client, transcript_path=str(path))
    )
    ctx = world.context(None, pid=9, announced=False)
    ctx = ctx._replace(transcripts=FileTranscripts(str(tmp_path), {}, world.clock))
    found = ContextActions(lambda: ctx).transcript(Collector(ctx).look().agent(BOB))
    assert [each.text for each in found.said] == [
        f"answer {n}" for n in range(500 - TRANSCRIPT_MESSAGES, 500)
    ]
    assert all(each.at for each in found.said)
    assert sum(len(each.text) for each in found.said) <= TRANSCRIPT_BYTES


def test_the_end_of_a_transcript_is_shown_and_can_be_scrolled():
    async def scene():
        async with driven(fleet(agent("alice"), agent("bob")), size=(60, 16)) as cockpit:
            said = Utterance("assistant", None, "\n".join(f"line {n:02}" for n in range(40)))
            cockpit.actions.excerpt = Excerpt((said,), "the last 1 of 1")
            await cockpit.press("j", "v")
            await cockpit.settle(lambda: "line 39" in cockpit.text)
            assert "more above" in cockpit.text
            text = await cockpit.press("home")
            assert "transcript of bob" in text
            assert "assistant" in text
            assert "line 00" in text
            # A look that comes meanwhile leaves it alone.
            await cockpit.see(fleet(agent("alice")))
            assert cockpit.text.count("line 0") == text.count("line 0")

    play(scene)


def test_a_transcript_that_cannot_be_read_leaves_the_screen_alive_and_says_why():
    async def scene():
        async with driven(fleet(agent("alice"), agent("bob"))) as cockpit:
            gate = threading.Event()
            asked = []

            def hangs(one):
                asked.append(one.key)
                gate.wait(60)
                raise PermissionError(13, "no")

            cockpit.actions.transcript = hangs  # type: ignore[method-assign]
            assert "reading" in await cockpit.press("v", "r", "r")
            await cockpit.settle(lambda: asked == [ALICE])
            await cockpit.press("escape", "j")
            assert cockpit.selected == BOB
            await cockpit.press("v")
            gate.set()
            await cockpit.settle(lambda: "not done: no" in cockpit.text)
            assert asked == [ALICE, BOB]

    play(scene)


def test_what_was_read_of_another_agent_is_not_shown():
    async def scene():
        async with driven(fleet(agent("alice"))) as cockpit:
            await cockpit.press("v")
            await cockpit.settle(lambda: "Done." in cockpit.text)
            cockpit.app.post_message(TranscriptSeen(BOB, Excerpt(problem="of bob")))
            assert "of bob" not in await cockpit.press("home")

    play(scene)


@pytest.mark.parametrize("width", [1, 3, 20, 80])
def test_any_text_fits_and_steers_nothing(width):
    evil = "\x1b]0;x\x07[bold]\u202egnp\t漢字" * 60 + "\n\n[/]"
    for made in (Excerpt((Utterance(evil, evil, evil),), evil), Excerpt(problem=evil), None):
        for each in (transcript_title(evil, made, width), *transcript_rows(made, width)):
            assert columns(each.text) <= width
    rows = transcript_rows(Excerpt((Utterance("user", None, evil),), ""), 40)
    assert steering("\n".join(each.text for each in rows)) == []


def test_a_transcript_without_messages_says_so():
    said = [each.text for each in transcript_rows(Excerpt((), "the last 0 of 0"), 80)]
    assert said == ["none: it holds no messages yet"]
    assert "reading" in transcript_title("bob", None, 80).text
