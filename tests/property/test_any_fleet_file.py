"""Any fleet can be saved over any other: what is read back is what was saved."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from oxtail.core.fleet_file import edited, fresh
from oxtail.core.fleet_spec import EFFORTS, FleetSpec, WindowSpec, check, read_spec

TEXT = st.text("aé ,:/*[]'#$", min_size=1, max_size=8).filter(str.strip)
NAMES = st.from_regex(r"[a-d_][a-c-]{0,2}", fullmatch=True)
CLIENTS = st.builds(
    WindowSpec,
    NAMES,
    st.just("claude"),
    st.none() | TEXT,
    st.none() | st.sampled_from(EFFORTS),
    st.none() | TEXT,
    st.booleans(),
)
COMMANDS = st.builds(
    lambda name, role, command: WindowSpec(name, "command", role=role, command=tuple(command)),
    NAMES,
    st.none() | TEXT,
    st.lists(TEXT, min_size=1, max_size=3),
)
FLEETS = st.builds(
    lambda name, windows: FleetSpec(name, tuple({each.name: each for each in windows}.values())),
    TEXT,
    st.lists(CLIENTS | COMMANDS, min_size=1, max_size=5),
)


@given(FLEETS, FLEETS)
def test_what_is_saved_is_read_back(old: FleetSpec, new: FleetSpec) -> None:
    text = fresh(old).replace('"name"', '/* c */ "name"').replace("}", ", // end\n}")
    assert check(old.as_dict()) == (old, ())
    assert read_spec(text, "f") == old
    saved = edited(text, "f", new)
    assert read_spec(saved, "f") == new
    assert edited(saved, "f", new) == saved
    assert saved.startswith("//")
