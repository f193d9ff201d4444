"""Media ranges of an Accept header with their parameters (RFC 9110, 12.5.1).

DICOMweb says in parameters what it wants inside: multipart/related; type="application/dicom"; transfer-syntax=*.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from pacsberry.http.request import Request

_MOST_RANGES = 32
# What is quoted ends with its quote or the header: looking for a quote that is not there would be done anew from each
# character on, for half a minute.
_RANGE = re.compile(r'(?:[^,"]|"(?:[^"\\]|\\.)*"?)+')
_PIECE = re.compile(r'(?:[^;"]|"(?:[^"\\]|\\.)*"?)+')


@dataclass(frozen=True, slots=True)
class MediaRange:
    """One media type, or a family of them, that a client takes."""

    kind: str  # lower case: 'multipart/related', 'image/*', '*/*'
    parameters: Mapping[str, str]  # names in lower case, values without quotes
    weight: float

    @property
    def inside(self) -> str:
        """The type of the parts of a multipart answer, lower case; '' when any will do."""
        kind = self.parameters.get("type", "").partition(";")[0].strip().lower()
        return "" if kind == "*/*" else kind


def accepted_by(request: Request) -> list[MediaRange]:
    """What the client takes, best first; anything when it does not say, empty when nothing can please it.

    The argument `accept` of the address comes before the header (PS3.18 8.3.3.1): a page cannot set headers of images.
    """
    asked = request.arguments.get("accept", "").replace("dicom ", "dicom+")  # a '+' is a space in an address
    return parse_accept(asked or request.header("Accept") or "*/*")


def parse_accept(header: str) -> list[MediaRange]:
    """The media ranges of an Accept header, best first; those of weight 0 and beyond the 32nd are left out."""
    ranges = [media_type(text) for text in _RANGE.findall(header)[:_MOST_RANGES]]
    return sorted((found for found in ranges if found.kind and found.weight > 0), key=lambda found: -found.weight)


def media_type(text: str) -> MediaRange:
    """One media type with its parameters, as Accept has several and Content-Type has one."""
    kind, *pieces = _PIECE.findall(text) or [""]
    parameters = {}
    for piece in pieces:
        name, _, value = piece.partition("=")
        value = value.strip()
        if len(value) > 1 and value[0] == value[-1] == '"':
            value = re.sub(r"\\(.)", r"\1", value[1:-1])
        parameters[name.strip().lower()] = value
    try:
        weight = float(parameters.pop("q", "1"))
    except ValueError:
        weight = 0.0
    return MediaRange(kind.strip().lower(), parameters, weight)
