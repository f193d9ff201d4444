"""Makes DICOM data in code: no fixture files, no numpy, the same bytes on every run.

make_instance("CT", patient_id="P1", instance=3)          one Part 10 file, as bytes
make_study(patient_id="P1", series={"CT": 3, "SR": 1})    several, as a list of bytes
make_dataset(...), part10(dataset), bare(dataset)         the steps, for tests that alter a data set
"""

from tests.makers.instances import bare, make_dataset, make_instance, make_study, part10, uid_for
from tests.makers.kinds import KINDS, Kind
from tests.makers.syntaxes import BIG_ENDIAN, DEFLATED, EXPLICIT, IMPLICIT, NATIVE_SYNTAXES

__all__ = [
    "BIG_ENDIAN",
    "DEFLATED",
    "EXPLICIT",
    "IMPLICIT",
    "KINDS",
    "NATIVE_SYNTAXES",
    "Kind",
    "bare",
    "make_dataset",
    "make_instance",
    "make_study",
    "part10",
    "uid_for",
]
