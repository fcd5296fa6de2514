"""The script that the clients start, made for the interpreter and the package that it shall use."""

from __future__ import annotations

import os
import shlex
import sys
from typing import Final

NAME: Final = "oxtail-hook.sh"
"""What the script is called where it is installed."""

MODE: Final = 0o755

_HERE: Final = os.path.dirname(os.path.abspath(__file__))


def render(python: str | None = None, run: str | None = None) -> str:
    """Return the script's text.

    Args:
        python: Absolute path of the interpreter; this one unless given.
        run: Absolute path of ``run.py``; the one of this package unless given.
    """
    with open(os.path.join(_HERE, NAME), encoding="utf-8") as file:
        text = file.read()
    text = text.replace("@PYTHON@", shlex.quote(python or sys.executable), 1)
    return text.replace("@RUN@", shlex.quote(run or os.path.join(_HERE, "run.py")), 1)
