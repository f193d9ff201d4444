"""What cannot be written in a transfer syntax is refused with the reason, or copied as it is."""

from collections.abc import Mapping

import numpy as np
import pytest

from pacsberry.errors import NotUnderstood
from pacsberry.imaging.targets import LOSSLESS, NATIVE
from tests.imaging.transcoded import dataset, samples, transcoded
from tests.imaging.transcoding_aids import noise, slope
from tests.makers import DEFLATED, EXPLICIT, IMPLICIT, make_dataset, make_instance, part10
from tests.makers import images as made
from tests.makers.images import make_image


@pytest.mark.parametrize(
    ("how", "target"),
    [
        ({"photometric": "PALETTE COLOR"}, made.JPEG_BASELINE),
        ({"dtype": "i1"}, made.JPEG_BASELINE),
        ({"dtype": "i2"}, made.JPEG_LS_NEAR),
        ({"dtype": "u4"}, made.JPEG_LS),
        ({"dtype": "u2"}, made.JPEG_BASELINE),
        ({"dtype": "u2"}, made.JPEG_EXTENDED),
    ],
)
def test_what_a_syntax_cannot_hold_is_refused_with_the_reason(how: Mapping[str, str], target: str) -> None:
    values = np.zeros((8, 8), how.get("dtype", "u1"))

    with pytest.raises(NotUnderstood):
        transcoded(make_image(values, photometric=how.get("photometric", "")), target)


def test_signed_images_may_lose_something_as_jpeg_2000() -> None:
    values = (slope("i2", 12, 64, 64) - 1024).astype("i2")

    for target in (made.JPEG_2000_LOSSY, made.HTJ2K_LOSSY):
        file = transcoded(make_image(values), target)
        assert abs(samples(file).astype(int) - values).max() < 200


def test_single_bits_and_floats_are_copied_between_native_syntaxes_and_not_compressed() -> None:
    bits = make_dataset("CT", tags={"BitsAllocated": 1, "BitsStored": 1, "HighBit": 0, "PixelData": b"\x55" * 32})
    floats = make_dataset("CT", tags={"PixelData": None, "BitsAllocated": 32})
    floats.FloatPixelData = np.arange(256, dtype="<f4").tobytes()

    for ds in (bits, floats):
        for target in (IMPLICIT, DEFLATED):
            after = dataset(transcoded(part10(ds), target))
            assert after[list(ds)[-1].tag].value == list(ds)[-1].value
        with pytest.raises(NotUnderstood):
            transcoded(part10(ds), made.JPEG_LS)


def test_an_object_without_pixels_is_written_in_native_syntaxes_only() -> None:
    data = make_instance("SR")

    for target in NATIVE:
        after = dataset(transcoded(data, target))
        assert after.file_meta.TransferSyntaxUID == target
        assert after == dataset(data)
    for target in LOSSLESS:
        with pytest.raises(NotUnderstood, match="no image"):
            transcoded(data, target)


def test_fewer_frames_than_claimed_are_not_compressed() -> None:
    data = make_image([noise("u1", 8, 8, 8)] * 2, tags={"NumberOfFrames": 9})

    with pytest.raises(NotUnderstood, match="9 frames"):
        transcoded(data, made.JPEG_LS)


@pytest.mark.parametrize("syntax", ["1.2.840.10008.1.2.4.102", "1.2.840.10008.1.2.4.94", "1.2.3", ""])
def test_what_nobody_encodes_is_refused(syntax: str) -> None:
    with pytest.raises(NotUnderstood):
        transcoded(make_instance("CT"), syntax)


def test_video_is_not_decompressed() -> None:
    data = make_instance("CT", transfer_syntax="1.2.840.10008.1.2.4.102")

    with pytest.raises(NotUnderstood):
        transcoded(data, EXPLICIT)
