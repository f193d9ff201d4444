"""What the DICOM door accepts, as configured and as changed while the server runs.

Set by the configuration and by the REST routes below /tools (default-encoding, accepted-transfer-syntaxes,
unknown-sop-class-accepted, accepted-sop-classes); read by every association that is negotiated.
"""

import re
from collections.abc import Iterable

from pacsberry.dicom.text import DEFAULT_ENCODINGS
from pacsberry.dicom.uids import STORAGE_CLASSES, TRANSFER_SYNTAXES, matching_uids
from pacsberry.errors import BadRequest

_PATTERN = re.compile(r"[0-9.*?]{1,64}")
_MOST_WILDCARDS = 8  # in one pattern; more would only make matching slow


class DicomPolicy:
    """Thread-safe: each value is replaced as a whole, and a reader sees the old one or the new one.

    Lists are given as UIDs and patterns with '*' and '?' and read back as sorted UIDs.
    """

    def __init__(
        self,
        *,
        default_encoding: str = "Latin1",
        accepted_transfer_syntaxes: Iterable[str] = ("1.2.840.10008.1.*",),
        accepted_sop_classes: Iterable[str] = ("*",),
        rejected_sop_classes: Iterable[str] = (),
        unknown_sop_class_accepted: bool = False,
    ) -> None:
        self.default_encoding = default_encoding
        self.accepted_transfer_syntaxes = tuple(accepted_transfer_syntaxes)
        self._rejected = _uids(rejected_sop_classes, STORAGE_CLASSES)
        self.accepted_sop_classes = tuple(accepted_sop_classes)
        self.unknown_sop_class_accepted = unknown_sop_class_accepted

    @property
    def default_encoding(self) -> str:
        """Orthanc's name of the character set of objects that name none, and of answers to C-FIND."""
        return self._default_encoding

    @default_encoding.setter
    def default_encoding(self, name: str) -> None:
        if name not in DEFAULT_ENCODINGS:
            raise BadRequest(f"{name!r} is no encoding; known are {', '.join(DEFAULT_ENCODINGS)}.")
        self._default_encoding = name

    @property
    def accepted_transfer_syntaxes(self) -> tuple[str, ...]:
        """The transfer syntaxes of objects that may be stored; none: nothing may be stored."""
        return self._transfer_syntaxes

    @accepted_transfer_syntaxes.setter
    def accepted_transfer_syntaxes(self, patterns: Iterable[str]) -> None:
        self._transfer_syntaxes = tuple(sorted(_uids(patterns, TRANSFER_SYNTAXES)))

    @property
    def accepted_sop_classes(self) -> tuple[str, ...]:
        """The storage classes of objects that may be stored, without those that are always rejected."""
        return self._sop_classes

    @accepted_sop_classes.setter
    def accepted_sop_classes(self, patterns: Iterable[str]) -> None:
        self._sop_classes = tuple(sorted(_uids(patterns, STORAGE_CLASSES) - self._rejected))

    @property
    def rejected_sop_classes(self) -> frozenset[str]:
        """The storage classes that are never accepted (RejectedSopClasses)."""
        return self._rejected


def _uids(patterns: Iterable[str], known: Iterable[str]) -> frozenset[str]:
    patterns = tuple(patterns)
    for pattern in patterns:
        if not _PATTERN.fullmatch(pattern) or pattern.count("*") + pattern.count("?") > _MOST_WILDCARDS:
            raise BadRequest(f"{pattern!r} is neither a UID nor a UID with a few '*' and '?' as wildcards.")
    return matching_uids(patterns, known)
