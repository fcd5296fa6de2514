"""Whatever another host sends, decoding ends with a value; what we send comes back the same."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from helpers.strategies import any_text, envelopes, json_values
from oxtail.core import codec, remote
from oxtail.core.names import is_host_id, is_message_id, is_session_id
from oxtail.core.remote import Mail, RemoteHost, RemoteSession, Report
from oxtail.store.nats import encoding, subjects
from oxtail.store.nats.encoding import Unreadable

host_ids = st.integers(0, 2**64 - 1).map(lambda number: f"{number:016x}")
message_ids = host_ids
session_ids = st.text(st.characters(categories=["L", "N", "P"]), min_size=1, max_size=200).filter(
    is_session_id
)
projects = st.none() | st.integers(0, 2**128 - 1).map(lambda number: f"{number:032x}")
plain = st.text(st.characters(categories=["L", "N"]), min_size=1, max_size=40)
mails = st.builds(
    Mail,
    to=session_ids,
    project=projects,
    envelope=st.builds(
        lambda envelope, sender: remote.without(
            envelope._replace(from_session_id=sender), remote.TO, remote.FROM_HOST
        ),
        envelopes,
        st.none() | session_ids,
    ),
)
reports = st.builds(
    Report,
    message_id=message_ids,
    stage=plain,
    at=st.integers(0, 2**53 - 1),
    via=st.none() | plain,
    session_id=st.none() | session_ids,
    reason=st.none() | plain,
)
sessions = st.builds(
    RemoteSession,
    session_id=session_ids,
    name=st.none() | plain,
    client_type=st.sampled_from(("codex", "claude-code", "unknown")),
    cwd=st.just("") | plain,
    project=projects,
    is_live=st.booleans(),
    started_at=st.integers(0, 2**40),
    activity=st.sampled_from(remote.ACTIVITIES),
    purpose=st.none() | plain,
    purpose_at=st.integers(0, 2**40),
    former=st.lists(session_ids, max_size=5, unique=True).map(tuple),
).filter(lambda session: session.session_id not in session.former)
hosts = st.builds(
    RemoteHost,
    host_id=host_ids,
    name=plain,
    instance=host_ids,
    at=st.integers(0, 2**40),
    key=st.none() | st.integers(0, 2**256 - 1).map(lambda number: f"{number:064x}"),
    sessions=st.lists(sessions, max_size=5, unique_by=lambda s: s.session_id).map(tuple),
)
mangled_members = st.dictionaries(
    st.sampled_from(("v", "kind", "to", "envelope", "receipt", "sessions", "part", "parts")),
    json_values
    | st.sampled_from((1, 2, True, "mail", "receipt", 2**70, 1e308))
    | st.dictionaries(
        st.sampled_from(("session_id", "message_id", "at", "stage", "id", "body", "project")),
        json_values,
    ),
)


@given(mails)
def test_mail_comes_out_as_it_went_in(mail: Mail):
    assert encoding.decode(encoding.encode_mail(mail)) == mail


@given(reports)
def test_a_receipt_comes_out_as_it_went_in(report: Report):
    assert encoding.decode(encoding.encode_report(report)) == report


@given(hosts)
def test_a_host_comes_out_as_it_went_in(host: RemoteHost):
    assert encoding.decode_host(encoding.encode_host(host), host.host_id, 0) == host


@given(mails, host_ids)
def test_mail_goes_through_a_relay_box_unchanged(mail: Mail, host: str):
    assert remote.unrelayed(remote.relayed(mail, host)) == mail


@given(mails, host_ids, host_ids)
def test_the_host_that_mail_came_from_is_what_the_server_says(mail: Mail, host: str, lie: str):
    forged = remote.arrived(mail.envelope, lie)
    assert remote.origin_host(remote.arrived(forged, host)) == host


@given(st.binary(max_size=200) | any_text.map(lambda text: text.encode("utf-8", "surrogatepass")))
def test_any_bytes_are_read_without_an_error(data: bytes):
    assert isinstance(encoding.decode(data), Unreadable)
    assert isinstance(encoding.decode_host(data, "0" * 16, 0), Unreadable)


@given(mangled_members)
def test_any_object_is_read_without_an_error(members: dict):
    data = codec.encode_compact(members)
    found = encoding.decode(data)
    if isinstance(found, Mail):
        assert is_message_id(found.envelope.id)
        assert is_session_id(found.to)
    if isinstance(found, Report):
        assert is_message_id(found.message_id)
    encoding.decode_host(data, "0" * 16, 0)


@given(hosts, st.dictionaries(st.sampled_from(RemoteSession._fields), json_values), json_values)
def test_what_another_host_says_of_a_session_is_bounded(
    host: RemoteHost, members: dict, odd: object
):
    whole = host.as_dict()
    whole["sessions"] = [*whole["sessions"], members, odd, {**members, "session_id": "x"}]
    for session in remote.from_dict(whole).sessions:
        assert is_session_id(session.session_id)
        assert len(session.cwd) <= remote.CWD_MAX_CHARS
        assert len(session.former) == len(set(session.former)) <= remote.FORMER_SAID
        assert all(map(is_session_id, session.former))
        assert session.session_id not in session.former
        for text in (session.name, session.purpose, session.cwd):
            assert text is None or text.isprintable()


@given(st.integers(0, 4_000))
def test_a_large_host_is_split_into_parts_that_fit(count: int):
    host = RemoteHost(
        "0" * 16,
        "large",
        "1" * 16,
        1,
        sessions=tuple(
            RemoteSession(
                f"session-{number}",
                "n" * 64,
                cwd="/" * 200,
                purpose="p" * 200,
                former=tuple(f"{number:030}-{each:05}" for each in range(remote.FORMER_SAID)),
            )
            for number in range(count)
        ),
    )
    parts = remote.split(host)
    assert 1 <= len(parts) <= remote.PARTS_MAX
    assert sum(len(part.sessions) for part in parts) == min(count, 3_200)
    for part in parts[:1]:
        assert len(encoding.encode_host(part)) < 400_000


@given(host_ids, host_ids, st.integers(0, 31))
def test_subjects_say_who_and_to_whom(receiver: str, sender: str, part: int):
    assert subjects.parse_mail_subject(subjects.mail_subject(receiver, sender)) == (
        receiver,
        sender,
    )
    assert subjects.parse_presence_subject(subjects.presence_subject(sender, part)) == (
        sender,
        part,
    )


words = st.sampled_from(("ox", "m", "$KV", "OXTAIL_PRESENCE", "0" * 16, "*", ">", "", "0", "007"))


@given(any_text | st.lists(words, max_size=6).map(".".join))
def test_any_subject_is_parsed_without_an_error(subject: str):
    for parsed in (subjects.parse_mail_subject(subject), subjects.parse_presence_subject(subject)):
        assert parsed is None or is_host_id(parsed[0])
    assert subjects.parse_ack(subject) is None


@given(
    st.lists(st.sampled_from(("$JS", "ACK", "a", "1", "22", "-1", "²", "9" * 5000)), max_size=13)
)
def test_any_reply_subject_is_parsed_without_an_error(parts: list):
    subjects.parse_ack(".".join(parts))
