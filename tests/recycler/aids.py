"""An archive with its recycler on a small disk, and patients of whole megabytes."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from pacsberry.archive import Archive, ArchiveSettings
from pacsberry.model import Header
from pacsberry.recycler import KeepFree, Limits, Recycler
from tests.archive.keeping_aids import SETTINGS, encode, keep, make_header, open_archive

MEGABYTE = 2**20
RESERVED = replace(SETTINGS, reserve_bytes=2 * MEGABYTE, stable_age_seconds=1.0, batch_seconds=0.05)


@contextmanager
def recycling(
    folder: Path, *, keep_free: int, settings: ArchiveSettings = RESERVED, rejects: bool = False
) -> Iterator[tuple[Archive, Recycler]]:
    """`keep_free` in bytes."""
    with open_archive(folder, settings) as archive:
        recycler = Recycler(
            archive, keep_free=KeepFree(keep_free, 0), limits=Limits(), rejects=rejects, moment_seconds=0.1
        )
        recycler.start()
        try:
            yield archive, recycler
        finally:
            recycler.stop()


def of(patient: int, instance: int = 1) -> Header:
    """The header of one instance of a numbered patient."""
    return make_header(f"{patient}", f"1.2.{patient}", f"1.2.{patient}.1", instance)


def keep_megabytes(archive: Archive, patient: int, megabytes: int, first_instance: int = 1) -> None:
    """Keep instances of a megabyte each."""
    for instance in range(first_instance, first_instance + megabytes):
        header = of(patient, instance)
        keep(archive, header, encode(header).ljust(MEGABYTE))


def patients(archive: Archive) -> list[int]:
    """The numbers of the patients in the order in which they go."""
    with archive.index.read() as connection:
        return [int(row[0]) for row in connection.execute("SELECT uid FROM patients ORDER BY arrival")]
