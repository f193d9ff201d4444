"""Takes from this process what a decoder does not need: memory and time without end, network, files, other processes.

The limits hold everywhere.  The filter of system calls (seccomp) is Linux', for the processors of a Raspberry Pi and of
PCs; on others the process runs without it.  What was opened before stays usable: the socket to the server, and the two
files that come with each order.  Reading files stays possible, because codecs are imported when they are first needed.
"""

import contextlib
import ctypes
import os
import platform
import resource
import signal
import struct
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

_PR_SET_SECCOMP: Final = 22
_PR_SET_NO_NEW_PRIVS: Final = 38
_SECCOMP_MODE_FILTER: Final = 2
_OPEN_FILES: Final = 64
_NICENESS: Final = 5  # images that arrive go before pictures

# linux/filter.h, linux/seccomp.h: the instructions used, and what a filter may return.
_LOAD, _JUMP_EQUAL, _JUMP_AT_LEAST, _JUMP_ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_ALLOW, _REFUSE, _KILL = 0x7FFF0000, 0x00050001, 0x80000000  # _REFUSE: the call fails with EPERM
_CALL, _ARCHITECTURE = 0, 4  # offsets in struct seccomp_data
_X32_CALLS: Final = 0x40000000

_WRITING: Final = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC

# The calls refused, by name, with their numbers on x86-64, arm64 and 32-bit arm; -1 where there is none.
_REFUSED: Final[Mapping[str, tuple[int, int, int]]] = {
    # network; sendmsg stays, for the replies, and needs a connected socket to send anywhere
    "socket": (41, 198, 281),
    "socketpair": (53, 199, 288),
    "connect": (42, 203, 283),
    "bind": (49, 200, 282),
    "listen": (50, 201, 284),
    "accept": (43, 202, 285),
    "accept4": (288, 242, 366),
    # other programs, processes and threads
    "execve": (59, 221, 11),
    "execveat": (322, 281, 387),
    "fork": (57, -1, 2),
    "vfork": (58, -1, 190),
    "clone": (56, 220, 120),
    "clone3": (435, 435, 435),
    "kill": (62, 129, 37),
    "tkill": (200, 130, 238),
    "tgkill": (234, 131, 268),
    "pidfd_send_signal": (424, 424, 424),
    "pidfd_getfd": (438, 438, 438),
    "ptrace": (101, 117, 26),
    "process_vm_readv": (310, 270, 376),
    "process_vm_writev": (311, 271, 377),
    "prlimit64": (302, 261, 369),
    "setrlimit": (160, 164, 75),
    # changes to files, by name
    "creat": (85, -1, 8),
    "openat2": (437, 437, 437),
    "truncate": (76, 45, 92),
    "unlink": (87, -1, 10),
    "unlinkat": (263, 35, 328),
    "rename": (82, -1, 38),
    "renameat": (264, 38, 329),
    "renameat2": (316, 276, 382),
    "link": (86, -1, 9),
    "linkat": (265, 37, 330),
    "symlink": (88, -1, 83),
    "symlinkat": (266, 36, 331),
    "mkdir": (83, -1, 39),
    "mkdirat": (258, 34, 323),
    "rmdir": (84, -1, 40),
    "mknod": (133, -1, 14),
    "mknodat": (259, 33, 324),
    "chmod": (90, -1, 15),
    "fchmod": (91, 52, 94),
    "fchmodat": (268, 53, 333),
    "fchmodat2": (452, 452, 452),
    "chown": (92, -1, 182),
    "lchown": (94, -1, 16),
    "fchown": (93, 55, 95),
    "fchownat": (260, 54, 325),
    # the kernel's own wide doors
    "mount": (165, 40, 21),
    "unshare": (272, 97, 337),
    "setns": (308, 268, 375),
    "bpf": (321, 280, 386),
    "perf_event_open": (298, 241, 364),
    "userfaultfd": (323, 282, 388),
    "io_uring_setup": (425, 425, 425),
    "add_key": (248, 217, 309),
    "keyctl": (250, 219, 311),
}
# Refused when they would write: (call, offset of its flags in struct seccomp_data); open() is missing on arm64.
_OPENING: Final[Mapping[str, tuple[tuple[int, int, int], int]]] = {
    "open": ((2, -1, 5), 24),
    "openat": ((257, 56, 322), 32),
}
# Column of the tables above, and AUDIT_ARCH of linux/audit.h.
_ARCHITECTURES: Final[Mapping[str, tuple[int, int]]] = {
    "x86_64": (0, 0xC000003E),
    "aarch64": (1, 0xC00000B7),
    "armv7l": (2, 0x40000028),
    "armv6l": (2, 0x40000028),
}


def confine(*, memory_bytes: int, cpu_seconds: int, product_bytes: int) -> bool:
    """Set the limits of this process for good; to be called before anything hostile is read.

    Whether the filter of system calls is in force, too.

    `memory_bytes` of addresses, `cpu_seconds` until it is killed, `product_bytes` that it may write to one file.
    """
    os.nice(_NICENESS)
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("1000")  # out of memory, the kernel takes a worker, not the server
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the server, which then sends this process away
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # too large a product is an error and no death
    for kind, most in (
        (resource.RLIMIT_AS, memory_bytes),
        (resource.RLIMIT_CPU, cpu_seconds),
        (resource.RLIMIT_FSIZE, product_bytes),
        (resource.RLIMIT_NOFILE, _OPEN_FILES),
        (resource.RLIMIT_CORE, 0),
    ):
        hard = resource.getrlimit(kind)[1]
        limit = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(kind, (limit, limit))
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    column, architecture = _ARCHITECTURES.get(platform.machine(), (-1, 0))
    if column >= 0 and struct.calcsize("P") == (4 if column == 2 else 8):  # 32-bit programs on a 64-bit kernel exist
        return _install(libc, list(_filter(column, architecture)))
    return False


def _filter(column: int, architecture: int) -> Iterable[bytes]:
    """The instructions of the filter: each is (operation, jump if true, jump if false, operand)."""
    yield _instruction(_LOAD, _ARCHITECTURE)
    yield _instruction(_JUMP_EQUAL, architecture, 1, 0)
    yield _instruction(_RETURN, _KILL)
    yield _instruction(_LOAD, _CALL)
    if column == 0:
        yield _instruction(_JUMP_AT_LEAST, _X32_CALLS, 0, 1)
        yield _instruction(_RETURN, _KILL)
    for numbers in _REFUSED.values():
        if numbers[column] >= 0:
            yield _instruction(_JUMP_EQUAL, numbers[column], 0, 1)
            yield _instruction(_RETURN, _REFUSE)
    for numbers, flags in _OPENING.values():
        if numbers[column] >= 0:
            yield _instruction(_JUMP_EQUAL, numbers[column], 0, 4)
            yield _instruction(_LOAD, flags)
            yield _instruction(_JUMP_ANY_BIT, _WRITING, 0, 1)
            yield _instruction(_RETURN, _REFUSE)
            yield _instruction(_RETURN, _ALLOW)
    yield _instruction(_RETURN, _ALLOW)


def _instruction(operation: int, operand: int, if_true: int = 0, if_false: int = 0) -> bytes:
    return struct.pack("=HBBI", operation, if_true, if_false, operand)


class _Program(ctypes.Structure):
    """struct sock_fprog."""

    _fields_ = (("length", ctypes.c_ushort), ("instructions", ctypes.c_char_p))


def _install(libc: ctypes.CDLL, instructions: list[bytes]) -> bool:
    program = _Program(len(instructions), b"".join(instructions))
    return bool(libc.prctl(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, ctypes.byref(program), 0, 0) == 0)
