"""IngestTranscoding: what arrives is kept in another transfer syntax, where that can be done.

As in Orthanc these are kept as they came: what has that syntax already, video, objects without pixels when the syntax
is a compressed one, uncompressed or compressed images when the configuration leaves them out, and all that fails.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from pacsberry.dicom.syntax import DEFLATED, UNCOMPRESSED_SYNTAXES
from pacsberry.errors import DamagedFile, NoRoom, NotUnderstood, UnreadableDicom
from pacsberry.imaging.limits import PixelsFailed, TooManyPictures
from pacsberry.imaging.targets import ALL, LOSSY, NATIVE, can_be_transcoded, derived_uid
from pacsberry.model import Header

if TYPE_CHECKING:
    from pacsberry.archive import FileStore, Spool
    from pacsberry.imaging.pictures import Pictures

LOGGER = logging.getLogger("pacsberry.imaging")

_COPIED_BYTES: Final = 262_144
_FAILURES: Final = (NotUnderstood, UnreadableDicom, DamagedFile, PixelsFailed, TooManyPictures, NoRoom)


@dataclass(frozen=True, slots=True)
class ArrivalRules:
    """The configuration of it."""

    transfer_syntax_uid: str  # IngestTranscoding
    of_uncompressed: bool = True  # IngestTranscodingOfUncompressed
    of_compressed: bool = True  # IngestTranscodingOfCompressed
    quality: int = 90  # DicomLossyTranscodingQuality


class ArrivalTranscoder:
    """Converts received files; thread-safe."""

    def __init__(
        self,
        rules: ArrivalRules,
        *,
        files: "FileStore",
        pictures: "Pictures",
        spool: "Callable[..., Spool]",
    ) -> None:
        self._rules = rules
        self._files = files
        self._pictures = pictures
        self._spool = spool

    def becomes(self, header: Header) -> Header | None:
        """What identifies the object once it is converted; None for one that stays as it is."""
        rules, target = self._rules, self._rules.transfer_syntax_uid
        syntax = header.transfer_syntax_uid
        if syntax == target or target not in ALL or not can_be_transcoded(syntax):
            return None
        is_native = syntax in UNCOMPRESSED_SYNTAXES or syntax == DEFLATED
        if not (rules.of_uncompressed if is_native else rules.of_compressed):
            return None
        if target not in NATIVE and not header.pixel_data_vr:
            return None
        if target not in LOSSY:
            return header
        sop_uid = derived_uid(header.identifiers.sop_uid, target, rules.quality)
        return replace(header, identifiers=replace(header.identifiers, sop_uid=sop_uid))

    def convert(self, spool: "Spool", header: Header) -> "Spool | None":
        """The file in the other syntax, in a spool of its own; None when it cannot be had, which the log tells."""
        from pacsberry.imaging.transcoding import Target, Transcoder

        sop_uid = header.identifiers.sop_uid
        try:
            target = Target.of(self._rules.transfer_syntax_uid, sop_uid, self._rules.quality)
            with spool.open() as opened:
                done = Transcoder(self._files, self._pictures).transcode_open(opened, target, name=sop_uid)
            with done.file:
                return self._copy(done.file.read, done.length)
        except _FAILURES as error:
            LOGGER.warning("Instance %s is kept as it came, IngestTranscoding cannot be done: %s", sop_uid, error)
            return None

    def _copy(self, read: Callable[[int], bytes], length: int) -> "Spool":
        converted = self._spool(expected_bytes=length)
        try:
            while chunk := read(_COPIED_BYTES):
                converted.write(chunk)
        except BaseException:
            converted.discard()
            raise
        return converted
