"""Reads a kept file again that the index does not know: everything it has to know is in the file and beside it."""

import os
from typing import Final

from pacsberry.archive.filestore import FileStore
from pacsberry.archive.indexing import KeptFile
from pacsberry.archive.receipts import receipt_of
from pacsberry.archive.settings import ArchiveSettings

_LATEST: Final = 253_402_300_799  # UTC seconds, end of the year 9999: beyond, nobody can write the date


def kept_again(files: FileStore, settings: ArchiveSettings, name: str, *, checksums: bool = True) -> KeptFile:
    """The file as it was kept: its header, who brought it (extended attribute), when (time of the file).

    Without `checksums` only its first kilobytes are read, and the checksums are left to be computed some other day.
    Raises UnreadableDicom, DamagedFile, UnknownResource and OSError.
    """
    facts = files.path(name).stat()
    with files.open(name) as file:
        header = settings.reading.header(file)
        size = file.seek(0, os.SEEK_END)
    return KeptFile(
        header=header,
        receipt=receipt_of(files.receipt_text(name)),
        file=name,
        size=size,
        md5=files.md5(name) if checksums and settings.store_md5 else "",
        crc32=files.crc32(name) if checksums else None,
        received_at=min(max(0, int(facts.st_mtime)), _LATEST),
        stored_size=files.stored_size(name),
    )
