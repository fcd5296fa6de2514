"""What a fleet is to be: each rule of the format, and texts that stay the user's."""

from __future__ import annotations

import json
from typing import Any

import pytest

from oxtail.core.fleet_errors import BadFleet
from oxtail.core.fleet_file import edited, fresh
from oxtail.core.fleet_spec import (
    FleetSpec,
    WindowSpec,
    check,
    default_spec,
    fleet_id,
    is_fleet_id,
    read_spec,
    session_name,
)
from oxtail.errors import MalformedFile

COMMENTED = """// my fleet
{
  "name": "shop", // of the team
  "owner": "kim",
  "windows": [
    // the boss
    {"name": "main", "agent": "claude", "model": "opus", "note": "keep me"},
    /* the other */
    {
      "name": "cx",
      "agent": "codex", // by night
      "effort": "high",
    },
  ],
}
"""


def window(**changed: Any) -> dict[str, Any]:
    members = {"name": "main", "agent": "claude", **changed}
    return {name: value for name, value in members.items() if value is not ...}


def problems(*windows: Any, **members: Any) -> list[str]:
    spec, found = check({"name": "shop", "windows": list(windows), **members})
    assert (spec is None) == bool(found)
    return [problem.path for problem in found]


def test_a_text_with_comments_and_last_commas_is_read() -> None:
    assert read_spec(COMMENTED, "f") == FleetSpec(
        "shop",
        (WindowSpec("main", "claude", "opus"), WindowSpec("cx", "codex", effort="high")),
    )


@pytest.mark.parametrize(
    ("members", "path"),
    [
        ({"name": ""}, "windows[0].name"),
        ({"name": ...}, "windows[0].name"),
        ({"name": 3}, "windows[0].name"),
        ({"name": "-x"}, "windows[0].name"),
        ({"name": "a.b"}, "windows[0].name"),
        ({"name": "a b"}, "windows[0].name"),
        ({"name": "é"}, "windows[0].name"),
        ({"name": "a\n"}, "windows[0].name"),
        ({"name": "x" * 41}, "windows[0].name"),
        ({"agent": "gemini"}, "windows[0].agent"),
        ({"agent": ...}, "windows[0].agent"),
        ({"agent": ["claude"]}, "windows[0].agent"),
        ({"model": ""}, "windows[0].model"),
        ({"model": " "}, "windows[0].model"),
        ({"model": "a\nb"}, "windows[0].model"),
        ({"model": "a\x1b[2J"}, "windows[0].model"),
        ({"model": 4}, "windows[0].model"),
        ({"effort": ""}, "windows[0].effort"),
        ({"effort": "High"}, "windows[0].effort"),
        ({"effort": 'high"'}, "windows[0].effort"),
        ({"effort": "-high"}, "windows[0].effort"),
        ({"effort": "high\n"}, "windows[0].effort"),
        ({"effort": "x" * 25}, "windows[0].effort"),
        ({"role": 1}, "windows[0].role"),
        ({"role": "a\x00"}, "windows[0].role"),
        ({"remoteControl": "yes"}, "windows[0].remoteControl"),
        ({"remoteControl": 1}, "windows[0].remoteControl"),
        ({"agent": "codex", "remoteControl": True}, "windows[0].remoteControl"),
        ({"command": ["x"]}, "windows[0].command"),
        ({"agent": "command"}, "windows[0].command"),
        ({"agent": "command", "command": []}, "windows[0].command"),
        ({"agent": "command", "command": "make"}, "windows[0].command"),
        ({"agent": "command", "command": [""]}, "windows[0].command"),
        ({"agent": "command", "command": ["make", 3]}, "windows[0].command"),
        ({"agent": "command", "command": ["make", "a\rb"]}, "windows[0].command"),
        ({"agent": "command", "command": ["x" * 2_001]}, "windows[0].command"),
        ({"agent": "command", "command": ["x"] * 65}, "windows[0].command"),
        ({"agent": "command", "command": ["x"], "model": "m"}, "windows[0].model"),
        ({"agent": "command", "command": ["x"], "effort": "low"}, "windows[0].effort"),
    ],
)
def test_each_bad_value_is_refused_at_its_place(members: dict[str, Any], path: str) -> None:
    assert problems(window(**members)) == [path]


@pytest.mark.parametrize("value", [None, [], "x", 3])
def test_a_fleet_is_an_object(value: object) -> None:
    assert check(value)[0] is None
    assert check({"name": "shop", "windows": value})[0] is None


