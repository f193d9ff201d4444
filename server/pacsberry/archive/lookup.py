"""From a raw DICOM identifier to the resources that carry it."""

from collections.abc import Iterable

from pacsberry.archive.index import Index
from pacsberry.archive.metadata_names import DISCARDED_AT
from pacsberry.archive.places import bindable
from pacsberry.archive.rows import BY_ID
from pacsberry.dicom.text import fold
from pacsberry.model import Level

_WHOLE = "uid = :uid"
_TAIL = "substr(uid, -12) = substr(:uid, -12) AND +uid = :uid"  # see rows.BY_ID
_EXACT = (_WHOLE, _TAIL, _TAIL, _TAIL)  # as the indexes of the four levels are


class Lookup:
    """What /tools/lookup asks; thread-safe."""

    def __init__(self, index: Index) -> None:
        self._index = index

    def missing(self, instance_ids: Iterable[str]) -> list[str]:
        """Of these Orthanc identifiers of instances those that are not there, in their order."""
        query = f"SELECT 1 FROM instances WHERE {BY_ID}"
        with self._index.read() as connection:
            return [one for one in instance_ids if connection.execute(query, (one,)).fetchone() is None]

    def present(self, instances: Iterable[str]) -> list[str]:
        """Those of the Orthanc identifiers that are of instances in the archive, in the same order.

        Those of studies that were deleted and can still be had back are left out: sending them has the study back.
        """
        query = f"""SELECT 1 FROM instances WHERE {BY_ID} AND NOT EXISTS (
            SELECT 1 FROM series e CROSS JOIN metadata m
            WHERE e.key = instances.parent AND m.level = {int(Level.STUDY)} AND m.key = e.parent
                AND m.type = {DISCARDED_AT})"""
        with self._index.read() as connection:
            return [one for one in instances if one.isascii() and connection.execute(query, (one,)).fetchone()]

    def resources(self, identifier: str) -> list[tuple[Level, str]]:
        """Level and Orthanc identifier of everything whose PatientID or UID is `identifier`, patients first.

        Case, accents and outer spaces do not matter, as in Orthanc.
        """
        folded = bindable(fold(identifier))
        if not folded:
            return []
        with self._index.read() as connection:
            return [
                (level, row[0])
                for level in Level
                for row in connection.execute(
                    f"SELECT id FROM {level.plural} WHERE {_EXACT[level]} ORDER BY key", {"uid": folded}
                )
            ]
