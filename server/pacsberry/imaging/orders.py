"""What is asked of a pixel worker and what it answers: messages of a few hundred bytes of JSON.

One packet is one message.  With an order travel two open files: the stored one to read, an empty one to write.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any, Final, Self

MOST_BYTES: Final = 65536  # of one message


class Product(StrEnum):
    """What is made of one frame."""

    PREVIEW = "preview"  # 8 bits, the values present stretched over all grey levels
    RENDERED = "rendered"  # 8 bits, through the windows the file or the client names
    UINT8 = "uint8"  # stored values, clamped
    UINT16 = "uint16"
    INT16 = "int16"
    NUMBERS = "numbers"  # all values, little endian, row by row
    MATLAB = "matlab"  # the same as text that Octave reads
    SURVEY = "survey"  # what a window for a whole stack is chosen by: survey.Survey
    SLICE = "slice"  # a small picture of 8 bits (when fit_width), and all values as JPEG-LS (when is_full) behind it
    STREAM = "stream"  # the frame as `transfer_syntax` has it
    MODEL = "model"  # no pixels: the data set as DICOMweb tells it in JSON, by `model`
    CAPTURE = "capture"  # of a JPEG or PNG, no DICOM file: the picture as one stream in `transfer_syntax`
    FILE = "file"  # the whole file in `transfer_syntax`, in pieces: `frame` is where this one begins


class Form(StrEnum):
    """The file format of a picture: its media type."""

    PNG = "image/png"
    JPEG = "image/jpeg"
    PAM = "image/x-portable-arbitrarymap"
    WEBP = "image/webp"


@dataclass(frozen=True, slots=True)
class Order:
    """One product of one frame; what does not concern it is ignored."""

    product: Product
    frame: int = 0  # counted from 0
    form: Form = Form.PNG
    quality: int = 90  # of what loses something, 1 to 100
    window_center: float | None = None  # None: that of the file, or of all values
    window_width: float | None = None
    window_function: str = "LINEAR_EXACT"  # of a window named here; this is Orthanc's formula
    fit_width: int = 0  # pixels; the picture fits in there and keeps its proportions; 0: any
    fit_height: int = 0
    smooth: bool = False  # average over what a smaller picture leaves out
    overlays: bool = False  # drawn in white
    rescale: bool = False  # of NUMBERS: through the modality's slope and intercept, as 32-bit floats
    is_full: bool = False  # of SLICE: with all values
    transfer_syntax: str = ""  # of STREAM, CAPTURE and FILE: a UID
    model: tuple[str, ...] = ()  # of MODEL: root of addresses; UIDs of study, series and instance; default encoding
    sop_uid: str = ""  # of FILE: the UID that the object gets when something is lost; else it keeps its own

    def to_bytes(self, *, is_packed: bool) -> bytes:
        """As a message; `is_packed`: the file that travels with it is packed with gzip."""
        return json.dumps({**asdict(self), "is_packed": is_packed}).encode()

    @classmethod
    def of_bytes(cls, message: bytes) -> tuple[Self, bool]:
        """The order in a message, and whether its file is packed."""
        fields: dict[str, Any] = json.loads(message)
        is_packed = bool(fields.pop("is_packed"))
        fields["product"] = Product(fields["product"])
        fields["form"] = Form(fields["form"])
        return cls(**fields), is_packed


class Outcome(StrEnum):
    """How an order ended."""

    READY = "ready"  # sent once, before any order: the worker has started
    MADE = "made"
    NO_FRAME = "no-frame"  # the file has no frame of that number
    BAD_ORDER = "bad-order"  # what is asked for is too large
    REFUSED = "refused"  # the file cannot be shown, with the reason
    DAMAGED = "damaged"  # the stored file is not what was stored
    BROKEN = "broken"  # an error of ours; the worker does not go on


@dataclass(frozen=True, slots=True)
class Reply:
    """What a worker says.  It is believed in nothing but what is checked: a hostile image may speak through it."""

    outcome: Outcome
    reason: str = ""
    length: int = 0  # bytes of the product
    shape: tuple[int, ...] = ()  # rows, columns, samples; of SLICE: bytes of its parts, and of them as numbers
    number_type: str = ""  # of NUMBERS: numpy's code, as '<i2'
    frames: int = 0  # of the file
    next_frame: int = 0  # of FILE: where the next piece begins; 0: this was the last
    table: int = 0  # of FILE: where the basic offset table is that has to be filled in; 0: nowhere
    cpu_seconds: float = 0.0  # that this worker has used since it started

    def to_bytes(self) -> bytes:
        """As a message."""
        return json.dumps(asdict(self)).encode()

    @classmethod
    def of_bytes(cls, message: bytes) -> Self:
        """The reply in a message; ValueError when it is none."""
        try:
            fields: Mapping[str, Any] = json.loads(message)
            return cls(
                outcome=Outcome(fields["outcome"]),
                reason=str(fields["reason"])[:500],
                length=int(fields["length"]),
                shape=tuple(int(number) for number in fields["shape"])[:3],
                number_type=str(fields["number_type"]),
                frames=int(fields["frames"]),
                next_frame=int(fields.get("next_frame", 0)),
                table=int(fields.get("table", 0)),
                cpu_seconds=float(fields["cpu_seconds"]),
            )
        except (KeyError, TypeError, RecursionError) as error:
            raise ValueError("not a reply") from error
