"""The metadata of a whole series as DICOMweb tells them, made once and packed, and what places its images in space.

The packed text is a stretch of raw deflate without end, byte-aligned, of the JSON objects with commas between them:
stretches of several series can be joined to one answer without being unpacked.  Where an address of this server belongs
stands a mark, which nobody can have put into a file: it is made up anew each time.
"""

import contextlib
import json
import logging
import secrets
import zlib
from collections.abc import Callable, Iterable, Mapping
from typing import Any, BinaryIO, Final

from pacsberry.archive.contents import Contents, Member
from pacsberry.errors import DamagedFile, NotUnderstood, UnknownResource
from pacsberry.imaging.prepared.geometry import geometry_of

LOGGER = logging.getLogger("pacsberry.imaging")

_LEVEL: Final = 6  # of deflate: a third smaller than 1 on such text, and made once
_LONGEST_PARSED: Final = 2 << 20  # bytes; what is longer is not looked into for its geometry

Model = Callable[[Member, str], bytes]  # the JSON text of an instance, with a mark where this server's address belongs


class MetadataWriter:
    """Writes the metadata of one series to a file and gathers the geometry of its instances."""

    def __init__(self, file: BinaryIO, contents: Contents, *, default_encoding: str) -> None:
        self._file = file
        self._contents = contents
        self._default_encoding = default_encoding
        self._mark = f"pacsberry-{secrets.token_hex(12)}"
        self._packer = zlib.compressobj(_LEVEL, zlib.DEFLATED, -15)
        self._length = 0
        self._count = 0
        self.geometry: dict[str, Mapping[str, Any]] = {}  # by identifier of the instance

    def write(self, model: Model, between: Callable[[int, int], None]) -> Mapping[str, Any]:
        """Write all of it; returns the facts that are needed to read it.

        What cannot be read is left out and logged.  Raises OSError, and what else `model` and `between` do.
        """
        members = self._contents.members
        for number, member in enumerate(members):
            between(number, len(members))
            try:
                self._add(member, model(member, self._mark))
            except (UnknownResource, NotUnderstood, DamagedFile) as error:
                LOGGER.warning("The metadata of instance %s are left out: %s", member.id, error)
        self._put(self._packer.flush(zlib.Z_FULL_FLUSH))
        return {
            "Mark": self._mark,
            "Length": self._length,
            "CountInstances": self._count,
            "DefaultEncoding": self._default_encoding,
        }

    def _add(self, member: Member, text: bytes) -> None:
        if len(text) <= _LONGEST_PARSED:
            with contextlib.suppress(ValueError, RecursionError):
                self.geometry[member.id] = geometry_of(json.loads(text))
        for part in ((b"," if self._count else b""), text):
            self._length += len(part)
            self._put(self._packer.compress(part))
        self._count += 1

    def _put(self, data: bytes) -> None:
        if data and self._file.write(data) != len(data):
            raise OSError("The metadata could not be written.")


def shared_and_own(
    instances: Iterable[Mapping[str, Any]],
) -> tuple[Mapping[str, Any], list[Mapping[str, Any]]]:
    """What all instances say alike, and what each says beside that."""
    told = list(instances)
    first = told[0] if told else {}
    shared = {
        name: value for name, value in first.items() if all(name in one and one[name] == value for one in told[1:])
    }
    return shared, [{name: value for name, value in one.items() if name not in shared} for one in told]
