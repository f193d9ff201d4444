"""What earlier backups in a target hold, found again by content: 50 bytes of memory for each object.

By content and not by name alone, because names change though the content does not: when the storage packs a file, and
when a restore has carried the archive to another card.
"""

import struct
import uuid
from typing import Final

from pacsberry.backup.digests import DigestMap
from pacsberry.backup.lines import Stored

_record: Final = struct.Struct("<L16sBQL")  # bucket, uuid, form, size and CRC-32 as it lies
_FORMS: Final = (".dcm", ".bin", ".dcm.gz", ".bin.gz")


class Known:
    """Objects of earlier backups.  First everything is added, then asked for.  Belongs to one thread."""

    def __init__(self) -> None:
        self._identities = DigestMap()
        self._records = bytearray()

    def add(self, resource_id: str, number: int, stored: Stored) -> None:
        """Remember the object of a resource and an attachment number; the first of the same content counts."""
        bucket, _, name = stored.file.partition("/")
        stem, dot, form = name.partition(".")
        self._identities.add(_identity(resource_id, number, stored.size, stored.crc32))
        self._records += _record.pack(
            int(bucket), uuid.UUID(stem).bytes, _FORMS.index(dot + form), stored.stored_size, stored.stored_crc32
        )

    def find(self, resource_id: str, number: int, size: int, crc32: int | None) -> Stored | None:
        """The object with this content; None when no earlier backup has it."""
        if crc32 is None:
            return None
        at = self._identities.position(_identity(resource_id, number, size, crc32))
        if at is None:
            return None
        bucket, name, form, stored_size, stored_crc32 = _record.unpack_from(self._records, at * _record.size)
        return Stored(f"{bucket:08d}/{uuid.UUID(bytes=name)}{_FORMS[form]}", size, crc32, stored_size, stored_crc32)


def _identity(resource_id: str, number: int, size: int, crc32: int) -> str:
    return f"{resource_id}|{number}|{size}|{crc32}"
