"""Messages in a transcript: which record of a client has a message before the model.

A transcript mentions a message id in many places: in a nudge, in a call that answers the message,
in the result of a status.  None of these proves that the message itself is there.  What counts:

* hook output that the client gave to the model, with the message's header line and both fence
  lines of :mod:`oxtail.core.render`;
* the result of a tool call that is our answer: an object with the message under ``messages`` or
  ``reply``.

Either way :func:`shows` compares the body: clients cut a long text, in the middle or at its end,
and what was cut out is not before the model.  What a hook printed, what a tool returned before the
client cut it, and what a subagent was shown stand in records of other kinds, which do not count.
``docs/formats/evidence.md`` has an example of each.

Belongs here: one line of a transcript.  Never here: files, and whether the message exists.
"""

from __future__ import annotations

import re
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from oxtail.core import codec
from oxtail.core.names import is_message_id
from oxtail.core.render import defang
from oxtail.core.value import Value

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

MOST: Final = 256
"""Most messages that are looked for in one record; a drain shows fewer."""

_MARKS: Final = (b"message_id=", b'\\"body')
"""What the line of a message holds, whatever its kind; most lines hold neither."""

_HEAD: Final = re.compile(
    r"^--- msg [1-9][0-9]{0,5} \| message_id=([0-9a-f]{16}) [^\n]*---\n<<<([0-9A-Za-z]{8,64})\n",
    re.MULTILINE,
)
_HOOK_PROMPT: Final = "<hook_prompt "
_ENTITY: Final = re.compile("&(lt|gt|amp|quot|apos|#39);")
_CHARACTERS: Final = {"lt": "<", "gt": ">", "amp": "&", "quot": '"', "apos": "'", "#39": "'"}


class Sighting(Value):
    """A message in a record.

    Attributes:
        message_id: The message.
        body: Its body, as it stands there.
        nonce: The word of the fence around it; None where it stands in an answer of a tool.
    """

    message_id: str
    body: str
    nonce: str | None = None


def shows(sighting: Sighting, body: str) -> bool:
    """Tell whether *sighting* has all of the message whose body is *body*."""
    return sighting.body == (defang(body, sighting.nonce) if sighting.nonce else body)


def may_show(line: bytes) -> bool:
    """Tell whether it is worth while to read *line*; costs a search and no parsing."""
    return any(mark in line for mark in _MARKS)


def sightings(client_type: str, line: bytes) -> tuple[Sighting, ...]:
    """Return the messages that the record *line* of a transcript has before the model.

    At most :data:`MOST`; none for what is no record, and for clients whose transcripts are unknown.
    """
    records = _RECORDS.get(client_type)
    if records is None or not may_show(line):
        return ()
    try:
        record = codec.decode(line)
    except ValueError:
        return ()
    return tuple(islice(records(record), MOST)) if isinstance(record, dict) else ()


def _texts(content: object) -> Iterator[str]:
    """Yield the texts of *content*: a string, or blocks with a ``text`` each, or strings."""
    if isinstance(content, str):
        yield content
    elif isinstance(content, list):
        for block in content:
            text = block.get("text") if isinstance(block, dict) else block
            if isinstance(text, str):
                yield text


def _claude(record: dict[str, Any]) -> Iterator[Sighting]:
    if record.get("isSidechain") is True:
        return
    if record.get("type") == "attachment":
        attachment = record.get("attachment")
        if isinstance(attachment, dict) and attachment.get("type") == "hook_additional_context":
            for text in _texts(attachment.get("content")):
                yield from _framed(text)
        return
    message = record.get("message")
    if record.get("type") != "user" or not isinstance(message, dict):
        return
    content = message.get("content")
    for block in content if isinstance(content, list) else ():
        if isinstance(block, dict) and block.get("type") == "tool_result":
            for text in _texts(block.get("content")):
                yield from _answered(text)


def _codex(record: dict[str, Any]) -> Iterator[Sighting]:
    item = record.get("payload")
    if record.get("type") != "response_item" or not isinstance(item, dict):
        return
    kind, role = item.get("type"), item.get("role")
    if kind == "function_call_output":
        for text in _texts(item.get("output")):
            yield from _answered(text)
    elif kind == "message" and role == "developer":
        for text in _texts(item.get("content")):
            yield from _framed(text)
    elif kind == "message" and role == "user":
        for text in _texts(item.get("content")):
            if text.startswith(_HOOK_PROMPT):
                yield from _framed(_ENTITY.sub(lambda found: _CHARACTERS[found[1]], text))


_RECORDS: Final[dict[str, Callable[[dict[str, Any]], Iterator[Sighting]]]] = {
    "claude-code": _claude,
    "codex": _codex,
}


def _framed(text: str) -> Iterator[Sighting]:
    """Yield the messages in hook output; what stands inside a fence is a body and no header."""
    place = 0
    while found := _HEAD.search(text, place):
        message_id, nonce = found.groups()
        fence = f"\n{nonce}>>>"
        # The newline of the first fence line may be that of the last one: then the body is empty.
        end = text.find(fence, found.end() - 1)
        if end < 0:
            return
        yield Sighting(message_id, text[found.end() : end], nonce)
        place = end + len(fence)


def _answered(text: str) -> Iterator[Sighting]:
    """Yield the messages in a tool's answer, which a client may put behind lines of its own."""
    start = 0 if text.startswith("{") else text.find("\n{") + 1
    if not text.startswith("{", start):
        return
    try:
        answer = codec.decode(text[start:])
    except ValueError:
        return
    if isinstance(answer, dict) and answer.get("oxtail") == 1:  # the form of the command
        answer = answer.get("result")
    if not isinstance(answer, dict):
        return
    messages = answer.get("messages")
    for each in [*(messages if isinstance(messages, list) else ()), answer.get("reply")]:
        if isinstance(each, dict) and is_message_id(each.get("id")):
            body = each.get("body")
            if isinstance(body, str):
                yield Sighting(each["id"], body)