@pytest.mark.parametrize("name", ["", "  ", "a\nb", "a\x07", "a\u202eb", 3, None])
def test_a_fleet_has_a_name_without_control_characters(name: object) -> None:
    assert problems(window(), name=name) == ["name"]


def test_window_names_are_unique() -> None:
    assert problems(window(), window(agent="codex")) == ["windows[1].name"]


def test_all_that_is_wrong_is_told_at_once() -> None:
    bad = window(name="a b", agent="gemini", effort="X")
    with pytest.raises(BadFleet) as caught:
        read_spec(json.dumps({"name": "", "windows": [window(model=""), bad, 3]}), "/p/fleet.json")
    assert [problem["path"] for problem in caught.value.fields["problems"]] == [
        "name",
        "windows[0].model",
        "windows[1].name",
        "windows[1].agent",
        "windows[1].effort",
        "windows[2]",
    ]
    assert "/p/fleet.json" in caught.value.message


@pytest.mark.parametrize("text", ["", "{", "[]", '{"name": "x" "windows": []}', "{,}", "null"])
def test_what_is_no_json_object_is_an_error_and_not_the_default(text: str) -> None:
    with pytest.raises(MalformedFile):
        read_spec(text, "f")


def test_members_that_the_format_does_not_know_are_ignored() -> None:
    spec, _ = check({"name": "s", "windows": [window(colour="red")], "more": 1})
    assert spec == FleetSpec("s", (WindowSpec("main", "claude"),))


def test_the_default_is_named_after_its_folder() -> None:
    spec = default_spec("shop")
    assert spec.name == "shop"
    assert [each.name for each in spec.windows] == ["main", "max", "codex"]
    assert check(spec.as_dict()) == (spec, ())
    assert default_spec("").name == default_spec("a\nb").name == "fleet"


@pytest.mark.parametrize(
    ("name", "session"),
    [("shop", "shop"), ("my shop: é", "my-shop---"), ("x" * 70, "x" * 60), ("-a_1", "-a_1")],
)
def test_a_tmux_session_is_called_after_its_fleet(name: str, session: str) -> None:
    assert session_name(name) == session


def test_a_fleet_id_has_a_clean_base_and_eight_digits() -> None:
    assert fleet_id("my shop", "0123abcd") == "my-shop-0123abcd"
    assert fleet_id("x" * 40, "0123abcd") == "x" * 24 + "-0123abcd"
    assert is_fleet_id(fleet_id("é", "00000000"))
    assert not is_fleet_id("shop")
    assert not is_fleet_id("a b-01234567")


def test_a_new_text_is_read_back_as_it_was() -> None:
    spec = default_spec("shop")._replace(
        windows=(*default_spec("shop").windows, WindowSpec("w", "command", command=("a", "")))
    )
    assert read_spec(fresh(spec), "f") == spec
    assert fresh(spec).startswith("//")
    assert edited("", "f", spec) == fresh(spec)


def test_saving_what_is_there_changes_nothing() -> None:
    assert edited(COMMENTED, "f", read_spec(COMMENTED, "f")) == COMMENTED


def test_comments_and_unknown_members_survive_a_save() -> None:
    main, codex = read_spec(COMMENTED, "f").windows
    spec = FleetSpec(
        "store",
        (
            codex._replace(effort=None, role="night"),
            main._replace(model="haiku", remote_control=True),
            WindowSpec("tests", "command", command=("make", "watch")),
        ),
    )
    text = edited(COMMENTED, "f", spec)
    assert read_spec(text, "f") == spec
    for kept in ("// my fleet", "// of the team", '"owner": "kim"', "// the boss", "/* the other"):
        assert kept in text
    for kept in ('"note": "keep me"', "// by night"):
        assert kept in text


def test_a_renamed_window_keeps_what_is_written_about_it() -> None:
    main, codex = read_spec(COMMENTED, "f").windows
    text = edited(COMMENTED, "f", FleetSpec("shop", (main._replace(name="boss"), codex)))
    assert '{"name": "boss", "agent": "claude", "model": "opus", "note": "keep me"}' in text


def test_a_window_that_is_gone_takes_only_its_own_text_along() -> None:
    _, codex = read_spec(COMMENTED, "f").windows
    text = edited(COMMENTED, "f", FleetSpec("shop", (codex,)))
    assert read_spec(text, "f").windows == (codex,)
    assert "// by night" in text
    assert "keep me" not in text


def test_a_fleet_that_breaks_a_rule_is_not_saved() -> None:
    with pytest.raises(BadFleet):
        edited(COMMENTED, "f", FleetSpec("shop", ()))
