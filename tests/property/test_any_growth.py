"""Whatever a client does to its transcript, each wanted line is found once, under its number."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from helpers.depth import examples
from oxtail.core.follow import Mark
from oxtail.transcripts.follow import Limits, grown

LIMITS = Limits(look=48, line=16)

bodies = st.binary(max_size=30).map(lambda data: data.replace(b"\n", b""))
bodies = st.one_of(bodies, st.sampled_from((b"!wanted", b"!" * 30, b"")))
texts = st.lists(bodies, max_size=8)
appends = st.tuples(st.just("append"), texts, st.integers(0, 60))
others = st.tuples(st.sampled_from(("replace", "rewrite")), texts, st.integers(0, 60))
looks = st.tuples(st.just("look"), st.just([]), st.just(0))
histories = st.lists(st.one_of(appends, others, looks, looks), max_size=30)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("growth")


def oracle(content: bytes) -> list[tuple[int, bytes]]:
    whole = content.split(b"\n")[:-1]
    return [
        (number, line)
        for number, line in enumerate(whole, 1)
        if b"!" in line and len(line) <= LIMITS.line
    ]


def look(path: Path, mark: Mark | None) -> tuple[list[tuple[int, bytes]], Mark]:
    """Look until the end, and hold each look to its bound."""
    found: list[tuple[int, bytes]] = []
    more = True
    while more:
        descriptor = os.open(path, os.O_RDONLY)
        try:
            before = mark.offset if mark else 0
            seen, mark, more = grown(descriptor, mark, lambda line: b"!" in line, LIMITS)
            assert mark.offset - before <= LIMITS.look
        finally:
            os.close(descriptor)
        found += seen
    assert mark is not None
    return found, mark


@settings(
    deadline=None,
    max_examples=examples(120),
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(history=histories)
def test_growth_is_found_once_and_a_new_file_from_its_beginning(
    folder: Path, history: list[tuple[str, list[bytes], int]]
) -> None:
    path = folder / "t"
    path.write_bytes(b"")
    content, left, known, mark, age = b"", b"", [], None, 0
    for what, texts, held in [*history, ("look", [], 0)]:
        age += what in ("replace", "rewrite")
        # Each line names its file, so that no two files look alike; part of the text comes later.
        left = (left if what == "append" else b"") + b"".join(b"%d:%s\n" % (age, t) for t in texts)
        now = max(len(left) - held, 0)
        if what == "look":
            found, mark = look(path, mark)
            known += found
            assert known == oracle(content)
            assert mark.lines == content.count(b"\n")
            continue
        if what == "append":
            with path.open("ab") as out:
                out.write(left[:now])
            content += left[:now]
        else:
            goal = path if what == "rewrite" else folder / "new"
            goal.write_bytes(left[:now])
            if what == "replace":
                goal.rename(path)
            content, known = left[:now], []
        left = left[now:]
