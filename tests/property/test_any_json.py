"""Compact JSON is what the standard library makes of the same value."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oxtail.core import codec

texts = st.text(st.characters(codec="utf-8") | st.characters(categories=["Cs"]), max_size=20)
values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=20,
)


@given(values)
def test_a_value_is_written_as_the_library_writes_it(value: Any) -> None:
    written = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    assert codec.encode_compact(value) == codec.to_utf8(written)
    assert codec.decode(codec.encode_compact(value)) == json.loads(written)


@pytest.mark.parametrize("value", [object(), {1, 2}, {"a": b"bytes"}, {(1, 2): 3}])
def test_what_has_no_form_in_json_is_refused(value: object) -> None:
    with pytest.raises(TypeError):
        codec.encode_compact(value)


def test_without_the_part_in_c_the_ordinary_encoder_does(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json.encoder, "c_make_encoder", None)
    assert codec._encoder()({"a": ["\u00e9", 1.5, None]}) == '{"a":["\u00e9",1.5,null]}'
