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
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, BinaryIO, Final

from pacsberry.archive.contents import Contents, Member
from pacsberry.dicom.names import TagDictionary
from pacsberry.dicom.native_json import native_json
from pacsberry.dicom.part10 import DicomFile
from pacsberry.dicom.web_model import web_model
from pacsberry.errors import DamagedFile, TooLarge, UnknownResource, UnreadableDicom
from pacsberry.imaging.prepared.geometry import geometry_of
from pacsberry.imaging.prepared.kinds import NotPrepared

LOGGER = logging.getLogger("pacsberry.imaging")

_LEVEL: Final = 6  # of deflate: a third smaller than 1 on such text, and made once
_LONGEST: Final = 8 << 20  # characters of one data set: a series with a longer one is told from its files
_LONGEST_PARSED: Final = 2 << 20  # characters; what is longer is not looked into for its geometry

OpenFile = Callable[[str, int], BinaryIO]


class MetadataWriter:
    """Writes the metadata of one series to a file and gathers the geometry of its instances."""

    def __init__(self, file: BinaryIO, contents: Contents, *, default_encoding: str, dictionary: TagDictionary) -> None:
        self._file = file
        self._contents = contents
        self._default_encoding = default_encoding
        self._dictionary = dictionary
        self._mark = f"pacsberry-{secrets.token_hex(12)}"
        self._packer = zlib.compressobj(_LEVEL, zlib.DEFLATED, -15)
        self._length = 0
        self._count = 0
        self.geometry: dict[str, Mapping[str, Any]] = {}  # by identifier of the instance

    def write(self, open_file: OpenFile, between: Callable[[int, int], None]) -> Mapping[str, Any]:
        """Write all of it; returns the facts that are needed to read it.

        What cannot be read is left out and logged.  Raises OSError, NotPrepared, and what `between` does.
        """
        members = self._contents.members
        for number, member in enumerate(members):
            between(number, len(members))
            try:
                self._add(member, open_file)
            except (UnknownResource, UnreadableDicom, DamagedFile, TooLarge) as error:
                LOGGER.warning("The metadata of instance %s are left out: %s", member.id, error)
        self._put(self._packer.flush(zlib.Z_FULL_FLUSH))
        return {
            "Mark": self._mark,
            "Length": self._length,
            "CountInstances": self._count,
            "DefaultEncoding": self._default_encoding,
        }

    def _add(self, member: Member, open_file: OpenFile) -> None:
        """One instance: nothing of it is written when it cannot be read to its end."""
        pieces: list[str] = []
        with open_file(member.file, member.size) as opened:
            for piece in self._pieces(DicomFile.open(opened), member):
                pieces.append(piece)
                if sum(map(len, pieces)) > _LONGEST:
                    raise NotPrepared(f"The metadata of instance {member.id} are too long.")
        text = "".join(pieces)
        if len(text) <= _LONGEST_PARSED:
            with contextlib.suppress(ValueError, RecursionError):
                self.geometry[member.id] = geometry_of(json.loads(text))
        data = text.encode(errors="replace")
        for part in ((b"," if self._count else b""), data):
            self._length += len(part)
            self._put(self._packer.compress(part))
        self._count += 1

    def _pieces(self, file: DicomFile, member: Member) -> Iterator[str]:
        return web_model(
            file,
            native_json,
            root=self._mark,
            uids=self._uids(member),
            transfer_syntax_uid=member.transfer_syntax_uid,
            default_encoding=self._default_encoding,
            dictionary=self._dictionary,
        )

    def _uids(self, member: Member) -> tuple[str, str, str]:
        contents = self._contents
        return (
            contents.study_tags.get("StudyInstanceUID", ""),
            contents.tags.get("SeriesInstanceUID", ""),
            member.tags.get("SOPInstanceUID", ""),
        )

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
