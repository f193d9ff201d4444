"""Pictures of all the ways in which values become grey, each a series of its own that is named by its description.

All are eight by eight squares of one value each, so that what is drawn can be compared square by square in any size.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
from pydicom.dataset import Dataset

from tests.makers import images
from tests.makers.images import Pixels, make_image
from tests.makers.instances import uid_for
from tests.makers.syntaxes import BIG_ENDIAN, DEFLATED, EXPLICIT, IMPLICIT

SQUARES = 8  # a side
PIXELS = 8  # of a square, a side
ENHANCED_CT = "1.2.840.10008.5.1.4.1.1.2.1"
PATIENT = "ODD"
FRAMES = 5  # of the image that has several


def odd() -> Iterator[bytes]:
    """The files of one study."""
    for number, (name, arguments) in enumerate(_kinds(), 1):
        pixels, syntax, more = arguments
        tags: dict[str, object] = {
            "PatientID": PATIENT,
            "StudyInstanceUID": uid_for(PATIENT),
            "SeriesInstanceUID": uid_for(PATIENT, number),
            "SOPInstanceUID": uid_for(PATIENT, number, 1),
            "SeriesNumber": number,
            "SeriesDescription": name,
            "StudyDescription": "Ways of becoming grey",
            **more.pop("tags", {}),
        }
        yield make_image(pixels, syntax, tags=tags, **more)


def squares(lowest: float, highest: float, kind: str) -> Pixels:
    """A ramp over all squares from the upper left one to the lower right one."""
    ramp = np.linspace(lowest, highest, SQUARES * SQUARES).reshape(SQUARES, SQUARES)
    return np.kron(np.rint(ramp) if kind[1] != "f" else ramp, np.ones((PIXELS, PIXELS))).astype(kind)


def _kinds() -> Iterator[tuple[str, tuple[Pixels | list[Pixels], str, dict[str, Any]]]]:
    explicit = EXPLICIT
    yield "plain", (squares(0, 4095, "<u2"), explicit, {"bits_stored": 12, "tags": _window(2000, 3000)})
    yield "implicit", (squares(0, 4095, "<u2"), IMPLICIT, {"tags": _window(2000, 3000)})
    yield "big endian", (squares(0, 4095, "<u2"), BIG_ENDIAN, {"tags": _window(2000, 3000)})
    yield "deflated", (squares(0, 4095, "<u2"), DEFLATED, {"tags": _window(2000, 3000)})
    yield "no window", (squares(100, 900, "<u2"), explicit, {})
    yield "narrow window", (squares(0, 63, "u1"), explicit, {"tags": _window(30, 6)})
    yield (
        "narrow window, exact",
        (
            squares(0, 63, "u1"),
            explicit,
            {"tags": _window(30, 6) | {"VOILUTFunction": "LINEAR_EXACT"}},
        ),
    )
    yield "signed", (squares(-1024, 3000, "<i2"), explicit, {"tags": _window(400, 2000)})
    yield (
        "signed, 12 bits",
        (
            squares(-2048, 2047, "<i2"),
            explicit,
            {"bits_stored": 12, "tags": _window(0, 3000)},
        ),
    )
    yield "rescaled", (squares(0, 4000, "<u2"), explicit, {"tags": _rescaled(1, -1024) | _window(300, 1500)})
    yield (
        "rescaled, small slope",
        (
            squares(0, 60000, "<u2"),
            explicit,
            {"tags": _rescaled(0.0001, 0) | _window(2.5, 4) | {"Modality": "PT"}},
        ),
    )
    yield (
        "MONOCHROME1",
        (
            squares(0, 4095, "<u2"),
            explicit,
            {"photometric": "MONOCHROME1", "tags": _window(2000, 3000)},
        ),
    )
    yield (
        "MONOCHROME1, padded",
        (
            _padded(squares(100, 4095, "<u2"), 0),
            explicit,
            {"photometric": "MONOCHROME1", "tags": _window(2000, 3000) | {"PixelPaddingValue": 0}},
        ),
    )
    yield (
        "padded",
        (
            _padded(squares(-1000, 2000, "<i2"), 3000),
            explicit,
            {"tags": _window(500, 2000) | {"PixelPaddingValue": 3000}},
        ),
    )
    yield (
        "sigmoid",
        (
            squares(0, 4095, "<u2"),
            explicit,
            {"tags": _window(2000, 1500) | {"VOILUTFunction": "SIGMOID"}},
        ),
    )
    yield (
        "VOI table",
        (
            squares(0, 255, "<u2"),
            explicit,
            {"tags": {"VOILUTSequence": [_table(0, [min(255, int(255 * (v / 255) ** 2)) for v in range(256)], 8)]}},
        ),
    )
    yield (
        "modality table",
        (
            squares(0, 255, "<u2"),
            explicit,
            {
                "tags": {"ModalityLUTSequence": [_table(0, [1000 + 4 * abs(v - 128) for v in range(256)], 16)]}
                | _window(1250, 500)
            },
        ),
    )
    yield (
        "palette",
        (
            squares(0, 255, "u1"),
            explicit,
            {"photometric": "PALETTE COLOR", "tags": _palette()},
        ),
    )
    colours = np.stack([squares(0, 255, "u1"), squares(255, 0, "u1"), squares(40, 200, "u1")], axis=2)
    yield "RGB", (colours, explicit, {})
    yield "RGB by plane", (colours, explicit, {"is_planar": True})
    yield "YBR_FULL", (colours, explicit, {"photometric": "YBR_FULL"})
    yield "YBR_FULL by plane", (colours, explicit, {"photometric": "YBR_FULL", "is_planar": True})
    yield "RGB, RLE", (colours, images.RLE, {"is_planar": True})
    yield "RGB, JPEG 2000", (colours, images.JPEG_2000, {})
    yield "JPEG in colours", (colours, images.JPEG_BASELINE, {"photometric": "YBR_FULL_422"})
    twelve = {"bits_stored": 12, "tags": _window(2000, 600)}
    yield "JPEG, 12 bits", (squares(0, 4095, "<u2"), images.JPEG_EXTENDED, twelve)
    yield "JPEG", (squares(0, 255, "u1"), images.JPEG_BASELINE, {"tags": _window(128, 256)})
    yield (
        "JPEG lossless, signed",
        (
            squares(-1000, 3000, "<i2"),
            images.JPEG_LOSSLESS_FIRST,
            {"tags": _window(400, 2000)},
        ),
    )
    yield "JPEG-LS", (squares(0, 4095, "<u2"), images.JPEG_LS, {"bits_stored": 12, "tags": _window(2000, 3000)})
    yield "JPEG-LS, signed", (squares(-1000, 3000, "<i2"), images.JPEG_LS, {"tags": _window(400, 2000)})
    yield "JPEG 2000, signed", (squares(-1000, 3000, "<i2"), images.JPEG_2000, {"tags": _window(400, 2000)})
    yield "HTJ2K", (squares(0, 4095, "<u2"), images.HTJ2K, {"tags": _window(2000, 3000)})
    yield "RLE", (squares(0, 4095, "<u2"), images.RLE, {"tags": _window(2000, 3000)})
    yield "32 bits", (squares(0, 1_000_000, "<u4"), explicit, {"tags": _window(500_000, 1_000_000)})
    yield (
        "oblong pixels",
        (
            squares(0, 4095, "<u2")[::2],
            explicit,
            {"tags": _window(2000, 3000) | {"PixelSpacing": [2.0, 1.0]}},
        ),
    )
    yield (
        "oblong pixels, lying",
        (
            squares(0, 4095, "<u2")[:, ::2],
            explicit,
            {"tags": _window(2000, 3000) | {"PixelSpacing": None, "PixelAspectRatio": [1, 2]}},
        ),
    )
    yield "enhanced CT", ([squares(0, 3000, "<u2")] * FRAMES, explicit, {"tags": _enhanced()})


def _window(center: float, width: float) -> dict[str, object]:
    return {"WindowCenter": center, "WindowWidth": width}


def _rescaled(slope: float, intercept: float) -> dict[str, object]:
    return {"RescaleSlope": slope, "RescaleIntercept": intercept, "RescaleType": "US"}


def _padded(values: Pixels, padding: int) -> Pixels:
    """The left and the right column of squares are padding."""
    values[:, :PIXELS] = padding
    values[:, -PIXELS:] = padding
    return values


def _table(first: int, entries: list[int], bits: int) -> Dataset:
    item = Dataset()
    item.add_new(0x00283002, "US", [len(entries), first, bits])
    item.add_new(0x00283006, "US", entries)
    item.ModalityLUTType = "US"
    return item


def _palette() -> dict[str, object]:
    ramp = np.arange(256, dtype="<u2") * 257
    found: dict[str, object] = {}
    for colour, entries in (("Red", ramp), ("Green", ramp[::-1]), ("Blue", np.roll(ramp, 64))):
        found[f"{colour}PaletteColorLookupTableDescriptor"] = [256, 0, 16]
        found[f"{colour}PaletteColorLookupTableData"] = entries.tobytes()
    return found


def _enhanced() -> dict[str, object]:
    """Each frame has a place, a slope and a window of its own."""
    shared = Dataset()
    shared.PixelMeasuresSequence = [Dataset()]
    shared.PixelMeasuresSequence[0].PixelSpacing = [0.5, 0.5]
    shared.PixelMeasuresSequence[0].SliceThickness = 2
    shared.PlaneOrientationSequence = [Dataset()]
    shared.PlaneOrientationSequence[0].ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
    frames = []
    for number in range(FRAMES):
        frame = Dataset()
        frame.PlanePositionSequence = [Dataset()]
        frame.PlanePositionSequence[0].ImagePositionPatient = [0, 0, 2 * number]
        frame.PixelValueTransformationSequence = [Dataset()]
        for keyword, value in _rescaled((2, 1, 2, 3, 1)[number], -1000).items():
            setattr(frame.PixelValueTransformationSequence[0], keyword, value)
        frame.FrameVOILUTSequence = [Dataset()]
        for keyword, value in _window(500 * (1 + number), 2000).items():
            setattr(frame.FrameVOILUTSequence[0], keyword, value)
        frames.append(frame)
    return {
        "SOPClassUID": ENHANCED_CT,
        "SharedFunctionalGroupsSequence": [shared],
        "PerFrameFunctionalGroupsSequence": frames,
        "ImagePositionPatient": None,
        "ImageOrientationPatient": None,
        "PixelSpacing": None,
    }
