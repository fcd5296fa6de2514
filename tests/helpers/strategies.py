"""Inputs that several property tests draw from."""

from __future__ import annotations

from hypothesis import strategies as st

from oxtail.core.entry import Capabilities, Client, Entry, Known
from oxtail.core.envelope import Envelope

any_text = st.text(
    st.one_of(
        st.characters(),
        st.characters(categories=["Cs"]),
        st.sampled_from('\x00\n\r\t\x0b\x1b\x7f\x85\u2028\u2029\ufeff"\\/'),
    ),
    max_size=40,
)
"""Text with all that JSON, files and terminals stumble over, lone surrogates included."""

message_ids = st.integers(0, 2**64 - 1).map(lambda number: f"{number:016x}")

json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | any_text
    | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(any_text, inner, max_size=3),
    max_leaves=8,
)

_maybe = st.none() | any_text.filter(bool)
_KNOWN_MEMBERS = {*Envelope._fields, "schema_version", "body_bytes"}

envelopes = st.builds(
    Envelope,
    id=message_ids,
    body=any_text,
    enqueued_at=st.integers(0, 2**40),
    origin=st.sampled_from(("peer", "operator")),
    from_session_id=_maybe,
    request_id=_maybe,
    reply_to=_maybe,
    source_message_id=_maybe,
    operator_source=_maybe,
    action_required=st.booleans(),
    extra=st.dictionaries(
        any_text.filter(lambda name: name not in _KNOWN_MEMBERS), json_values, max_size=3
    ).map(lambda members: tuple(members.items())),
)

_words = st.sampled_from(("a", "b", "c", "0" * 36, "1" * 36))
_folders = st.sampled_from(("/here", "/here/sub", "/elsewhere"))

entries = st.builds(
    Entry,
    server_pid=st.integers(1, 9),
    started_at=st.integers(0, 5),
    client=st.builds(
        Client,
        type=st.just("codex"),
        session_id=st.none() | _words,
        transcript_path=st.none(),
        session_id_source=st.none(),
        cwd=_folders,
    ),
    tmux_session=st.none() | _words,
    name=st.none() | _words,
    capabilities=st.builds(Capabilities, session_keyed=st.booleans()),
)

known_sessions = st.builds(
    Known,
    session_id=_words,
    name=st.none() | _words,
    client_type=st.just("codex"),
    cwd=_folders,
    last_seen=st.integers(0, 3),
)

targets = _words
