from __future__ import annotations

import pytest

from oxtail.report.markup import Html, escaped, joined, tag


def test_text_is_escaped_and_markup_is_not():
    assert tag("p", "a<b", tag("b", "&")) == "<p>a&lt;b<b>&amp;</b></p>"
    assert joined("<", Html("<br>")) == "&lt;<br>"


def test_what_is_not_seen_is_not_there():
    assert escaped("a\u202e\x1bb\nc\td\ud800") == "ab\nc d"


def test_attributes_are_written_as_html_has_them():
    made = tag("td", class_="x", data_lanes='"1"', hidden=True, id=None, width=1.26, rows=3)
    assert made == '<td class="x" data-lanes="&quot;1&quot;" hidden width="1.3" rows="3"></td>'
    assert tag("input", name="q") == '<input name="q">'


@pytest.mark.parametrize(
    "attributes",
    [{"onclick": "x"}, {"style": "x"}, {"src": "x"}, {"href": "x"}, {"href": "javascript:x"},
     {"formaction": "#x"}],
)  # fmt: skip
def test_an_attribute_that_runs_or_loads_or_leads_away_is_refused(attributes):
    with pytest.raises(ValueError, match=r"attribute|link"):
        tag("a", "x", **attributes)
