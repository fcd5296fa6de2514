"""Which repository a folder holds, said in a way that is the same on every host.

Belongs here: from what a repository says about its remote to one identity, and to the key that
stands for it between hosts.  Never here: reading a disk.  A path is never an identity: the same
path holds other things on another host.  ``docs/concepts.md`` tells what follows from that.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from oxtail.core.names import hash32

if TYPE_CHECKING:
    from collections.abc import Iterator

URL_MAX_CHARS: Final = 2_048
"""Longest remote URL that is believed."""

PREFERRED_REMOTES: Final = ("origin", "upstream")
"""Remotes that name the repository, in this order; without them only a single remote does."""

_SAME_HOST: Final = {
    "ssh.github.com": "github.com",
    "altssh.gitlab.com": "gitlab.com",
    "altssh.bitbucket.org": "bitbucket.org",
}
"""Hosts that serve SSH of another host through the port of HTTPS."""

_WITH_SCHEME: Final = re.compile(r"(?:git\+)?(https?|ssh|git)://([^/?#]+)/([^?#]*)", re.IGNORECASE)
_SCP: Final = re.compile(r"(?:[^@/:\[\]]+@)?([^@/:\[\]]{2,}|\[[^\]/]+\]):(?!//|:)(.+)")
_HOST: Final = re.compile(r"[a-z0-9](?:[a-z0-9._-]*[a-z0-9])?|\[[0-9a-f:.]+\]")
_PORT: Final = re.compile(r":[0-9]*\Z")
_ESCAPED: Final = re.compile("(?:%[0-9A-Fa-f]{2})+")
_SECTION: Final = re.compile(r'\[\s*([A-Za-z0-9.-]+)(?:\s+"((?:[^"\\]|\\.)*)")?\s*\](.*)')
_MEMBER: Final = re.compile(r"([A-Za-z][A-Za-z0-9-]*)\s*(?:=\s*(.*))?")
_ESCAPES: Final = {"n": "\n", "t": "\t", "b": "\b", '"': '"', "\\": "\\"}


def identity(url: str) -> str | None:
    """Return ``host/path`` of the repository behind *url*, or None where it names none.

    User, password, port, the case of the host, a last ``.git`` and slashes too many make no
    difference, nor does it whether the URL is of HTTP, SSH or the short form ``host:path``.  The
    case of the path does: most servers tell by it.  A path on this machine names no repository.
    """
    url = url.strip()
    if not 0 < len(url) <= URL_MAX_CHARS or not url.isprintable():
        return None
    if match := _WITH_SCHEME.fullmatch(url):
        host, path = match[2].rpartition("@")[2], _unescape(match[3])
    elif match := _SCP.fullmatch(url):
        host, path = match[1], match[2]
    else:
        return None
    host = _PORT.sub("", host).lower().removesuffix(".")
    parts = [part for part in path.strip().split("/") if part]
    if parts:
        # Only a name is cut: a folder that is called ".git" is a name of its own.
        parts[-1] = parts[-1].removesuffix(".git") or parts[-1]
    if not parts or not _HOST.fullmatch(host) or {".", ".."} & set(parts):
        return None
    whole = "/".join((_SAME_HOST.get(host, host), *parts))
    return whole if whole.isprintable() else None


def _unescape(path: str) -> str:
    """Return *path* with its percent escapes resolved; what is no UTF-8 stays as it is."""

    def resolve(match: re.Match[str]) -> str:
        try:
            return bytes.fromhex(match[0].replace("%", "")).decode()
        except UnicodeDecodeError:
            return match[0]

    return _ESCAPED.sub(resolve, path)


def project_key(repository: str | None) -> str | None:
    """Return the 32 hex digits that stand for a project between hosts, or None without any.

    They are never those of :func:`oxtail.core.names.named_project_key` by accident.

    Args:
        repository: What :func:`identity` returned.
    """
    return hash32("oxtail-repository:" + repository) if repository else None


def remote_url(config: str) -> str | None:
    """Return the URL of the remote that names a repository, from the text of its ``config`` file.

    The first URL of ``origin`` counts, else that of ``upstream``, else that of the only remote.
    Files that ``include`` names, and ``insteadOf``, are not followed.
    """
    found: dict[str, str] = {}
    for remote, url in _remotes(config):
        found.setdefault(remote, url)
    for name in PREFERRED_REMOTES:
        if name in found:
            return found[name]
    return next(iter(found.values())) if len(found) == 1 else None


def _remotes(config: str) -> Iterator[tuple[str, str]]:
    remote: str | None = None
    for line in config.replace("\r\n", "\n").replace("\\\n", "").split("\n"):
        rest = line.strip()
        if match := _SECTION.match(rest):
            is_remote = match[1].lower() == "remote" and match[2] is not None
            remote = re.sub(r"\\(.)", r"\1", match[2]) if is_remote else None
            rest = match[3].strip()
        member = _MEMBER.fullmatch(rest)
        if remote and member and member[1].lower() == "url" and (url := _value(member[2] or "")):
            yield remote, url


def _value(text: str) -> str:
    """Return a value of a git configuration: quotes removed, escapes resolved, comment cut."""
    out: list[str] = []
    quoted = False
    keep = 0  # what was quoted or escaped stays, even if it is space
    characters = iter(text)
    for character in characters:
        if character == '"':
            quoted = not quoted
        elif character == "\\":
            following = next(characters, "")
            out.append(_ESCAPES.get(following, following))
        elif character in "#;" and not quoted:
            break
        else:
            out.append(character)
        if quoted:
            keep = len(out)
    return "".join(out[:keep]) + "".join(out[keep:]).rstrip()
