"""Archives as sources: a ZIP, a tar, or a tar packed with gzip, bzip2 or xz; also one file alone.

What a file is is told by its first bytes.  Archives inside an archive are not opened.
"""

import contextlib
import functools
import io
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO, Final

from pacsberry.dicom.part10 import has_preamble
from pacsberry.errors import PacsberryError, UnreadableDicom
from pacsberry.importing.files import open_file, open_regular
from pacsberry.importing.items import LARGEST_FILE, Content, Fate, Finding, Found, Item, Stream, printable, too_large
from pacsberry.importing.tarred import TarMember, Tarred, is_tar
from pacsberry.importing.unpacking import is_packed, unpacked
from pacsberry.ingest.zipped import SIGNATURES, Member, ZippedFile

SUFFIXES: Final = (".zip", ".tar", ".tgz", ".tbz2", ".txz", ".tar.gz", ".tar.bz2", ".tar.xz", ".tar.zst")
"""What an archive inside a folder is called: others that are ZIPs inside (documents, programs) are left alone."""

_MOST_MEMBERS: Final = 2_000_000  # of a ZIP
_TAR_BLOCK: Final = 512  # bytes
_ENTRY_BYTES: Final = 76  # what a ZIP needs for a member beside its content and twice its name

_Read = Callable[[BinaryIO, Path, str], Iterator[Found]]


def is_archive_name(name: str) -> bool:
    """Whether a file of that name in a folder is to be opened as an archive."""
    return name.lower().endswith(SUFFIXES)


def found_in_file(path: Path, name: str) -> Iterator[Found]:
    """What is in a file: itself, or the members of the archive it is.  `name` is what people see.

    What is wrong with an archive as a whole is the last thing found.  OSError when the file cannot be opened.
    """
    with open_regular(path) as raw:
        file = io.BufferedReader(raw)  # type: ignore[type-var]  # any binary file will do
        size = file.seek(0, io.SEEK_END)
        done = 0
        try:
            read = _reader(file)
            if read is None:
                yield Item(name, size, functools.partial(open_file, path))
                return
            file.seek(0)
            for found in read(file, path, name):
                done += found.amount
                yield found
        except (PacsberryError, OSError) as error:
            yield Finding(Fate.UNREADABLE, name, str(error), amount=max(0, size - done))
        finally:
            file.detach()


def _reader(file: BinaryIO) -> _Read | None:
    """How to read the archive; None when it is none."""
    file.seek(0)
    head = file.read(_TAR_BLOCK)
    if has_preamble(head):
        return None
    if head.startswith(SIGNATURES):
        return _in_zip
    if is_packed(head):
        head = _first_block(unpacked(_rewound(file)))
    return _in_tar if is_tar(head) else None


def _first_block(chunks: Iterator[bytes]) -> bytes:
    block = b""
    with contextlib.suppress(UnreadableDicom):  # it will be said when it is read as what it then must be, one file
        while len(block) < _TAR_BLOCK and (chunk := next(chunks, b"")):
            block += chunk
    return block[:_TAR_BLOCK]


def _rewound(file: BinaryIO) -> BinaryIO:
    file.seek(0)
    return file


def _in_zip(file: BinaryIO, path: Path, name: str) -> Iterator[Found]:
    zipped = ZippedFile(file, size=file.seek(0, io.SEEK_END))
    zipped.check(largest_member_bytes=LARGEST_FILE, most_members=_MOST_MEMBERS)
    for member in zipped.members():
        if member.name.endswith(b"/"):
            continue
        yield Item(
            f"{name}: {printable(member.name)}",
            member.packed + _ENTRY_BYTES + 2 * len(member.name),
            functools.partial(_zip_member, path, member),
        )


@contextlib.contextmanager
def _zip_member(path: Path, member: Member) -> Iterator[Content]:
    """One member, of the ZIP opened anew: four of them are sent at a time."""
    with open_regular(path) as raw:
        size = raw.seek(0, io.SEEK_END)
        yield Stream(ZippedFile(raw, size=size).content(member), member.size)


def _in_tar(file: BinaryIO, path: Path, name: str) -> Iterator[Found]:
    tarred = Tarred(unpacked(file))
    before = 0
    for member in tarred.members():
        place, before = file.tell() - before, file.tell()
        shown = f"{name}: {printable(member.name)}"
        if member.is_sparse:
            yield Finding(Fate.REFUSED, shown, "It is stored as a sparse file, which is not understood.", amount=place)
        elif member.is_file:
            yield Item(shown, place, functools.partial(_tar_member, tarred, member), lasting=False)
        else:
            yield Finding(Fate.PASSED_OVER, shown, amount=place)


@contextlib.contextmanager
def _tar_member(tarred: Tarred, member: TarMember) -> Iterator[Content]:
    if member.size > LARGEST_FILE:
        raise too_large(member.size)
    yield Stream(tarred.content(member), member.size)
