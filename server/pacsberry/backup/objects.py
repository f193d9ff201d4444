"""The objects in a folder: found, written, read back, removed by their names."""

import zlib
from collections import OrderedDict
from collections.abc import Iterable, Iterator
from typing import Final

from pacsberry.backup import layout
from pacsberry.backup.checked import CHUNK, CheckedFile
from pacsberry.backup.disk import Disk, forget_cache
from pacsberry.backup.lines import Stored
from pacsberry.errors import BadBackup, DamagedFile

_LISTINGS: Final = 8  # buckets whose listing is remembered: mostly objects come bucket by bucket


class Objects:
    """What lies below files/.  Belongs to one thread."""

    def __init__(self, disk: Disk) -> None:
        self._disk = disk
        self._listings: OrderedDict[str, dict[str, int]] = OrderedDict()
        self._listed: set[str] = set()  # buckets that were listed once; where patients came mixed, they take turns

    def size_of(self, name: str) -> int | None:
        """Bytes of an object as it lies; None when it is not there."""
        bucket, _, base = name.partition("/")
        listing = self._listing(bucket)
        return self._disk.size_of(layout.object_path(name)) if listing is None else listing.get(base)

    def write(self, name: str, chunks: Iterable[bytes]) -> None:
        """Write an object, in the place of what was there; what `chunks` raises is raised, and nothing is left."""
        bucket, _, base = name.partition("/")
        listing = self._listing(bucket)
        size = 0

        def measured() -> Iterator[bytes]:
            nonlocal size
            for chunk in chunks:
                size += len(chunk)
                yield chunk

        self._disk.make_folder(layout.object_path(bucket))
        self._disk.write(layout.object_path(name), measured())
        if listing is not None:
            listing[base] = size

    def read_back(self, name: str, *, size: int, crc32: int) -> Stored:
        """Read an object from the disk; DamagedFile unless its content is of that size and checksum."""
        try:
            with self._disk.open(layout.object_path(name)) as file:
                forget_cache(file)
                return CheckedFile(file, name, size=size, crc32=crc32).check()
        except (OSError, BadBackup) as error:
            raise DamagedFile(f"The file {name} is damaged: {error}.") from error

    def is_as_written(self, stored: Stored) -> bool:
        """Whether reading an object gives the bytes that were written; packed ones are not unpacked for this."""
        size = crc32 = 0
        try:
            with self._disk.open(layout.object_path(stored.file)) as file:
                forget_cache(file)
                while piece := file.read(CHUNK):
                    size += len(piece)
                    crc32 = zlib.crc32(piece, crc32)
        except (OSError, BadBackup):
            return False
        return (size, crc32) == (stored.stored_size, stored.stored_crc32)

    def remove(self, name: str) -> None:
        """Remove an object; it may be gone already."""
        bucket, _, base = name.partition("/")
        self._disk.remove(layout.object_path(name))
        listing = self._listing(bucket)
        if listing is not None:
            listing.pop(base, None)

    def all(self) -> Iterator[tuple[str, int]]:
        """Name and size of every object there is."""
        for bucket in self._disk.folders(layout.FILES):
            for base, size in self._disk.listing(layout.object_path(bucket)).items():
                if layout.is_object(f"{bucket}/{base}"):
                    yield f"{bucket}/{base}", size

    def _listing(self, bucket: str) -> dict[str, int] | None:
        """The sizes of the objects of a bucket; None for one that is not listed again."""
        found = self._listings.get(bucket)
        if found is None:
            if bucket in self._listed:
                return None
            self._listed.add(bucket)
            found = self._disk.listing(layout.object_path(bucket))
            for base in [base for base in found if base.endswith(layout.PART)]:  # of a backup that was cut short
                self._disk.remove(f"{layout.object_path(bucket)}/{base}")
                del found[base]
            if len(self._listings) >= _LISTINGS:
                self._listings.popitem(last=False)
            self._listings[bucket] = found
        self._listings.move_to_end(bucket)
        return found
