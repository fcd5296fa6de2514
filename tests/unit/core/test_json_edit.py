"""JSON edits change the entry that they are about, and no other byte."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oxtail.core.json_edit import Editor
from oxtail.core.json_text import DEPTH_MAX, decode, parse
from oxtail.errors import MalformedFile

TEXTS = {
    "spread": '{\n  "a": 1,\n  "b": {\n    "c": [1, 2]\n  }\n}\n',
    "tabs": '{\n\t"b": {\n\t\t"c": []\n\t}\n}',
    "crlf": '{\r\n    "b": {\r\n        "x": 1\r\n    }\r\n}\r\n',
    "one line": '{"a": 1, "b": {"c": "d"}}',
    "tight": '{"a":1,"b":{}}',
    "commented": (
        '// head\n{\n  // first\n  "a": 1, // why\n  "b": { // open\n    "c": 1 // last\n'
        "    /* end */\n  } // close\n  // foot\n}\n// tail\n"
    ),
    "mark": '\ufeff{\n  "b": {}\n}\n',
}


def remaining(text: str) -> str:
    return re.sub(r"[\s,]", "", text)


@pytest.mark.parametrize("name", TEXTS)
@pytest.mark.parametrize("path", [("new",), ("b", "new"), ("new", "deep", "er")])
def test_a_member_that_is_added_and_removed_leaves_the_text(
    name: str, path: tuple[str, ...]
) -> None:
    editor = Editor(TEXTS[name], "f", comments=True)
    editor.put(path, {"k": [1, {"l": 2}]})

    node = editor.find(path)
    assert node is not None
    assert node.value == {"k": [1, {"l": 2}]}
    assert set(remaining(TEXTS[name])) <= set(remaining(editor.text))
    editor.remove(path[:1] if path[0] == "new" else path)
    assert editor.text == TEXTS[name] or editor.find(("b",)) is not None
    assert remaining(editor.text) == remaining(TEXTS[name])
    if editor.value["b"]:
        assert editor.text == TEXTS[name]


def test_new_entries_are_laid_out_as_their_neighbors() -> None:
    editor = Editor(TEXTS["crlf"], "f")
    editor.put(("b", "y"), [1])

    assert editor.text == (
        '{\r\n    "b": {\r\n        "x": 1,\r\n        "y": [\r\n            1\r\n        ]\r\n'
        "    }\r\n}\r\n"
    )


def test_a_comment_stays_where_it_is_when_something_is_added_after_it() -> None:
    editor = Editor('{\n  "a": 1 // why\n}', "f", comments=True)
    editor.put(("b",), 2)

    assert editor.text == '{\n  "a": 1, // why\n  "b": 2\n}'


def test_a_value_that_is_there_already_is_not_laid_out_anew() -> None:
    text = '{"a" : [ 1,2 ] }'
    editor = Editor(text, "f")
    editor.put(("a",), [1, 2])

    assert editor.text == text


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ('{\n"a": 1,\n}', 3),
        ('{\n"a": 1\n"b": 2}', 3),
        ('{"a": 01}', 1),
        ('{"a": 1}\n\n]', 3),
        ('{\n// c\n"a": 1}', 2),
        ('{"a": NaN}', 1),
        ('{\n\n"a": "x\ty"}', 3),
        ('{"a": 1,\n"a": 2}', 2),
        ("[]", 1),
        ("{", 1),
        ("{'a': 1}", 1),
        ('{"a":' + "[" * (DEPTH_MAX + 2), 1),
    ],
)
def test_what_is_not_json_is_refused_with_its_line(text: str, line: int) -> None:
    with pytest.raises(MalformedFile) as refused:
        parse(text, "f")
    assert refused.value.fields["line"] == line


def test_bytes_that_are_not_text_are_refused_with_their_line() -> None:
    with pytest.raises(MalformedFile) as refused:
        decode(b'{\n"a": "\xff"}', "f")
    assert refused.value.fields["line"] == 2


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
OBJECTS = st.dictionaries(st.text(), JSON, max_size=4)


@given(OBJECTS, st.sampled_from([None, 1, 2, "\t"]), st.booleans())
@settings(max_examples=60, deadline=None)
def test_every_json_means_to_us_what_it_means_to_the_library(
    value: dict[str, Any], indent: Any, escaped: bool
) -> None:
    text = json.dumps(value, indent=indent, ensure_ascii=escaped)

    assert parse(text, "f").root.value == json.loads(text)


@given(OBJECTS, JSON, st.sampled_from([None, 2, "\t"]), st.booleans())
@settings(max_examples=60, deadline=None)
def test_adding_and_removing_gives_any_text_back(
    value: dict[str, Any], new: Any, indent: Any, crlf: bool
) -> None:
    value.pop("ours", None)
    text = json.dumps(value, indent=indent)
    text = text.replace("\n", "\r\n") if crlf else text
    editor = Editor(text, "f")

    editor.put(("ours",), new)
    assert editor.value == {**value, "ours": json.loads(json.dumps(new))}
    editor.remove(("ours",))
    assert editor.text == text


@given(st.lists(JSON, min_size=1, max_size=5), st.data(), st.sampled_from([None, 2]))
@settings(max_examples=40, deadline=None)
def test_removing_an_item_leaves_the_others(items: list[Any], data: Any, indent: Any) -> None:
    place = data.draw(st.integers(0, len(items) - 1))
    editor = Editor(json.dumps({"a": items}, indent=indent), "f")

    editor.remove(("a", place))
    assert editor.value == {"a": items[:place] + items[place + 1 :]}
