"""Which part of a backup is to be restored, told while its lines go by."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from pacsberry.backup.digests import digest
from pacsberry.backup.lines import AttachmentLine, InstanceLine, Line, NoteLine, PatientLine, SeriesLine, StudyLine


@dataclass(slots=True)
class Selection:
    """Some patients and studies, or everything.  For one passage through a list."""

    patients: frozenset[str] = frozenset()  # PatientID or Orthanc identifier
    studies: frozenset[str] = frozenset()  # StudyInstanceUID or Orthanc identifier
    found: set[str] = field(default_factory=set)  # which of these were met
    _resources: set[int] = field(default_factory=set)  # digests of the identifiers that belong to them

    @property
    def is_everything(self) -> bool:
        """Whether nothing was asked for in particular."""
        return not (self.patients or self.studies)

    @property
    def unknown(self) -> list[str]:
        """What was asked for and not met."""
        return sorted((self.patients | self.studies) - self.found)

    def of(self, lines: Iterable[Line]) -> Iterator[Line]:
        """The lines that belong to it."""
        patient: PatientLine | None = None
        is_patient = is_study = False
        for line in lines:
            if self.is_everything:
                yield line
                continue
            if isinstance(line, PatientLine):
                patient, is_patient, is_study = line, self._meets(self.patients, line.id, line.patient_id), False
                is_chosen = is_patient
            elif isinstance(line, StudyLine):
                is_study = self._meets(self.studies, line.id, line.uid)
                is_chosen = is_patient or is_study
                if is_study and not is_patient and patient is not None:
                    self._resources.add(digest(patient.id))
                    yield patient
            elif isinstance(line, SeriesLine | InstanceLine):
                is_chosen = is_patient or is_study
            elif isinstance(line, AttachmentLine):
                is_chosen = digest(line.id) in self._resources
            else:
                is_chosen = digest(line.note.id) in self._resources
            if is_chosen:
                if not isinstance(line, AttachmentLine | NoteLine):
                    self._resources.add(digest(line.id))
                yield line

    def _meets(self, wanted: frozenset[str], *names: str) -> bool:
        met = wanted.intersection(names)
        self.found |= met
        return bool(met)
