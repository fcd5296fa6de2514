"""The argument tree: what verbs take, and what they refuse."""

from __future__ import annotations

import pytest

from oxtail.cli.help import EXIT_STATUSES, help_text, reference
from oxtail.cli.parser import HelpWanted, as_typed, help_of, parse
from oxtail.cli.verbs import TABLES, arguments_of
from oxtail.errors import BadArgument, OxtailError, UsageError


def test_the_words_of_a_body_need_no_quotes() -> None:
    options = parse("send", ["reviewer", "the", "branch", "is", "ready", "--wake", "off"])

    assert (options.target, options.body, options.wake) == (
        "reviewer",
        ["the", "branch", "is", "ready"],
        "off",
    )


def test_options_may_stand_anywhere() -> None:
    options = parse("send", ["--wake=off", "reviewer", "one", "--as", "me", "two", "-"])

    assert (options.wake, options.session_id, options.body) == ("off", "me", ["one", "two", "-"])


def test_what_is_left_out_has_its_default() -> None:
    options = parse("read", ["reviewer"])

    assert (options.mode, options.limit, options.timestamps, options.project) == (
        "auto",
        20,
        False,
        None,
    )


@pytest.mark.parametrize("verb", TABLES)
def test_every_verb_has_help(verb: str) -> None:
    with pytest.raises(HelpWanted):
        parse(verb, ["--help"])

    assert help_of(verb).startswith(f"usage: oxtail {verb}")


def test_a_body_may_begin_with_a_dash_after_two_dashes() -> None:
    options = parse("send", ["reviewer", "--", "--json", "is an option"])

    assert options.body == ["--json", "is an option"]
    assert options.json is False


@pytest.mark.parametrize(
    ("verb", "words"),
    [
        ("send", []),
        ("send", ["reviewer"]),
        ("send", ["reviewer", "hello", "--wake", "maybe"]),
        ("send", ["reviewer", "hello", "--jso"]),
        ("send", ["reviewer", "hello", "--json=yes"]),
        ("send", ["reviewer", "hello", "-5"]),
        ("send", ["reviewer", "hello", "--as"]),
        ("ask", ["reviewer", "hello", "--timeout", "0"]),
        ("ask", ["reviewer", "hello", "--timeout", "301"]),
        ("ask", ["reviewer", "hello", "--timeout", "nan"]),
        ("inbox", ["--limit", "0"]),
        ("inbox", ["--limit", "many"]),
        ("inbox", ["--limit", "1_0"]),
        ("inbox", ["unexpected"]),
        ("reply", ["0f3c9a1be2d47758"]),
        ("serve", ["--json"]),
        ("status", ["--width", "0"]),
        ("status", ["0f3c9a1be2d47758", "another"]),
    ],
)
def test_what_a_verb_does_not_take_is_wrong_usage(verb: str, words: list[str]) -> None:
    with pytest.raises(UsageError) as caught:
        parse(verb, words)

    assert caught.value.code == "usage-error"
    assert str(caught.value.fields["usage"]).startswith(f"oxtail {verb}")


@pytest.mark.parametrize("text", ["a\udcff", "a\0b"])
@pytest.mark.parametrize(
    ("field", "words"),
    [
        ("target", ["{}", "hello"]),
        ("body", ["reviewer", "hello", "{}"]),
        ("reply_to", ["reviewer", "hello", "--reply-to", "{}"]),
        ("session_id", ["reviewer", "hello", "--as", "{}"]),
    ],
)
def test_text_that_is_no_utf8_is_refused_by_name(field: str, words: list[str], text: str) -> None:
    with pytest.raises(BadArgument) as caught:
        parse("send", [word.format(text) for word in words])

    assert caught.value.field == field


@pytest.mark.parametrize(
    ("verb", "words", "error", "message"),
    [
        ("send", ["x", "y", "--due", "1h"], ("deadline", "is past"), "--due: is past"),
        ("send", ["x", "y", "--due=soon"], ("due", "is no time"), "--due: is no time"),
        (
            "send",
            ["x", "y", "--due", "1h"],
            ("deadline", "needs action_required: only work is due"),
            "--due: needs --action-required: only work is due",
        ),
        ("send", ["x", "", "--due", "1h"], ("body", "is empty"), "body: is empty"),
        ("log", [], ("until", "lies before --since"), "until: lies before --since"),
    ],
)
def test_an_error_names_the_option_that_was_typed(
    verb: str, words: list[str], error: tuple[str, str], message: str
) -> None:
    shown = as_typed(BadArgument(*error), verb, words)

    assert (shown.message, shown.code, shown.fields) == (
        message,
        "bad-argument",
        {"field": error[0]},
    )


def test_a_path_may_be_any_bytes() -> None:
    assert parse("peers", ["--project", "/p\udcff"]).project == "/p\udcff"


@pytest.mark.parametrize("verb", TABLES)
def test_every_verb_is_in_the_help_and_in_the_reference(verb: str) -> None:
    page = reference()

    assert f"\n  {verb} " in help_text()
    assert f"\n## oxtail {verb}\n" in page
    for argument in arguments_of(verb):
        assert argument.help.replace("|", "\\|") in page


def test_every_verb_but_the_server_can_answer_with_json() -> None:
    assert [v for v in TABLES if all(a.flag != "--json" for a in arguments_of(v))] == ["serve"]


def _tree(kind: type[OxtailError]) -> set[type[OxtailError]]:
    return {kind}.union(*(_tree(child) for child in kind.__subclasses__()))


def test_every_exit_status_of_an_error_is_documented() -> None:
    assert {kind.exit_status for kind in _tree(OxtailError)} <= set(EXIT_STATUSES)
