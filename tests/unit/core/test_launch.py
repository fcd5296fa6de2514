"""The line that starts a window's program: what real shells make of it."""

from __future__ import annotations

import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oxtail.core.fleet_spec import WindowSpec
from oxtail.core.launch import JOIN_PROMPT, LINE_MAX_BYTES, line_of, quoted, shell_name, words_of

PRINTABLE = st.text(st.characters(blacklist_categories=("Cc", "Cs", "Zl", "Zp", "Cn", "Co", "Cf")))


def test_claude_code_gets_each_setting_as_one_quoted_word() -> None:
    window = WindowSpec("main", "claude", model="opus[1m]", effort="xhigh", remote_control=True)
    assert line_of(words_of(window, "repo"), "bash") == (
        "claude --model 'opus[1m]' --effort 'xhigh' --remote-control 'repo-main'"
    )


def test_codex_gets_its_first_turn_with_the_line_and_keeps_its_session_to_itself() -> None:
    window = WindowSpec("two", "codex", model="gpt-5.5", effort="high")
    assert words_of(window, "repo") == (
        *("codex", "-c", "check_for_update_on_startup=false", "--model", "gpt-5.5"),
        *("-c", 'model_reasoning_effort="high"', JOIN_PROMPT),
    )


def test_a_setting_that_is_not_made_is_not_passed() -> None:
    assert words_of(WindowSpec("main", "claude"), "repo") == ("claude",)


def test_a_command_is_run_as_it_stands() -> None:
    window = WindowSpec("logs", "command", command=("tail", "-f", "a b;c"))
    assert line_of(words_of(window, "repo"), "zsh") == "tail -f 'a b;c'"


@pytest.mark.parametrize("shell", ["sh", "bash"])
@settings(max_examples=25, deadline=None)
@given(words=st.lists(PRINTABLE, min_size=1, max_size=4))
def test_a_shell_hands_each_word_on_as_it_was(shell: str, words: list[str]) -> None:
    quoted_words = " ".join(quoted(word, shell) for word in words)
    script = f"printf '%s\\0' {quoted_words}"
    done = subprocess.run(["/bin/" + shell, "-c", script], capture_output=True, timeout=60)
    assert done.stdout.decode().split("\0")[:-1] == words


@pytest.mark.parametrize(
    ("shell", "word", "expected"),
    [
        ("bash", "it's!", "'it'\\''s!'"),
        ("fish", "it's a\\b", "'it\\'s a\\\\b'"),
        ("tcsh", "it's!", "'it'\\''s\\!'"),
    ],
)
def test_the_quotes_are_those_of_the_shell(shell: str, word: str, expected: str) -> None:
    assert quoted(word, shell) == expected


@pytest.mark.parametrize(
    ("shell", "expected"),
    [
        ("zsh", "unset A B; claude"),
        ("fish", "set -e A B; claude"),
        ("csh", "unsetenv A; unsetenv B; claude"),
    ],
)
def test_what_another_agent_left_is_taken_out_first(shell: str, expected: str) -> None:
    assert line_of(("claude",), shell, ("A", "B")) == expected


@pytest.mark.parametrize(
    "words",
    [(), ("",), ("x", "a\nb"), ("x", "\x1b[A"), ("x", "\u202e"), ("x", "y" * LINE_MAX_BYTES)],
)
def test_what_cannot_be_typed_as_one_line_is_refused(words: tuple[str, ...]) -> None:
    assert line_of(words, "bash") is None


def test_a_program_whose_name_is_no_plain_word_is_quoted() -> None:
    assert line_of(("FOO=1", "x"), "bash") == "'FOO=1' 'x'"
    assert line_of(("~/a b", "-x"), "bash") == "'~/a b' -x"


@pytest.mark.parametrize(
    ("command", "shell"),
    [("bash", "bash"), ("-zsh", "zsh"), ("/usr/bin/fish", "fish"), ("claude", None), ("", None)],
)
def test_a_shell_is_known_by_its_name(command: str, shell: str | None) -> None:
    assert shell_name(command) == shell
