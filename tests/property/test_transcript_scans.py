"""A scan from the end sees what a scan from the beginning sees, wherever chunks fall."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from helpers.depth import examples
from helpers.fakes import FakeClock
from oxtail.transcripts import scan
from oxtail.transcripts.files import FileTranscripts

texts = st.text(alphabet=st.sampled_from('aé日\U0001f600"\\\n\u2028\x00 '), max_size=120)
said = st.builds(
    lambda text, role: json.dumps(
        {"type": role, "message": {"role": role, "content": text}}, ensure_ascii=False
    ).encode(),
    texts,
    st.sampled_from(["user", "assistant"]),
)
rubbish = st.binary(max_size=60).map(lambda data: data.replace(b"\n", b""))
contents = st.tuples(
    st.lists(st.one_of(said, rubbish), max_size=25).map(b"\n".join), st.sampled_from([b"", b"\n"])
).map(b"".join)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("transcripts")


private = settings(
    deadline=None,
    max_examples=examples(150),
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


@private
@given(content=contents, chunk=st.integers(16, 300))
def test_lines_are_the_same_from_both_ends(folder: Path, content: bytes, chunk: int) -> None:
    path = folder / "lines"
    path.write_bytes(content)
    descriptor = os.open(path, os.O_RDONLY)
    try:
        forward = list(scan.lines(descriptor, len(content), chunk))
        backward = list(scan.lines_backward(descriptor, len(content), chunk))
    finally:
        os.close(descriptor)
    assert forward == content.split(b"\n")
    assert backward[::-1] == forward


@private
@given(
    content=contents,
    chunk=st.integers(16, 300),
    limit=st.integers(1, 30),
    max_bytes=st.integers(256, 2_000),
)
def test_the_tail_scan_shows_what_the_full_scan_shows(
    folder: Path, content: bytes, chunk: int, limit: int, max_bytes: int
) -> None:
    path = folder / "transcript"
    path.write_bytes(content)
    reader = FileTranscripts("/nowhere", {}, FakeClock(), chunk_bytes=chunk)
    full, tail = (
        reader.read(
            str(path),
            "claude-code",
            limit=limit,
            max_bytes=max_bytes,
            timestamps=False,
            tail_scan=tail_scan,
        )
        for tail_scan in (False, True)
    )
    assert full.total_messages is not None
    assert tail.total_messages == (full.total_messages if full.total_messages <= limit else None)
    assert tail._replace(total_messages=None) == full._replace(total_messages=None)
