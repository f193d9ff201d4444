"""What is looked at in some frames of a stack before one window is chosen for all: a message from a pixel worker."""

import json
import math
from dataclasses import asdict, dataclass
from typing import Any, Final, NamedTuple, Self

_MOST_NUMBERS: Final = 1000


class StackWindow(NamedTuple):
    """Values between black and white, in the modality's unit."""

    center: float
    width: float
    function: str  # VOILUTFunction (PS3.3 C.11.2.1.3): LINEAR, LINEAR_EXACT or SIGMOID


@dataclass(frozen=True, slots=True)
class Survey:
    """Of one frame."""

    modality: str  # "" when the file does not say
    window: StackWindow | None  # that the file names
    has_table: bool  # of values for the viewer, in the place of a window
    is_colour: bool
    quantiles: tuple[float, ...]  # of the values shown, in the modality's unit, ascending and evenly spread

    def to_bytes(self) -> bytes:
        """As a message."""
        return json.dumps(asdict(self)).encode()

    @classmethod
    def of_bytes(cls, message: bytes) -> Self:
        """The survey in a message; ValueError when it is none.  A hostile image may have written it."""
        try:
            fields: Any = json.loads(message)
            window = fields["window"]
            quantiles = tuple(_finite(number) for number in fields["quantiles"])
            if len(quantiles) > _MOST_NUMBERS:
                raise ValueError("not a survey")
            return cls(
                modality=str(fields["modality"])[:16],
                window=StackWindow(_finite(window[0]), _finite(window[1]), str(window[2])[:16]) if window else None,
                has_table=bool(fields["has_table"]),
                is_colour=bool(fields["is_colour"]),
                quantiles=quantiles,
            )
        except (KeyError, IndexError, TypeError, RecursionError) as error:
            raise ValueError("not a survey") from error


def _finite(value: Any) -> float:
    number = float(value)
    if not math.isfinite(number):
        raise ValueError("not a number")
    return number
