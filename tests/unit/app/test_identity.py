"""Saying who one is: monotonic, unless claimed."""

from __future__ import annotations

import pytest

from helpers.fakes import ALICE, BOB, CAROL, World
from oxtail.app.identity import claim, describe, set_purpose
from oxtail.core.detected import Detected
from oxtail.core.names import session_box
from oxtail.errors import BadArgument, SessionIdTaken


@pytest.fixture
def world() -> World:
    return World()


def detection(ctx):
    return ctx.session._detection


def test_a_claimed_id_is_published_and_remembered(world):
    ctx = world.context(None, pid=1)

    entry = claim(ctx, ALICE, name="builder")

    assert (
        world.entries[1].session_id,
        entry.client.session_id_source,
        world.entries[1].name,
    ) == (ALICE, "self-register", "builder")
    assert [entry] == detection(ctx).remembered
    assert world.known[ALICE].name == "builder"


def test_an_explicit_claim_replaces_a_detected_id(world):
    ctx = world.context(ALICE, pid=1)

    claim(ctx, BOB)

    assert ctx.session.id == BOB


def test_detection_never_replaces_a_known_id_but_says_that_it_disagrees(world):
    ctx = world.context(ALICE, pid=1)
    detection(ctx).found = Detected(BOB, "birth-time")

    ctx.session.handshake("claude-code")

    assert ctx.session.id == ALICE
    (event,) = world.trace.named("detect_preserved_existing_session_id")
    assert (event["existing_session_id"], event["detected_session_id"]) == (ALICE, BOB)


def test_a_handshake_teaches_the_type_and_finds_the_session(world):
    ctx = world.context(None, pid=1, kind="unknown")
    detection(ctx).found = Detected(ALICE, "birth-time")

    ctx.session.handshake("codex-mcp-client")

    client = world.entries[1].client
    assert (
        client.type,
        client.session_id,
        client.session_id_source,
    ) == ("codex", ALICE, "birth-time")


def test_a_restarted_server_recovers_what_its_predecessor_claimed(world):
    ctx = world.context(None, pid=1)
    detection(ctx).recovered = Detected(ALICE, "sticky-claim", "/t.jsonl")

    ctx.session.handshake("claude-code")

    assert (
        world.entries[1].client.session_id_source,
        world.entries[1].client.transcript_path,
    ) == ("sticky-claim", "/t.jsonl")


def test_a_session_that_nothing_will_find_is_not_looked_for_again(world):
    ctx = world.context(None, pid=1)
    assert ctx.session.retry("retry+1000ms")

    detection(ctx).hopeless = True

    assert not ctx.session.retry("retry+5000ms")
    assert world.trace.named("detect_skip_retries")


def test_the_client_naming_its_session_on_a_call_is_believed(world):
    ctx = world.context(None, pid=1, kind="unknown")

    ctx.session.caller_named(ALICE)
    ctx.session.caller_named(BOB)

    assert (world.entries[1].client.type, ctx.session.id) == ("codex", BOB)


@pytest.mark.parametrize(
    ("name", "source"), [("caller_named", "call-meta"), ("named_by_hook", "hook")]
)
def test_the_client_confirms_a_session_that_was_guessed(world, name, source):
    ctx = world.context(None, pid=1)
    detection(ctx).found = Detected(ALICE, "birth-time")
    ctx.session.handshake("codex")
    assert world.entries[1].client.session_id_source == "birth-time"

    getattr(ctx.session, name)(ALICE)

    assert world.entries[1].client.session_id_source == source


def test_a_call_does_not_rename_a_session_that_was_claimed(world):
    ctx = world.context(None, pid=1)
    claim(ctx, ALICE)

    ctx.session.caller_named(BOB)

    assert ctx.session.id == ALICE


def test_an_id_that_a_live_session_holds_is_refused_unless_forced(world):
    world.context(ALICE, pid=1)
    other = world.context(None, pid=2)
    other.registry.held_by = world.entries[1]

    with pytest.raises(SessionIdTaken) as caught:
        claim(other, ALICE)
    assert caught.value.fields["holder_pid"] == 1
    assert other.session.id is None

    claim(other, ALICE, force=True)
    assert other.session.id == ALICE


@pytest.mark.parametrize("session_id", ["", "x" * 201, "a\nb", "a\x00b"])
def test_a_malformed_id_is_refused(world, session_id):
    with pytest.raises(BadArgument):
        claim(world.context(None, pid=1), session_id)


@pytest.mark.parametrize("name", ["", "x" * 65, "a\tb", ALICE])
def test_a_malformed_name_is_refused(world, name):
    with pytest.raises(BadArgument):
        claim(world.context(None, pid=1), CAROL, name=name)


def test_a_purpose_is_kept_when_only_its_time_is_renewed(world):
    ctx = world.context(ALICE, pid=1)
    set_purpose(ctx, "reviewing")
    world.clock.advance(60)

    state = set_purpose(ctx)

    assert ("reviewing", int(world.clock.now())) == (state.purpose, state.updated_at)
    with pytest.raises(BadArgument):
        set_purpose(ctx, "x" * 201)


def test_a_known_identity_is_described_by_its_source(world):
    result = describe(world.context(ALICE, pid=1))

    assert result["detect_diagnosis"]["winning"] == {
        "session_id": ALICE,
        "source": "env",
        "confidence": "high",
        "strategy": "env",
    }


def test_an_unknown_identity_is_described_by_what_was_tried(world):
    result = describe(world.context(None, pid=1))

    assert "env" in result["detect_diagnosis"]["per_strategy"]


def test_the_inbox_of_a_session_includes_boxes_of_its_other_servers(world):
    first = world.context(ALICE, pid=1)
    world.context(ALICE, pid=2)

    assert (session_box(ALICE), "1", "2") == first.session.boxes()


def test_a_process_without_entry_reads_no_process_box(world):
    assert world.context(None, pid=1, announced=False).session.boxes() == ()
    assert (session_box(ALICE),) == world.context(ALICE, pid=2, announced=False).session.boxes()


def test_leaving_withdraws_the_entry_and_keeps_the_session_known(world):
    ctx = world.context(ALICE, pid=1)

    ctx.session.close()
    ctx.session.close()

    assert world.entries == {}
    assert ALICE in world.known
