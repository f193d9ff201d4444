"""How the samples of an image are stored, as its data set says (PS3.3 C.7.6.3), and whether that can be shown."""

from dataclasses import dataclass
from typing import Final

from pacsberry.errors import NotUnderstood
from pacsberry.imaging.worker.header import Values

_SAMPLES_PER_PIXEL: Final = 0x00280002
_PHOTOMETRIC_INTERPRETATION: Final = 0x00280004
_PLANAR_CONFIGURATION: Final = 0x00280006
_ROWS, _COLUMNS = 0x00280010, 0x00280011
_BITS_ALLOCATED, _BITS_STORED, _HIGH_BIT, _PIXEL_REPRESENTATION = 0x00280100, 0x00280101, 0x00280102, 0x00280103

MOST_SAMPLES: Final = 32 << 20  # of one frame: a mammogram has 13 million; what is larger comes in tiles


@dataclass(frozen=True, slots=True)
class Layout:
    """How the samples of a frame are stored."""

    rows: int
    columns: int
    samples: int  # a pixel: 1 or 3
    bits_allocated: int
    bits_stored: int
    high_bit: int
    is_signed: bool
    is_float: bool
    is_planar: bool
    photometric_interpretation: str

    @property
    def shape(self) -> tuple[int, ...]:
        """Of an array of a frame's samples."""
        return (self.rows, self.columns) if self.samples == 1 else (self.rows, self.columns, self.samples)


def read_layout(values: Values, float_bits: int) -> Layout:
    """The layout; NotUnderstood when it is none that is shown.  `float_bits`: of floating point pixels, else 0."""
    allocated = float_bits or values.number(_BITS_ALLOCATED, 0)
    stored = allocated if float_bits else values.number(_BITS_STORED, allocated)
    if not 0 < stored <= allocated:
        stored = allocated
    high_bit = values.number(_HIGH_BIT, stored - 1)
    if not stored - 1 <= high_bit < allocated:
        high_bit = stored - 1
    layout = Layout(
        rows=values.number(_ROWS, 0),
        columns=values.number(_COLUMNS, 0),
        samples=values.number(_SAMPLES_PER_PIXEL, 1),
        bits_allocated=allocated,
        bits_stored=stored,
        high_bit=high_bit,
        is_signed=values.number(_PIXEL_REPRESENTATION, 0) == 1 and allocated > 1,
        is_float=float_bits > 0,
        is_planar=values.number(_PLANAR_CONFIGURATION, 0) == 1,
        photometric_interpretation=values.text(_PHOTOMETRIC_INTERPRETATION),
    )
    _judge(layout)
    return layout


def _judge(layout: Layout) -> None:
    if layout.rows <= 0 or layout.columns <= 0:
        raise NotUnderstood("The file does not say how many rows and columns its image has.")
    if layout.samples not in (1, 3):
        raise NotUnderstood(f"Images of {layout.samples} samples per pixel are not shown.")
    if layout.bits_allocated not in (1, 8, 16, 32, 64):
        raise NotUnderstood(f"Images of {layout.bits_allocated} bits per sample are not shown.")
    if layout.rows * layout.columns * layout.samples > MOST_SAMPLES:
        raise NotUnderstood(
            f"The image has {layout.columns} x {layout.rows} pixels of {layout.samples} samples; "
            f"more than {MOST_SAMPLES >> 20} million samples are not shown."
        )
