"""Payloads that only the host at the other end can open, where both have the extra ``seal``.

Each host has a pair of keys and says the public one with its presence.  The first key that is heard
of a host is kept, and from then on nothing goes to that host unsealed or for another key until a
person says so: :func:`trust`.  What a host sends unsealed is refused once it has sealed anything,
so nobody on the way can talk two hosts out of it.  ``docs/formats/nats.md`` is the format.
"""

from __future__ import annotations

import base64
import binascii
import os
import threading
from typing import TYPE_CHECKING, Any, Final

from oxtail.core import codec, remote
from oxtail.core.names import check_host_id
from oxtail.core.remote import fingerprint
from oxtail.core.value import Value
from oxtail.errors import ConfigError, DamagedRecord, EngineRefused, StoreError
from oxtail.store.nats.encoding import PAYLOAD_MAX_BYTES, VERSION, Unreadable
from oxtail.store.nats.settings import private_members

if TYPE_CHECKING:
    from oxtail.disk.atomic import Disk

KIND: Final = "sealed"
_CONTEXT: Final = b"oxtail sealed 1"


class KeyRefused(EngineRefused):
    """A payload stays here, because it would go out open, or for a key that nobody has accepted."""


class Pin(Value):
    """The key by which another host is known.

    Attributes:
        key: Its public key, 64 hex digits.
        has_sealed: Whether it has ever sent anything sealed; then nothing else is believed.
    """

    key: str
    has_sealed: bool = False


# ---------------------------------------------------------------------- what is kept


def _own_path(disk: Disk) -> str:
    return os.path.join(disk.layout.nats, "key.json")


def _pins(disk: Disk) -> str:
    return os.path.join(disk.layout.nats, "keys")


def _pin_path(disk: Disk, host_id: str) -> str:
    return os.path.join(_pins(disk), check_host_id(host_id) + ".json")


def _key(members: dict[str, Any], path: str) -> str:
    key = members.get("key")
    if not isinstance(key, str) or not remote.KEY.fullmatch(key):
        raise ConfigError(f"{path} holds no key", path=path)
    return key


def load_pin(disk: Disk, host_id: str) -> Pin | None:
    """Return by which key *host_id* is known here, or None if it has never said one.

    Raises:
        ConfigError: what is written cannot be used.
        ValueError: that is no host id.
    """
    path = _pin_path(disk, host_id)
    members = private_members(disk, path)
    if members is None:
        return None
    return Pin(_key(members, path), members.get("has_sealed") is True)


def _content(members: dict[str, Any]) -> bytes:
    return codec.encode_pretty({"schema_version": 1, **members}) + b"\n"


def offered_key(disk: Disk, host_id: str) -> str | None:
    """Return the key that *host_id* last said, whether or not it is accepted, or None."""
    try:
        data = disk.read(disk.layout.other_host(host_id))
        host = remote.from_dict(codec.decode(data or b"null"), remote.PARTS_MAX)
    except (DamagedRecord, ValueError):
        return None
    return host.key


def trust(disk: Disk, host_id: str, key: str) -> None:
    """Accept *key* as that of *host_id*, whatever it was known by before.

    Raises:
        ConfigError: *key* is none.
        StoreError: the disk refused.
        ValueError: that is no host id.
    """
    path = _pin_path(disk, host_id)
    try:
        known = load_pin(disk, host_id)
    except ConfigError:
        known = None  # replaced by what the person says
    members = {"key": _key({"key": key}, path), "has_sealed": bool(known and known.has_sealed)}
    disk.folder(_pins(disk))
    disk.publish(path, _content(members))


def forget(disk: Disk, host_id: str) -> bool:
    """Forget by which key *host_id* is known; mail for it may go unsealed, or for its next key.

    Returns:
        Whether it was known.

    Raises:
        StoreError: the disk refused.
        ValueError: that is no host id.
    """
    path = _pin_path(disk, host_id)
    try:
        os.unlink(path)
    except FileNotFoundError:
        return False
    except OSError as error:
        raise StoreError(f"{path} cannot be removed: {error}") from error
    return True


def _own_secret(disk: Disk) -> bytes:
    """Return the secret key of this host, made on first use and kept with mode 0600."""
    path = _own_path(disk)
    disk.folder(disk.layout.nats)
    if private_members(disk, path) is None:
        disk.create(path, _content({"key": os.urandom(32).hex()}), durable=True)
    return bytes.fromhex(_key(private_members(disk, path) or {}, path))


# ---------------------------------------------------------------------- sealing


