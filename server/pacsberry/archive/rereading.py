"""Reads a kept file again that the index does not know: everything it has to know is in the file and beside it."""

import os
import zlib

from pacsberry.archive.filestore import FileStore
from pacsberry.archive.indexing import KeptFile
from pacsberry.archive.receipts import receipt_of
from pacsberry.archive.settings import ArchiveSettings

_READ_BYTES = 2**18


def kept_again(
    files: FileStore, settings: ArchiveSettings, name: str, *, checksums: bool, replaces: bool = False
) -> KeptFile:
    """The file as it was kept: its header, who brought it (extended attribute), when (time of the file).

    `checksums`: read the whole file for them, else they are left to be computed some other day.
    Raises UnreadableDicom, DamagedFile, UnknownResource and OSError.
    """
    facts = files.path(name).stat()
    with files.open(name) as file:
        header = settings.reading.header(file)
        size = file.seek(0, os.SEEK_END)
        crc32: int | None = None
        if checksums:
            file.seek(0)
            crc32 = 0
            while piece := file.read(_READ_BYTES):
                crc32 = zlib.crc32(piece, crc32)
    return KeptFile(
        header=header,
        receipt=receipt_of(files.receipt_text(name)),
        file=name,
        size=size,
        md5=files.md5(name) if checksums and settings.store_md5 else "",
        crc32=crc32,
        received_at=int(facts.st_mtime),
        stored_size=files.stored_size(name),
        replaces=replaces,
    )
