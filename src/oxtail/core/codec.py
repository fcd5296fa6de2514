"""JSON as every peer of the state folder reads and writes it.

Belongs here: text <-> values, byte for byte as Node does it.  Never here: what a value means.

Peers include Node programs and shell hooks, so the form is part of the protocol
(``docs/formats/README.md``): lines are compact, files are indented by two, strings are raw UTF-8
with lone surrogates escaped, and ``NaN`` is no number.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    from collections.abc import Callable

_INFINITY = float("inf")
_BLANKS = " \t\n\r"
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")


def _escape_surrogate(match: re.Match[str]) -> str:
    return f"\\u{ord(match.group()):04x}"


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _finite(text: str) -> float | None:
    value = float(text)
    return value if abs(value) < _INFINITY else None


def _encoder() -> Callable[[object], str]:
    """Return what makes compact JSON: ``json``'s own part in C, which it makes anew for each value.

    A send encodes four values, and that is a twentieth of it.  Where there is no such part, or it
    takes other arguments, it is an ordinary encoder.
    """
    ordinary = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    text = json.encoder.encode_basestring
    # No check for circles, no indent; no sorting, no keys left out, no NaN.
    how = (None, ordinary.default, text, None, ":", ",", False, False, False)
    try:
        pieces = json.encoder.c_make_encoder(*how)  # type: ignore[attr-defined]
    except (AttributeError, TypeError):
        return ordinary.encode
    return lambda value: "".join(pieces(value, 0))


_compact = _encoder()
_pretty = json.JSONEncoder(ensure_ascii=False, indent=2, allow_nan=False)
_decoder = json.JSONDecoder(parse_constant=_refuse_constant, parse_float=_finite)


def to_utf8(text: str) -> bytes:
    r"""Encode *text* as UTF-8, a lone surrogate as its ``\udXXX`` escape.

    The result is valid inside a JSON string only.
    """
    try:
        return text.encode()
    except UnicodeEncodeError:
        return _LONE_SURROGATE.sub(_escape_surrogate, text).encode()


def encode_line(value: object) -> bytes:
    """Return *value* as one compact JSON line, its newline included.

    Raises:
        ValueError: *value* holds something that JSON has no form for.
    """
    return to_utf8(_compact(value)) + b"\n"


def encode_compact(value: object) -> bytes:
    """Return *value* as compact JSON without a newline."""
    return to_utf8(_compact(value))


def encode_pretty(value: object) -> bytes:
    """Return *value* as JSON with one member a line, indented by two, without a last newline."""
    return to_utf8(_pretty.encode(value))


def decode(data: bytes | str) -> Any:
    """Return the value of *data*; invalid UTF-8 is replaced, and a byte-order mark is not skipped.

    A number beyond all floats, such as ``1e400``, is None: Node reads infinity and writes ``null``.

    Raises:
        ValueError: *data* is not JSON, holds ``NaN`` or ``Infinity``, or is nested too deeply.
    """
    text = data.decode("utf-8", "replace") if isinstance(data, bytes) else data
    # The same as decode() of the decoder, which loads a pattern engine to skip blanks.
    text = text.strip(_BLANKS)
    try:
        value, end = _decoder.raw_decode(text)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    if end != len(text):
        raise ValueError("more than one value")
    return value


def split_lines(data: bytes) -> list[bytes]:
    """Split *data* at the byte 0x0A only, and leave out empty pieces.

    Bodies may hold U+0085, U+2028 and U+2029 unescaped, so no other line end counts.
    """
    return [line for line in data.split(b"\n") if line]


def is_schema_one(value: object) -> bool:
    """Tell whether *value* is the number 1; JSON ``true`` is not."""
    return value == 1 and not isinstance(value, bool)


def utf8_length(text: str) -> int:
    """Return the length of *text* in UTF-8 bytes, a lone surrogate counting as three."""
    return len(text.encode("utf-8", "surrogatepass"))
