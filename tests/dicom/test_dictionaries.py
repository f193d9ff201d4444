"""The dictionaries say what pydicom says of every tag, and pydicom itself stays out of the process."""

import subprocess
import sys

from pydicom._dicom_dict import DicomDictionary, RepeatersDictionary
from pydicom._private_dict import private_dictionaries
from pydicom.datadict import get_entry, get_private_entry, tag_for_keyword

from pacsberry.dicom.dictionaries import entry_of_maker, standard_entry, standard_tag


def test_standard_tags_are_those_of_pydicom() -> None:
    tags = [
        *DicomDictionary,
        *(int(pattern.replace("x", digit), 16) for pattern in RepeatersDictionary for digit in "02A"),
    ]
    for tag in tags:
        assert standard_entry(tag) == get_entry(tag)
    for _, _, _, _, keyword in DicomDictionary.values():
        assert standard_tag(keyword) == tag_for_keyword(keyword)
    assert standard_entry(0x00189999) is None
    assert standard_tag("NoSuchKeyword") is None


def of_pydicom(tag: int, creator: str) -> object:
    try:
        return get_private_entry(tag, creator)
    except KeyError:
        return None


def test_tags_of_makers_are_those_of_pydicom() -> None:
    for creator, entries in private_dictionaries.items():
        for pattern in entries:
            tag = int(pattern.replace("x", "1"), 16)
            assert entry_of_maker(tag, creator) == of_pydicom(tag, creator)
    assert entry_of_maker(0x00291008, "NOBODY") is None
    assert entry_of_maker(0x002910FE, "SIEMENS CSA HEADER") is None


def test_a_rare_name_does_not_load_pydicom() -> None:
    program = (
        "import sys; from pacsberry.dicom.names import STANDARD as names;"
        "assert names.keyword(0x00189304) and names.keyword(0x00291008, 'SIEMENS CSA HEADER');"
        "assert names.parse('RevolutionTime'); assert 'pydicom' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)
