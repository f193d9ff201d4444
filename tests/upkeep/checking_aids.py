"""What the tests of the check share: ways to harm a storage, and the kinds of findings."""

import os
import uuid
from pathlib import Path

from pacsberry.upkeep.finding import Finding
from tests.upkeep.aids import (
    execute,
    files,
)


def kinds(findings: list[Finding]) -> list[type[Finding]]:
    return [type(finding) for finding in findings]


def flip(path: Path, at: int = -1) -> None:
    content = bytearray(path.read_bytes())
    content[at] ^= 1
    path.write_bytes(content)


def a_missing_file(folder: Path) -> None:
    files(folder)[0].unlink()


def a_short_file(folder: Path) -> None:
    path = files(folder)[0]
    os.truncate(path, path.stat().st_size - 1)


def a_forgotten_attachment(folder: Path) -> None:
    (folder / "files" / "00000000" / f"{uuid.uuid4()}.bin").write_bytes(b"whose is this?")


def a_holiday_picture(folder: Path) -> None:
    (folder / "files" / "00000000" / "beach.jpg").write_bytes(b"sand")


def a_picture_called_dicom(folder: Path) -> None:
    (folder / "files" / "00000000" / f"{uuid.uuid4()}.dcm").write_bytes(b"sand")


def a_folder_in_a_bucket(folder: Path) -> None:
    (folder / "files" / "00000000" / "mine").mkdir()
    (folder / "files" / "00000000" / "mine" / "thing").write_bytes(b"x")


def a_wrong_sum(folder: Path) -> None:
    execute(folder, "UPDATE facts SET value = 7 WHERE name = 'stored_bytes'")


def labels_of_nothing(folder: Path) -> None:
    execute(folder, "INSERT INTO labels VALUES (1, 999, 'lost')")


def a_vanished_patient(folder: Path) -> None:
    execute(folder, "DELETE FROM patients WHERE key = 1")


def a_file_of_two(folder: Path) -> None:
    execute(folder, "UPDATE instances SET file = (SELECT file FROM instances WHERE key = 1) WHERE key = 2")


def a_file_to_be_removed_by_mistake(folder: Path) -> None:
    execute(folder, "INSERT INTO garbage SELECT file FROM instances WHERE key = 1")


def a_leftover(folder: Path) -> None:
    (folder / "spool" / f"{uuid.uuid4()}.part").write_bytes(b"half")


def a_flipped_attachment(folder: Path) -> None:
    flip(files(folder, "*.bin")[0])
