"""All errors are imported from one place, and most of them are made when they are first named."""

from __future__ import annotations

import subprocess
import sys

import pytest

from oxtail import errors
from oxtail.errors import around, mail

FIRST = """
import sys
from oxtail.errors import BadArgument, DamagedRecord, LockBusy, NotEmitted, StoreError
print([name for name in ("mail", "around") if f"oxtail.errors.{name}" in sys.modules])
from oxtail.errors import TargetNotFound
print([name for name in ("mail", "around") if f"oxtail.errors.{name}" in sys.modules])
"""


@pytest.mark.parametrize("module", [mail, around])
def test_every_class_is_found_in_the_package(module: object) -> None:
    own = [each for each in vars(module).values() if isinstance(each, type)]
    assert len(own) > 15
    for each in own:
        assert getattr(errors, each.__name__) is each


def test_another_name_is_no_error() -> None:
    for name in ("TargetLost", "_TargetNotFound", "__wrapped__"):
        with pytest.raises(AttributeError, match=name):
            getattr(errors, name)


def test_what_a_hook_names_makes_no_other_class() -> None:
    done = subprocess.run([sys.executable, "-c", FIRST], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == ["[]", "['mail']"]
