"""Stands in for :mod:`signal`: what is written in C, without names for its numbers."""

# mypy: ignore-errors
from _signal import *  # noqa: F403

from oxtail.lean import from_real

__getattr__ = from_real("signal")
