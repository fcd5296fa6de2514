"""Whatever a message says, it is seen where it is before the model, and only if all of it is."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from helpers.strategies import any_text, message_ids
from oxtail.app.results import ReadResult
from oxtail.core.codec import encode_compact, encode_line
from oxtail.core.envelope import Envelope
from oxtail.core.render import render
from oxtail.core.sighting import shows, sightings

NONCE = "46c13dc34d92e2a7"
KINDS = ("claude hook", "claude tool", "codex hook", "codex stop", "codex tool")

letters = st.dictionaries(message_ids, any_text.filter(bool), min_size=1, max_size=4).map(
    lambda found: [
        Envelope(i, body, 1_800_000_000, from_session_id="a") for i, body in found.items()
    ]
)


def shown(kind: str, messages: list[Envelope]) -> str:
    """Return what a client is given."""
    if kind.endswith("tool"):
        return encode_compact(ReadResult(tuple(messages)).as_dict()).decode()
    return render(messages, budget=1 << 60, nonce=NONCE).text


def record(kind: str, text: str) -> tuple[str, bytes]:
    """Return the name of a client, and the line that it writes when *text* is for its model."""
    if kind == "claude hook":
        attachment = {"type": "hook_additional_context", "content": [text]}
        return "claude-code", encode_line({"type": "attachment", "attachment": attachment})
    if kind == "claude tool":
        block = {"type": "tool_result", "content": [{"type": "text", "text": text}]}
        return "claude-code", encode_line({"type": "user", "message": {"content": [block]}})
    item: dict[str, object] = {"type": "message", "role": "developer"}
    if kind == "codex tool":
        item = {"type": "function_call_output", "output": [{"type": "input_text", "text": text}]}
    elif kind == "codex stop":
        text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
        text = f'<hook_prompt hook_run_id="x">{text}</hook_prompt>'
        item = {"type": "message", "role": "user"}
    item.setdefault("content", [{"type": "input_text", "text": text}])
    return "codex", encode_line({"type": "response_item", "payload": item})


def seen(kind: str, text: str, messages: list[Envelope]) -> list[str]:
    sent = {message.id: message.body for message in messages}
    found = sightings(*record(kind, text))
    return [each.message_id for each in found if shows(each, sent.get(each.message_id, "\0none"))]


@settings(deadline=None)
@given(messages=letters, kind=st.sampled_from(KINDS))
def test_every_message_that_a_client_was_given_is_seen_in_order(
    messages: list[Envelope], kind: str
) -> None:
    assert seen(kind, shown(kind, messages), messages) == [message.id for message in messages]


@settings(deadline=None)
@given(messages=letters, kind=st.sampled_from(KINDS), data=st.data())
def test_whatever_is_cut_out_no_other_message_is_seen(
    messages: list[Envelope], kind: str, data: st.DataObject
) -> None:
    text = shown(kind, messages)
    start = data.draw(st.integers(0, len(text) - 1))
    end = data.draw(st.integers(start + 1, len(text)))
    mark = data.draw(st.sampled_from(("", "…12 tokens truncated…", "...\n</persisted-output>")))
    cut = text[:start] + mark + text[end:]

    ids = seen(kind, cut, messages)

    # A message that is not whole has another body than the one that was sent, which is what counts.
    assert all(message_id in cut for message_id in ids)
    order = [message.id for message in messages]
    assert ids == [message_id for message_id in order if message_id in ids]
