"""Which instances a C-MOVE or C-GET asks for, in the order they will be sent (PS3.4 C.4.2, C.4.3).

Holds one series at a time, however large the study; no snapshot of the index stays open while files are sent.
"""

import contextlib
from collections.abc import Iterator
from functools import partial
from typing import BinaryIO

from pacsberry.archive import Archive
from pacsberry.archive.queries import FindQuery
from pacsberry.archive.resources import InstanceFile
from pacsberry.dicom.matching import Constraint
from pacsberry.dimse.house import Transcode
from pacsberry.dimse.identifiers import ACCESSION_NUMBER, PATIENT_ID, SERIES_UID, SOP_UID, STUDY_UID, Question
from pacsberry.errors import BadRequest, UnknownResource
from pacsberry.model import Level
from pacsberry.peers.outgoing import Outgoing

_UNIQUE_KEYS = {
    Level.PATIENT: PATIENT_ID,
    Level.STUDY: STUDY_UID,
    Level.SERIES: SERIES_UID,
    Level.INSTANCE: SOP_UID,
}


def _transcoded(transcode: Transcode, file: str, sop_uid: str, size: int, transfer_syntax_uid: str) -> BinaryIO:
    return transcode(file, transfer_syntax_uid, sop_uid=sop_uid, size=size).file


class Retrieval:
    """The instances below some resources."""

    def __init__(
        self, archive: Archive, resources: list[tuple[Level, str]], transcode: Transcode | None = None
    ) -> None:
        """`resources`: level and Orthanc identifier.  Looks at all instances once, to count them.

        `transcode` makes files in other syntaxes; None when that is not wanted.
        """
        self._archive = archive
        self._transcode = transcode
        self._resources = resources
        self.total = 0
        self.contexts: dict[tuple[str, str], None] = {}  # (SOP class, transfer syntax), in the order of their use
        for level, resource_id in resources:
            with contextlib.suppress(UnknownResource):  # deleted meanwhile
                for instance in archive.resources.instance_files(level, resource_id):
                    self.total += 1
                    self.contexts[instance.sop_class_uid, instance.transfer_syntax_uid] = None

    def __iter__(self) -> Iterator[Outgoing]:
        """The instances by series, in the order of their numbers."""
        for level, resource_id in self._resources:
            with contextlib.suppress(UnknownResource):
                if level >= Level.SERIES:
                    yield from self._files(level, resource_id)
                else:
                    for series in list(self._archive.resources.children(level, resource_id, Level.SERIES)):
                        yield from self._files(Level.SERIES, series)

    def _files(self, level: Level, resource_id: str) -> list[Outgoing]:
        return [self._outgoing(instance) for instance in self._archive.resources.instance_files(level, resource_id)]

    def _outgoing(self, instance: InstanceFile) -> Outgoing:
        sop_uid = instance.main_tags[Level.INSTANCE].get("SOPInstanceUID", "")
        transcode = self._transcode
        return Outgoing(
            instance.sop_class_uid,
            sop_uid,
            instance.transfer_syntax_uid,
            partial(self._archive.files.open, instance.file, instance.size),
            None if transcode is None else partial(_transcoded, transcode, instance.file, sop_uid, instance.size),
        )


def resources_asked(archive: Archive, question: Question) -> list[tuple[Level, str]]:
    """What the identifier names: level and Orthanc identifier of each resource; BadRequest when it names nothing.

    Without QueryRetrieveLevel the lowest level that is named counts.
    """
    level = question.level
    if level is None:
        level = next((one for one in reversed(Level) if question.text(_UNIQUE_KEYS[one])), None)
    if level is None:
        raise BadRequest("Neither a level nor an identifier is given.")
    accession = question.text(ACCESSION_NUMBER)
    if level is Level.STUDY and accession:  # as Orthanc, for workstations that know nothing else
        return [(level, found) for value in accession.split("\\") for found in _by_accession(archive, value)]
    values = question.text(_UNIQUE_KEYS[level])
    if not values:
        raise BadRequest(f"The query is for a {level.title.lower()} and does not say which.")
    named = dict.fromkeys(
        found for value in values.split("\\") for found in archive.lookup.resources(value) if found[0] is level
    )
    return list(named)


def _by_accession(archive: Archive, value: str) -> Iterator[str]:
    constraint = Constraint.parse(ACCESSION_NUMBER, "UI", value, case_sensitive=True)  # VR UI: no wildcards
    if constraint.exact_values:
        yield from [found.id for found in archive.search.find(FindQuery(Level.STUDY, constraints=(constraint,)))]
