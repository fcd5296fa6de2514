"""What a copy of a file is called, and how a message names it."""

from __future__ import annotations

import pytest

from oxtail.core.attachment import COPY, Attached, copy_name, shown, tries, with_note

DIGEST = "a" * 64


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("/a/b.txt", ("/a/b.txt",)),
        ("'/a/b c.txt'", ("/a/b c.txt",)),
        ('"/a/b c.txt"', ("/a/b c.txt",)),
        ("  /a/b.txt \n", ("/a/b.txt",)),
        ("/a/b\\ c\\(1\\).txt", ("/a/b\\ c\\(1\\).txt", "/a/b c(1).txt")),
        ("'''/a'", ("''/a",)),
        ("'", ("'",)),
        ("", ("",)),
    ],
)
def test_quotes_and_backslashes_of_a_shell_are_understood(typed, meant):
    assert tries(typed) == meant


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("report.txt", "report.txt"),
        ("...hidden", "___hidden"),
        ("..", "__"),
        ("a b\n\x1b[31m;rm -rf ~", "a_b___31m_rm_-rf__"),
        ("über/..", "_ber_.."),
        ("x" * 90, "x" * 60),
        ("", "file"),
    ],
)
def test_the_name_of_a_copy_is_safe(name, safe):
    made = copy_name(DIGEST, name)
    assert made == f"{DIGEST}-{safe}"
    assert COPY.fullmatch(made)


def test_a_message_ends_with_its_files():
    one, two = Attached("/x/1", "a.txt", 3), Attached("/x/2", "b.txt", 4)
    assert with_note("hello", ()) == "hello"
    assert with_note("", (one,)).startswith("1 file is attached")
    assert with_note("hello", (one, two)) == (
        "hello\n\n2 files are attached; read them with your file tools:\n"
        "1. /x/1 (a.txt, 3 bytes)\n2. /x/2 (b.txt, 4 bytes)"
    )


def test_a_path_in_an_error_is_short_and_steers_nothing():
    assert shown("/tmp/\x1b[2J\u202eevil" + "x" * 500) == shown("/tmp/[2Jevil" + "x" * 500)
    assert len(shown("x" * 500)) == 120
