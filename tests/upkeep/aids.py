"""An archive that stands still, the hands that harm it, and a check of it from outside and from inside."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

from pacsberry.archive import Archive, Reading
from pacsberry.archive.looking import open_reading
from pacsberry.errors import UnknownResource, UnreadableDicom
from pacsberry.model import Header, Level
from pacsberry.upkeep.checking import Check, CheckReport
from pacsberry.upkeep.damaged import DamagedFolder
from pacsberry.upkeep.finding import Finding
from pacsberry.upkeep.repairing import Repair
from tests.archive.keeping_aids import SETTINGS, decode, keep, make_header
from tests.archive.keeping_aids import open_archive as _open_archive

INDEX = "index.sqlite3"


def read_header(file: BinaryIO) -> Header:
    try:
        return decode(file)
    except ValueError as error:
        raise UnreadableDicom("This is not DICOM.") from error


READING = Reading(read_header, lambda file, tags: {})


@contextmanager
def open_archive(folder: Path) -> Iterator[Archive]:
    with _open_archive(folder, replace(SETTINGS, reading=READING)) as archive:
        yield archive


def fill(folder: Path, count: int = 4, attachments: int = 0) -> list[Header]:
    """An archive at rest: `count` instances, each of a series, study and patient of its own but for the first two."""
    headers = [make_header(instance=1), make_header(instance=2)]
    headers += [make_header(f"P{n}", f"1.2.{n}", f"1.2.{n}.1") for n in range(3, count + 1)]
    with open_archive(folder) as archive:
        for header in headers[:count]:
            keep(archive, header)
        for number in range(attachments):
            attach(archive, headers[0], 1024 + number)
    return headers[:count]


def attach(archive: Archive, header: Header, number: int = 1024, level: Level = Level.PATIENT) -> None:
    with archive.spool() as spool:
        spool.write(b"attached %d" % number)
        archive.attachments.put(level, header.identifiers.orthanc_id(level), str(number), spool)


def files(folder: Path, pattern: str = "*.dcm*") -> list[Path]:
    """The files, in no order that means anything."""
    return sorted((folder / "files").rglob(pattern))


def file_of(folder: Path, header: Header) -> Path:
    instance_id = header.identifiers.orthanc_id(Level.INSTANCE)
    with open_reading(folder, folder / INDEX) as archive:
        (entry,) = archive.inventory.of_instance(instance_id)
        return archive.files.path(entry.file)


def execute(folder: Path, *statements: str) -> None:
    connection = sqlite3.connect(folder / INDEX)
    for statement in statements:
        connection.execute(statement)
    connection.commit()
    connection.close()


def damaged_folder(folder: Path, maximum_bytes: int = 10**9) -> DamagedFolder:
    return DamagedFolder(folder / "damaged", maximum_bytes=maximum_bytes)


def check(folder: Path, *, read: bool = True) -> CheckReport:
    """As `pacsberry check` does, without the second look."""
    with open_reading(folder, folder / INDEX) as archive:
        return Check(archive.index, archive.files, read_header=read_header, read_everything=read, is_alone=True).run()


def repair(folder: Path, *, read: bool = True) -> list[Finding]:
    """As `pacsberry check --repair` does; what it found."""
    archive = Archive(storage=folder, index=folder / INDEX, settings=replace(SETTINGS, reading=READING))
    with archive.for_repair():
        report = Check(archive.index, archive.files, read_header=read_header, read_everything=read, is_alone=True).run()
        Repair(archive, damaged_folder(folder), lambda count: None).carry_out(report.findings)
    return report.findings


def served(folder: Path, header: Header) -> bytes | None:
    """What a client would be given for an instance, by a server that looks at nothing by itself; None: a 404."""
    archive = Archive(storage=folder, index=folder / INDEX, settings=replace(SETTINGS, reading=READING))
    with archive.for_repair():
        try:
            (found,) = archive.resources.instance_files(Level.INSTANCE, header.identifiers.orthanc_id(Level.INSTANCE))
            with archive.files.open(found.file) as file:
                return file.read()
        except UnknownResource:
            return None
