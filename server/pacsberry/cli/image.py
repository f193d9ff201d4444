"""Replaces the process image by that of the server, for memory's sake.

Measured on x86-64 with Python 3.11: click costs 2 MB for the whole life of the server; a login that computes scrypt
leaves 8 MB behind unless the C library is told to return them; -OO saves 0.5 MB at start and 2.2 MB with pynetdicom.
MALLOC_* variables count only from the start of a process, so the command reads its options, then becomes another one.
"""

import importlib.util
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pacsberry.cli.options import ServeOptions
from pacsberry.config import Settings

# What the server loads most of: all of it compiled for -OO, or -OO costs more than it saves (4 MB: modules without a
# .pyc are compiled in memory at each start). Not bottle: it puts a copy of itself beside our console script, which is
# found there first and never compiled.
_PROBES = ("logging", "sqlite3", "pacsberry.config", "waitress", "pynetdicom")
# Blocks over 128 KB go back to the system when freed; without this the C library learns to keep them (a login computes
# in 8 MB, which then stay).
_RETURNED_BYTES = "131072"


@dataclass(frozen=True, slots=True)
class Image:
    """A program to become."""

    arguments: tuple[str, ...]
    environ: Mapping[str, str]


def plan_image(options: ServeOptions, settings: Settings, environ: Mapping[str, str], *, optimized: bool) -> Image:
    """The server's program: interpreter flags, module, options, and the C library's variables.

    MallocArenaMax when somebody set it, else MALLOC_ARENA_MAX of the environment, else our default; 0 sets none.
    """
    planned = {"MALLOC_TRIM_THRESHOLD_": _RETURNED_BYTES, "MALLOC_MMAP_THRESHOLD_": _RETURNED_BYTES, **environ}
    arenas = settings.number("MallocArenaMax")
    if arenas and (settings.is_set("MallocArenaMax") or "MALLOC_ARENA_MAX" not in environ):
        planned["MALLOC_ARENA_MAX"] = str(arenas)
    # -P: never import from the working directory, which may be anybody's.
    flags = ("-P", "-OO") if optimized else ("-P",)
    return Image((sys.executable, *flags, "-m", "pacsberry.cli.server", options.to_json()), planned)


def is_compiled_for_oo() -> bool:
    """Whether the server's modules have been compiled for -OO beforehand (python -m compileall -o 2)."""
    for name in _PROBES:
        spec = importlib.util.find_spec(name)
        if spec is None or spec.origin is None:
            return False
        if not Path(importlib.util.cache_from_source(spec.origin, optimization=2)).exists():
            return False
    return True


def become(image: Image) -> None:
    """Replace this process by the image; returns only by raising OSError."""
    sys.stdout.flush()
    sys.stderr.flush()
    os.execve(image.arguments[0], image.arguments, image.environ)  # noqa: S606  our own interpreter, no shell
