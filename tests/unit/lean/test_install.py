"""The stand-ins take the places of the real modules, and fetch from there what they lack."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from types import ModuleType

import pytest

from oxtail import lean


@pytest.fixture
def installed() -> Iterator[None]:
    before = {name: sys.modules[name] for name in lean.NAMES}
    lean.install()
    yield
    sys.modules.update(before)


@pytest.mark.usefixtures("installed")
@pytest.mark.parametrize("name", lean.NAMES)
def test_an_import_finds_the_stand_in_and_the_real_one_stays_at_hand(name: str) -> None:
    assert importlib.import_module(name).__name__ == f"oxtail.lean.{name}"
    assert lean.real(name).__name__ == name


@pytest.mark.usefixtures("installed")
@pytest.mark.parametrize(
    ("name", "lacking"),
    [
        ("typing", "get_type_hints"),
        ("re", "escape"),
        ("enum", "IntFlag"),
        ("contextlib", "ExitStack"),
        ("functools", "singledispatch"),
        ("signal", "Signals"),
    ],
)
def test_what_a_stand_in_lacks_comes_from_the_real_module(name: str, lacking: str) -> None:
    stand_in = importlib.import_module(name)

    assert getattr(stand_in, lacking) is getattr(lean.real(name), lacking)
    with pytest.raises(AttributeError):
        _ = stand_in.no_such_name


@pytest.mark.usefixtures("installed")
@pytest.mark.parametrize("name", lean.NAMES)
def test_a_stand_in_claims_none_of_what_python_asks_a_module_for(name: str) -> None:
    assert not hasattr(importlib.import_module(name), "__all__")


@pytest.mark.usefixtures("installed")
@pytest.mark.parametrize("name", ["socket", "ssl", "subprocess", "uuid"])
def test_modules_that_need_the_real_ones_load(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, name, raising=False)

    assert isinstance(importlib.import_module(name), ModuleType)


def test_to_install_twice_is_to_install_once() -> None:
    before = {name: sys.modules[name] for name in lean.NAMES}
    try:
        lean.install()
        first = {name: sys.modules[name] for name in lean.NAMES}
        lean.install()
        assert {name: sys.modules[name] for name in lean.NAMES} == first
        assert {name: lean.real(name) for name in lean.NAMES} == before
    finally:
        sys.modules.update(before)
