"""HTML that no text of others can leave or extend.

The rule: markup is made by :func:`tag` alone, and whatever is no markup is escaped by it.  It makes
no attribute that could run, load or lead anywhere: no handler, no style, no source, and no link but
one into the page itself.
"""

from __future__ import annotations

from typing import Final

from oxtail.core.plain import visible

_ESCAPES: Final = str.maketrans(
    {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;"}
)
_VOID: Final = frozenset(("input", "meta"))
_REFUSED: Final = frozenset(("style", "src", "srcset", "action", "formaction", "data", "xlink"))


class Html(str):
    """Markup; every other text is escaped where it meets markup."""

    __slots__ = ()


def escaped(text: str) -> Html:
    """Return *text* as markup that shows it, without anything in it that is not seen."""
    return text if isinstance(text, Html) else Html(visible(text).translate(_ESCAPES))


def joined(*parts: str) -> Html:
    """Return *parts* one after the other, those that are no markup escaped."""
    return Html("".join(map(escaped, parts)))


def tag(name: str, /, *children: str, **attributes: str | float | bool | None) -> Html:
    """Return the element *name*.

    An underscore in the name of an attribute stands for a hyphen, and one at its end for nothing.
    An attribute that is None or False is left out; one that is True has no value.

    Raises:
        ValueError: an attribute could run, load or lead elsewhere.
    """
    written = "".join(_attribute(key, value) for key, value in attributes.items())
    if name in _VOID:
        return Html(f"<{name}{written}>")
    return Html(f"<{name}{written}>{''.join(map(escaped, children))}</{name}>")


def _attribute(key: str, value: str | float | bool | None) -> str:
    name = key.rstrip("_").replace("_", "-")
    if name.startswith("on") or name in _REFUSED:
        raise ValueError(f"no attribute {name}")
    if name == "href" and not str(value).startswith("#"):
        raise ValueError("a link leads into the page")
    if value is None or value is False:
        return ""
    if value is True:
        return f" {name}"
    if isinstance(value, float):
        value = f"{value:.1f}".removesuffix(".0")
    return f' {name}="{escaped(str(value))}"'
