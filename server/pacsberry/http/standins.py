"""UIDs as students get them: stand-ins that are the same for the same UID, and tell nothing else.

An Orthanc identifier is a digest of the patient's number and of UIDs (SHA-1): with both, a number of eight digits is
found by trial in a minute.  UIDs of classes and transfer syntaxes are the standard's, and stay.
"""

import hashlib
import os
from collections.abc import Mapping
from typing import Any, Final

_KEY: Final = os.urandom(16)  # of this start: an open page asks again
_OF_THE_STANDARD: Final = "1.2.840.10008."


def stand_in(uid: str) -> str:
    """A UID in the place of another; '' for ''."""
    if not uid or uid.startswith(_OF_THE_STANDARD):
        return uid
    digest = hashlib.blake2b(uid.encode("utf-8", "surrogatepass"), key=_KEY, digest_size=16).digest()
    return f"2.25.{int.from_bytes(digest)}"


def with_stand_ins(told: Mapping[str, Any]) -> dict[str, object]:
    """The same JSON object with a stand-in for the value of each name that ends in UID."""
    return {
        name: stand_in(value) if name.endswith("UID") and isinstance(value, str) else _within(value)
        for name, value in told.items()
    }


def _within(value: Any) -> object:
    if isinstance(value, Mapping):
        return with_stand_ins(value)
    return list(map(_within, value)) if isinstance(value, list | tuple) else value
