"""One frame of a file: what its data set says of it, and its values as numbers.

The size is judged here: what would need more memory than this process has is refused before it is read.
"""

from dataclasses import dataclass
from typing import Any, Final

from numpy.typing import NDArray

from pacsberry.dicom.elements import Kind
from pacsberry.dicom.frames import Frames
from pacsberry.dicom.part10 import DicomFile
from pacsberry.errors import NotUnderstood, UnknownResource
from pacsberry.imaging.worker import codecs, colour, native
from pacsberry.imaging.worker.header import Values, of_frame, read_values
from pacsberry.imaging.worker.layout import Layout, read_layout

FLOATS: Final = {0x7FE00008: 32, 0x7FE00009: 64}  # pixel data of floating point numbers: bits of one
MOST_STORED_BYTES: Final = 96 << 20  # of one frame


@dataclass(frozen=True, slots=True)
class Samples:
    """A decoded frame as it is stored: values (rows, columns) or (rows, columns, 3)."""

    layout: Layout
    header: Values  # what holds for this frame
    values: NDArray[Any]
    is_rgb: bool  # the codec has made RGB of three samples already
    number: int
    frames: int  # of the file


@dataclass(frozen=True, slots=True)
class Frame:
    """A decoded frame: stored values (rows, columns), or colours (rows, columns, 3), which are RGB of 8 bits."""

    layout: Layout
    header: Values  # what holds for this frame
    values: NDArray[Any]
    number: int
    frames: int  # of the file

    @property
    def is_colour(self) -> bool:
        """Whether there are three samples a pixel."""
        return self.values.ndim == 3


def read_frame(file: DicomFile, number: int) -> Frame:
    """Decode a frame; UnknownResource when there is none, NotUnderstood or UnreadableDicom when it cannot be shown."""
    return in_colours(read_samples(file, number))


def read_samples(file: DicomFile, number: int) -> Samples:
    """Decode a frame and leave colours as they are; raises as `read_frame`."""
    frames = Frames(file)
    pixels = frames.description.pixels
    if pixels is None:
        raise NotUnderstood("There is no image in this object.")
    whole = read_values(file)
    layout = read_layout(whole, FLOATS.get(pixels.tag, 0))
    if not frames.count:
        raise NotUnderstood("The pixel data is shorter than one image of the size that the file claims.")
    if not 0 <= number < frames.count:
        raise UnknownResource(f"There is no frame {number}: the file has {frames.count}, counted from 0.")
    if frames.length(number) > MOST_STORED_BYTES:
        raise NotUnderstood(f"The frame has more than {MOST_STORED_BYTES >> 20} MB.")
    data = b"".join(frames.chunks(number))
    if pixels.kind == Kind.FRAGMENTS:
        values, is_rgb = codecs.decode(data, file.transfer_syntax_uid, layout)
    else:
        values, is_rgb = native.decode(data, file.transfer_syntax_uid, pixels, layout), False
    return Samples(layout, of_frame(whole, number), values, is_rgb, number, frames.count)


def in_colours(samples: Samples) -> Frame:
    """The frame with three samples a pixel, or indices of a palette, as RGB; NotUnderstood."""
    layout, values = samples.layout, samples.values
    if layout.samples == 3:
        values = colour.to_rgb(values, layout, is_rgb=samples.is_rgb)
    elif layout.photometric_interpretation == "PALETTE COLOR":
        values = colour.through_palette(values, samples.header, layout)
    return Frame(layout, samples.header, values, samples.number, samples.frames)
