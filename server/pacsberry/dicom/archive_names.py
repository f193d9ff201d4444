"""Names of folders and files in ZIP archives of DICOM resources (S16): patient / study / series / instance.

Pure.  Anybody may have written the tags names come from: nothing but letters, digits, space and `._-` stays, no name
is `..` or longer than LONGEST_NAME, and none is one of the device names of Windows.
"""

import re
import unicodedata
from collections.abc import Mapping
from typing import Final

from pacsberry.model import Level

LONGEST_NAME: Final = 120  # characters of a folder's name; four fit into what Windows takes for a path

_ASCII_UNWANTED: Final = re.compile(r"[^A-Za-z0-9._ -]")
_UNWANTED: Final = re.compile(r"[^\w. -]")
_SPACES: Final = re.compile(r"[\s^]+")
_DEVICES: Final = re.compile(r"(?i)(con|prn|aux|nul|com[0-9]|lpt[0-9])(\..*)?")
_NUMBER: Final = re.compile(r"[0-9]{1,6}")

# The tags that name a folder, in order; those absent are left out.
_NAMING: Final[Mapping[Level, tuple[str, ...]]] = {
    Level.PATIENT: ("PatientID", "PatientName"),
    Level.STUDY: ("AccessionNumber", "StudyDescription"),
    Level.SERIES: ("SeriesNumber", "Modality", "SeriesDescription"),
}


def folder_name(level: Level, tags: Mapping[str, str], *, utf8: bool = False) -> str:
    """The folder of a patient, study or series from its main tags; 'Unknown Study' and the like when they say nothing.

    `utf8`: letters of all scripts stay (the option ZipUseUtf8); else they are folded to ASCII.
    """
    parts = [_plain(tags.get(name, ""), utf8) for name in _NAMING[level]]
    name = " - ".join(part for part in parts if part)[:LONGEST_NAME].strip(" .")
    if not name:
        return f"Unknown {level.title}"
    return f"_{name}" if _DEVICES.fullmatch(name) else name


def file_name(modality: str, instance_number: str, place: int) -> str:
    """The file of an instance, 'CT000001.dcm': number from the file when it has one, else its `place` in the series."""
    letters = _plain(modality, utf8=False)[:2].upper()
    prefix = letters if len(letters) == 2 and letters.isalnum() else ""
    number = instance_number.strip()
    value = int(number) if _NUMBER.fullmatch(number) else place
    return f"{prefix}{value:0{8 - len(prefix)}d}.dcm"


def media_path(place: int) -> str:
    """The file of the instance at `place` on a medium with DICOMDIR (PS3.10 8.2: at most eight characters a part)."""
    return f"IMAGES/IM{place}"


class UniqueNames:
    """The names in one folder; a second of a name gets '-2', also when only upper and lower case differ."""

    def __init__(self) -> None:
        self._seen: dict[str, int] = {}

    def add(self, name: str) -> str:
        """`name`, or a variant of it that is not in the folder yet."""
        stem, dot, suffix = name.rpartition(".") if name.endswith(".dcm") else (name, "", "")
        candidate = name
        while candidate.casefold() in self._seen:
            self._seen[name.casefold()] += 1
            candidate = f"{stem}-{self._seen[name.casefold()]}{dot}{suffix}"
        self._seen[candidate.casefold()] = 1
        return candidate


def _plain(text: str, utf8: bool) -> str:
    text = _SPACES.sub(" ", text)
    if not text.isascii():
        if utf8:
            return _UNWANTED.sub("", unicodedata.normalize("NFC", text)).strip(" .")
        decomposed = unicodedata.normalize("NFKD", text)
        text = decomposed.encode("ascii", "ignore").decode()
    return _ASCII_UNWANTED.sub("", text).strip(" .")