class Keyring:
    """The key of this host, and those of the others.

    Args:
        disk: The state folder.
        host_id: This host.

    Attributes:
        public: The public key of this host, 64 hex digits; None where PyNaCl is not installed.

    Raises:
        ConfigError: the key of this host cannot be used.
        StoreError: the disk refused.
    """

    def __init__(self, disk: Disk, host_id: str) -> None:
        self.public: str | None = None
        self._disk = disk
        self._host_id = host_id
        self._secret: Any = None
        self._offered: dict[str, str | None] = {}
        self._told: set[tuple[str, str | None]] = set()
        self._guard = threading.Lock()
        try:
            from nacl.public import PrivateKey
        except ImportError:
            return
        self._secret = PrivateKey(_own_secret(disk))
        self.public = bytes(self._secret.public_key).hex()

    def heard(self, host_id: str, key: str | None) -> str | None:
        """Keep that *host_id* says *key*; return what a person has to be told, once.

        Raises:
            ConfigError: what is written of it cannot be used.
            StoreError: the disk refused.
        """
        with self._guard:
            self._offered[host_id] = key
            pin = load_pin(self._disk, host_id)
            if pin is None:
                if key is None or self.public is None:
                    return None
                self._disk.folder(_pins(self._disk))
                content = _content({"key": key, "has_sealed": False})
                self._disk.create(_pin_path(self._disk, host_id), content, durable=True)
                return None
            if key == pin.key or (host_id, key) in self._told:
                return None
            self._told.add((host_id, key))
        now = f"now says {fingerprint(key)}" if key else "now says none"
        return (
            f"host {host_id} is known by the key {fingerprint(pin.key)} and {now}: mail for it "
            "waits until a person accepts the key: docs/hosts.md#a-key-that-has-changed"
        )

    def has_lost(self, host_id: str) -> bool:
        """Tell whether no key is known of *host_id*, perhaps because a person has removed it."""
        return self.public is not None and not os.path.exists(_pin_path(self._disk, host_id))

    def seal(self, host_id: str, data: bytes) -> bytes:
        """Return the payload that carries *data*, itself a payload, to *host_id*.

        It is *data* as it is where that host has never said a key, or this one has none.

        Raises:
            KeyRefused: it must not go out now.
            ValueError: it is larger than a server takes.
            StoreError: the disk refused.
        """
        pin = self._pin(host_id)
        if pin is None:
            return data
        if self._secret is None:
            raise KeyRefused("that host has a key, and PyNaCl is not installed here")
        if self._offered.get(host_id, pin.key) != pin.key:
            raise KeyRefused("its key has changed, and nobody has accepted the new one")
        box = self._box(pin.key).encrypt(self._bound(self._host_id, host_id) + data)
        members = {"v": VERSION, "kind": KIND, "box": base64.b64encode(box).decode()}
        sealed = codec.encode_compact(members)
        if len(sealed) > PAYLOAD_MAX_BYTES:
            raise ValueError(f"a sealed payload of {len(sealed)} bytes is too large")
        return sealed

    def open(self, host_id: str, data: bytes) -> bytes | Unreadable:
        """Return what the payload *data* of *host_id* carries; *data* itself if it is not sealed.

        Raises:
            StoreError: the disk refused.
        """
        try:
            pin = self._pin(host_id)
        except KeyRefused as error:
            return Unreadable(error.message, is_newer=True)
        box = _sealed_box(data)
        if box is None:
            if pin and pin.has_sealed:
                return Unreadable("that is not sealed, of a host that seals")
            return data
        if isinstance(box, Unreadable):
            return box
        # Each of these may pass: a key is heard, accepted, or the package installed.
        if self._secret is None:
            return Unreadable("that is sealed, and PyNaCl is not installed here", is_newer=True)
        if pin is None:
            return Unreadable("that is sealed by a host whose key is not known", is_newer=True)
        from nacl.exceptions import CryptoError

        try:
            opened = self._box(pin.key).decrypt(box)
        except (CryptoError, KeyRefused, ValueError):
            return Unreadable("that the keys of the two hosts do not open", is_newer=True)
        bound = self._bound(host_id, self._host_id)
        if not opened.startswith(bound):
            return Unreadable("that is sealed for another way than the one it came")
        if not pin.has_sealed:
            self._disk.publish(
                _pin_path(self._disk, host_id), _content({"key": pin.key, "has_sealed": True})
            )
        inner: bytes = opened[len(bound) :]
        return inner

    def _pin(self, host_id: str) -> Pin | None:
        try:
            return load_pin(self._disk, host_id)
        except ConfigError as error:
            raise KeyRefused(error.message) from error

    def _box(self, key: str) -> Any:
        """Return what seals and opens with *key*.

        Raises:
            KeyRefused: with that key anybody could open it; the library says so.
        """
        from nacl.exceptions import CryptoError
        from nacl.public import Box, PublicKey

        try:
            return Box(self._secret, PublicKey(bytes.fromhex(key)))
        except CryptoError as error:
            raise KeyRefused("its key is none that seals") from error

    def _bound(self, sender: str, receiver: str) -> bytes:
        """Return what ties a payload to its way: the keys of two hosts serve both directions."""
        return b"\0".join((_CONTEXT, sender.encode(), receiver.encode(), b""))


def _sealed_box(data: bytes) -> bytes | Unreadable | None:
    """Return what is sealed in *data*, or None if *data* is no sealed payload."""
    if len(data) > PAYLOAD_MAX_BYTES:
        return None  # refused by whoever decodes it
    try:
        members = codec.decode(data)
    except ValueError:
        return None
    if not isinstance(members, dict) or members.get("kind") != KIND or members.get("v") != VERSION:
        return None
    box = members.get("box")
    try:
        return base64.b64decode(box, validate=True) if isinstance(box, str) else _NO_BOX
    except (binascii.Error, ValueError):
        return _NO_BOX


_NO_BOX: Final = Unreadable("that is sealed and holds nothing")
