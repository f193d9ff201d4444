"""How a backup lies in its target, a folder, a stick or a ZIP: the names, and the words that explain them.

    README.txt                                  for people
    files/<bucket>/<uuid>.dcm                   objects under the names they had in the archive, shared by all backups
    backups/<number>-<moment>.json              one backup: when, of what, how many; the last to be written
    backups/<number>-<moment>.objects.gz        its objects and notes, one JSON object a line
    configuration/<number>-<moment>/<nn>-<name> its configuration files

All names are safe on FAT and exFAT: digits, letters, '-', '_' and '.', none that differs from another by case alone.
A name that comes from a target is used only after it was matched against these patterns: a stick is a stranger.
"""

import re
import time
from dataclasses import dataclass
from typing import Final

from pacsberry.archive.forms import KEPT_NAME

README: Final = "README.txt"
FILES: Final = "files"
BACKUPS: Final = "backups"
CONFIGURATION: Final = "configuration"
PART: Final = ".part"  # ends the name of what is being written
HEAD: Final = ".json"
LIST: Final = ".objects.gz"

_BACKUP: Final = re.compile(r"(?P<number>[0-9]{4,8})-(?P<moment>[0-9]{8}T[0-9]{6}Z)")
_COPY: Final = re.compile(r"[0-9]{2,3}-[A-Za-z0-9._-]{1,80}")
_UNFIT: Final = re.compile(r"[^A-Za-z0-9._-]")

README_TEXT: Final = """\
A BACKUP OF A PACSBERRY
=======================

This is a backup of the medical images of a Pacsberry server. It may hold several backups, made one after the other;
each file is here only once.

  files/          the images: plain DICOM files, which any DICOM program opens.
                  A name that ends in .dcm.gz is the same, packed: unpack it with gunzip or 7-Zip.
                  A name that ends in .bin is something that users had attached to an image.
  backups/        one .json file for each backup: when it was made, how many patients and images it holds.
                  The .objects.gz beside it lists every image with its size and checksum, its labels and notes.
  configuration/  the settings of the server, for each backup. Without passwords, unless they were asked for.

To restore, on a machine with Pacsberry, with the server running or stopped:

  pacsberry restore FOLDER --list            what is in here
  pacsberry restore FOLDER                   everything of the latest backup
  pacsberry restore FOLDER --patient ID      one patient

FOLDER is the folder that this file lies in, or the ZIP file that holds it. What is in the archive already stays as it
is.

Without Pacsberry: the files below files/ are ordinary DICOM files. Open them, or send them to any DICOM server.

Do not change, move or rename anything in here. These are images of patients: keep this where nobody else can take it.
"""


def is_object(name: str) -> bool:
    """Whether a name is one of an object: 'bucket/uuid.dcm', '.dcm.gz', '.bin' or '.bin.gz'."""
    return KEPT_NAME.fullmatch(name) is not None


def object_path(name: str) -> str:
    """The path of an object in the target."""
    return f"{FILES}/{name}"


def backup_name(number: int, at: float) -> str:
    """The name of a backup: its number, and the UTC moment it was begun (seconds since 1970)."""
    return f"{number:04d}-{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime(at))}"


@dataclass(frozen=True, slots=True, order=True)
class BackupName:
    """The name of one backup, in the order they were made."""

    number: int  # the clock of a board may have been wrong; the number never is
    text: str

    @classmethod
    def of(cls, text: str) -> "BackupName | None":
        """What a name says; None when it is not one of a backup."""
        match = _BACKUP.fullmatch(text)
        return None if match is None else cls(int(match["number"]), text)


def head_path(backup: str) -> str:
    """The path of the file that makes a backup complete."""
    return f"{BACKUPS}/{backup}{HEAD}"


def list_path(backup: str) -> str:
    """The path of the list of objects of a backup."""
    return f"{BACKUPS}/{backup}{LIST}"


def copy_path(backup: str, copy: str) -> str:
    """The path of one configuration file of a backup."""
    return f"{CONFIGURATION}/{backup}/{copy}"


def copy_name(number: int, original: str) -> str:
    """The name in the target of a configuration file, made of its own."""
    return f"{number:02d}-{_UNFIT.sub('_', original)[-60:].rstrip('.') or 'file'}"


def is_copy(name: str) -> bool:
    """Whether a name is one of a configuration file."""
    return _COPY.fullmatch(name) is not None and not name.endswith(".")
