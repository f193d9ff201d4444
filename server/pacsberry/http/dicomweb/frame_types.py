"""The media types of frames, and which transfer syntax each means (PS3.18 table 8.7.3-5)."""

from typing import Final

from pacsberry.dicom.syntax import EXPLICIT_LITTLE
from pacsberry.http.answers import BINARY
from pacsberry.http.mediatypes import MediaRange
from pacsberry.imaging.targets import LOSSLESS, can_be_transcoded

JPEG, JPEG_LS, JPEG_2000, HTJ2K, RLE = "image/jpeg", "image/jls", "image/jp2", "image/jphc", "image/dicom-rle"
MEDIA_TYPES: Final = {  # by transfer syntax; all others are application/octet-stream
    "1.2.840.10008.1.2.4.50": JPEG,
    "1.2.840.10008.1.2.4.51": JPEG,
    "1.2.840.10008.1.2.4.57": JPEG,
    "1.2.840.10008.1.2.4.70": JPEG,
    "1.2.840.10008.1.2.4.80": JPEG_LS,
    "1.2.840.10008.1.2.4.81": JPEG_LS,
    "1.2.840.10008.1.2.4.90": JPEG_2000,
    "1.2.840.10008.1.2.4.91": JPEG_2000,
    "1.2.840.10008.1.2.4.201": HTJ2K,
    "1.2.840.10008.1.2.4.202": HTJ2K,
    "1.2.840.10008.1.2.4.203": HTJ2K,
    "1.2.840.10008.1.2.5": RLE,
}
_DEFAULTS: Final = {  # what a media type means to who names no syntax
    BINARY: EXPLICIT_LITTLE,
    JPEG: "1.2.840.10008.1.2.4.70",
    JPEG_LS: "1.2.840.10008.1.2.4.80",
    JPEG_2000: "1.2.840.10008.1.2.4.90",
    HTJ2K: "1.2.840.10008.1.2.4.201",
    RLE: "1.2.840.10008.1.2.5",
}


def transcoding_target(wanted: MediaRange, inside: str, stored: str) -> str:
    """The syntax that frames stored in another one are transcoded to for a client; '' for none.

    `inside`: the media type it names, '' for any.  Never a syntax that loses something: frames keep the UID of their
    instance.
    """
    if not can_be_transcoded(stored):
        return ""
    named = wanted.parameters.get("transfer-syntax", "")
    if named in ("", "*"):
        return _DEFAULTS.get(inside, "") if inside != BINARY or not named else ""
    if named == EXPLICIT_LITTLE:
        return named if inside in ("", BINARY) else ""
    return named if named in LOSSLESS and inside in ("", BINARY, MEDIA_TYPES[named]) else ""
