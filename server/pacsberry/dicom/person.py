"""Whether a free text names the patient: descriptions of studies and series are written by people.

Students do not see those that do.  Part of a name alone is no sign (there are patients called Hand, and teaching files
called "CT^Chest"); two parts of it are, and so are the patient's number and the date of birth.
"""

import re
from collections.abc import Mapping
from typing import Final

from pacsberry.dicom.text import fold

_WORD: Final = re.compile(r"\w+")
_SHORTEST_PART: Final = 2  # characters of a part of a name
_SHORTEST_NUMBER: Final = 4
_DIGITS: Final = re.compile(r"[0-9]+")


def names_person(text: str, person: Mapping[str, str]) -> bool:
    """Whether `text` tells who the patient is; `person` has PatientName, PatientID and PatientBirthDate."""
    if not text:
        return False
    text = fold(text)
    return _has_number(text, person) or _has_birth_date(text, person) or _has_name(text, person)


def without_person(text: str, person: Mapping[str, str]) -> str:
    """The text, or '' when it tells who the patient is."""
    return "" if names_person(text, person) else text


def _has_number(text: str, person: Mapping[str, str]) -> bool:
    """Letters alone are what teaching files are called, not a number."""
    number = fold(person.get("PatientID", ""))
    if len(number) < _SHORTEST_NUMBER or _DIGITS.search(number) is None:
        return False
    return re.search(rf"(?<!\w){re.escape(number)}(?!\w)", text) is not None


def _has_birth_date(text: str, person: Mapping[str, str]) -> bool:
    """Written in any order and with anything in between: 1970-01-31, 31.1.1970, 01/31/1970, 19700131."""
    date = person.get("PatientBirthDate", "")
    if len(date) != 8 or not date.isdigit():
        return False
    wanted = sorted((int(date[:4]), int(date[4:6]), int(date[6:])))
    numbers = [int(part) for part in _DIGITS.findall(text) if len(part) <= 8]
    return int(date) in numbers or any(
        sorted(numbers[start : start + 3]) == wanted for start in range(len(numbers) - 2)
    )


def _has_name(text: str, person: Mapping[str, str]) -> bool:
    name = fold(person.get("PatientName", "")).replace("_", " ")
    words = set(_WORD.findall(text.replace("_", " ")))
    found = {part for part in _WORD.findall(name) if len(part) >= _SHORTEST_PART and part in words}
    return len(found) >= 2
