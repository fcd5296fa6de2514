"""Builds the world that a scenario sees and runs a command in it; standard library only.

Rule of this file: the new root starts empty, and only what the runner names is put into it.
Everything but the home is read-only, so no mistake of a client can reach the machine.

``unshare`` starts this as process 1 of new user, network, mount, process, IPC and host name
namespaces.  It stays process 1: it reaps what its command leaves behind, as an init does, so
that a process that died is never taken for a living one.
"""

from __future__ import annotations

import ctypes
import fcntl
import json
import os
import socket
import struct
import sys
from typing import Final

IMPOSSIBLE: Final = 77
"""Exit code: this machine does not permit what is needed; a test skips."""

HOME: Final = "/home/agent"
"""Where the folder ``home`` of a world is seen; the only folder that outlives the run."""

UID: Final = 1000
"""Real users are not uid 0, and clients behave differently for it."""

SYSTEM: Final = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/etc")
DEVICES: Final = ("null", "zero", "full", "random", "urandom", "tty")

MS_RDONLY: Final = 0x1
MS_NOSUID: Final = 0x2
MS_NODEV: Final = 0x4
MS_REMOUNT: Final = 0x20
MS_BIND: Final = 0x1000
MS_REC: Final = 0x4000
MS_PRIVATE: Final = 0x40000
MS_RELATIME: Final = 0x200000
MNT_DETACH: Final = 2
CLONE_NEWUSER: Final = 0x10000000
PIVOT_ROOT: Final = {"x86_64": 155, "aarch64": 41}

SIOCSIFFLAGS: Final = 0x8914
IFF_UP: Final = 1

_libc = ctypes.CDLL(None, use_errno=True)


def _check(result: int, what: str) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), what)


def _mount(source: str, target: str, kind: str | None, flags: int, options: str = "") -> None:
    _check(
        _libc.mount(
            source.encode(),
            target.encode(),
            kind.encode() if kind else None,
            ctypes.c_ulong(flags),
            options.encode(),
        ),
        f"mount {target}",
    )


def _bind(source: str, target: str, *, writable: bool = False) -> None:
    if os.path.isdir(source):
        os.makedirs(target, exist_ok=True)
    else:
        os.makedirs(os.path.dirname(target), exist_ok=True)
        os.close(os.open(target, os.O_CREAT | os.O_WRONLY, 0o644))
    _mount(source, target, None, MS_BIND | MS_REC)
    if writable:
        return
    # Flags that the source's mount has are locked here; a remount that drops one is refused.
    flags = os.statvfs(target).f_flag
    keep = flags & (os.ST_NOSUID | os.ST_NODEV | os.ST_NOEXEC | os.ST_NOATIME | os.ST_NODIRATIME)
    if flags & os.ST_RELATIME:
        keep |= MS_RELATIME
    _mount("none", target, None, MS_REMOUNT | MS_BIND | MS_RDONLY | keep)


def _loopback_up() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        fcntl.ioctl(any_socket, SIOCSIFFLAGS, struct.pack("16sH14x", b"lo", IFF_UP))


def _devices(root: str) -> None:
    os.makedirs(f"{root}/dev/shm")
    os.makedirs(f"{root}/dev/pts")
    for name in DEVICES:
        _bind(f"/dev/{name}", f"{root}/dev/{name}", writable=True)
    _mount("devpts", f"{root}/dev/pts", "devpts", 0, "newinstance,ptmxmode=0666,mode=0620")
    os.symlink("pts/ptmx", f"{root}/dev/ptmx")
    os.symlink("/proc/self/fd", f"{root}/dev/fd")
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        os.symlink(f"/proc/self/fd/{number}", f"{root}/dev/{name}")
    os.chmod(f"{root}/dev/shm", 0o1777)


def build(world: str, visible: list[str]) -> None:
    """Move this process into a root with the system, *visible* and a home, and nothing more.

    *world* gets two folders: ``home``, and ``root``, which only serves as a mount point.
    """
    _mount("none", "/", None, MS_REC | MS_PRIVATE)
    _loopback_up()
    root = f"{world}/root"
    os.makedirs(root, exist_ok=True)
    os.makedirs(f"{world}/home", exist_ok=True)
    _mount("tmpfs", root, "tmpfs", MS_NOSUID | MS_NODEV, "mode=0755")
    for path in SYSTEM:
        if os.path.islink(path):
            os.symlink(os.readlink(path), root + path)
        elif os.path.isdir(path):
            _bind(path, root + path)
    for path in ("/tmp", "/var/tmp", "/run"):
        os.makedirs(root + path)
        os.chmod(root + path, 0o1777)
    _devices(root)
    os.makedirs(f"{root}/proc")
    _mount("proc", f"{root}/proc", "proc", MS_NOSUID | MS_NODEV)
    # Outside, this process may be root, to whom the kernel's settings would be writable.
    _bind(f"{root}/proc/sys", f"{root}/proc/sys")
    for path in visible:
        _bind(path, root + path)
    _bind(f"{world}/home", root + HOME, writable=True)
    os.makedirs(f"{root}/old")
    number = PIVOT_ROOT[os.uname().machine]
    _check(_libc.syscall(number, root.encode(), f"{root}/old".encode()), "pivot_root")
    os.chdir("/")
    _check(_libc.umount2(b"/old", MNT_DETACH), "umount /old")
    os.rmdir("/old")


def become_a_user() -> None:
    """Give up uid 0: from here on this process is :data:`UID` and can mount nothing."""
    uid, gid = os.getuid(), os.getgid()
    _check(_libc.unshare(CLONE_NEWUSER), "unshare user")
    for name, content in (
        ("setgroups", "deny"),
        ("uid_map", f"{UID} {uid} 1"),
        ("gid_map", f"{UID} {gid} 1"),
    ):
        with open(f"/proc/self/{name}", "w", encoding="ascii") as file:
            file.write(content)


def run(argv: list[str], environ: dict[str, str]) -> int:
    """Run *argv* as a child, reap everything until it ends, return its exit code."""
    child = os.posix_spawn(argv[0], argv, environ)
    while True:
        pid, status = os.wait()
        if pid == child:
            return os.waitstatus_to_exitcode(status) % 256


def main() -> int:
    """Do what the JSON in the first argument says: ``world``, ``visible``, ``argv``, ``env``."""
    plan = json.loads(sys.argv[1])
    try:
        build(plan["world"], plan["visible"])
        become_a_user()
    except (OSError, KeyError) as error:
        sys.stderr.write(f"no world of its own is possible here: {type(error).__name__} {error}\n")
        return IMPOSSIBLE
    os.chdir(HOME)
    return run(plan["argv"], plan["env"])


if __name__ == "__main__":
    sys.exit(main())
