"""Files in another transfer syntax: values, attributes and losses, against pydicom."""

import io
from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate_extended
from pydicom.pixels.utils import pixel_array
from pydicom.sequence import Sequence

from pacsberry.dicom.part10 import DicomFile
from pacsberry.errors import UnknownResource
from pacsberry.imaging.orders import Order, Product
from pacsberry.imaging.targets import ALL, LOSSLESS, LOSSY, NATIVE
from pacsberry.imaging.worker import transcoding
from pacsberry.imaging.worker.transcoding import write_file
from tests.imaging.transcoded import NEW_UID, dataset, frame_in, samples, transcoded
from tests.imaging.transcoding_aids import noise, slope
from tests.makers import BIG_ENDIAN, DEFLATED, EXPLICIT, make_dataset, part10
from tests.makers import images as made
from tests.makers.images import make_image

SOURCES = (*NATIVE, *made.LOSSLESS)


@pytest.mark.parametrize(("dtype", "bits"), [("u1", 8), ("u2", 12), ("i2", 16), ("i2", 12)])
@pytest.mark.parametrize("target", [*NATIVE, *LOSSLESS])
@pytest.mark.parametrize("source", SOURCES)
def test_grey_images_lose_nothing(source: str, target: str, dtype: str, bits: int) -> None:
    values = noise(dtype, bits, 13, 17)

    file = transcoded(make_image(values, source, bits_stored=bits), target)

    ds = dataset(file)
    assert ds.file_meta.TransferSyntaxUID == target
    assert (ds.BitsAllocated, ds.BitsStored, ds.PixelRepresentation) == (values.itemsize * 8, bits, dtype[0] == "i")
    assert np.array_equal(samples(file), values)


@pytest.mark.parametrize("target", [*NATIVE, *LOSSLESS])
@pytest.mark.parametrize("source", SOURCES)
def test_colours_lose_nothing_and_are_named_as_they_lie(source: str, target: str) -> None:
    values = noise("u1", 8, 9, 11, 3)
    photometric = "YBR_RCT" if source in (made.JPEG_2000, made.HTJ2K) else "RGB"

    file = transcoded(make_image(values, source, photometric=photometric), target)

    ds = dataset(file)
    is_wavelet = target.rpartition(".")[2] in ("90", "201", "202")
    assert ds.PhotometricInterpretation == ("YBR_RCT" if is_wavelet else "RGB")
    assert ds.PlanarConfiguration == (1 if target == made.RLE else 0)
    assert np.array_equal(samples(file), values)


@pytest.mark.parametrize("target", sorted(ALL))
def test_several_frames_stay_in_their_order(target: str) -> None:
    frames = [slope("u1", 8, 8, 9) // number for number in (1, 2, 3)]

    file = transcoded(make_image(frames), target)

    assert dataset(file).NumberOfFrames == 3
    for number, frame in enumerate(frames):
        assert abs(samples(file, number).astype(int) - frame).max() < (16 if target in LOSSY else 1)


@pytest.mark.parametrize("source", [made.RLE, made.JPEG_LS])
def test_odd_lengths_are_made_even(source: str) -> None:
    frames = [noise("u1", 8, 3, 5) for _ in range(3)]
    file = transcoded(make_image(frames, source), EXPLICIT)

    ds = dataset(file)

    assert ds["PixelData"].VR == "OB"
    assert len(ds.PixelData) == 46
    assert len(file) % 2 == 0


def test_what_stands_in_the_data_set_stays_as_it_is() -> None:
    data = make_image(noise("u2", 12, 8, 8), bits_stored=12)
    before = dataset(data)
    for target in (*NATIVE, *LOSSLESS):
        after = dataset(transcoded(data, target))
        del after.PixelData
        assert all(before[element.tag] == element for element in after)
        assert len(after) == len(before) - 1


def test_uids_and_the_sender_stay_in_the_file_meta_information() -> None:
    ds = make_dataset("CT")
    ds.file_meta.SourceApplicationEntityTitle = "SCANNER"

    meta = dataset(transcoded(part10(ds), made.JPEG_LS)).file_meta

    assert meta.MediaStorageSOPInstanceUID == ds.SOPInstanceUID
    assert meta.MediaStorageSOPClassUID == ds.SOPClassUID
    assert meta.SourceApplicationEntityTitle == "SCANNER"
    assert meta.FileMetaInformationGroupLength > 0


@pytest.mark.parametrize("target", sorted(LOSSY))
def test_what_loses_something_becomes_another_object_that_names_its_source(target: str) -> None:
    data = make_image(slope("u1", 8, 64, 64), tags={"ImageType": ["ORIGINAL", "PRIMARY", "AXIAL"]})
    before = dataset(data)

    after = dataset(transcoded(data, target))

    assert after.SOPInstanceUID == after.file_meta.MediaStorageSOPInstanceUID == NEW_UID
    assert after.ImageType == ["DERIVED", "PRIMARY", "AXIAL"]
    assert after.LossyImageCompression == "01"
    assert float(after.LossyImageCompressionRatio) > 2
    assert after.LossyImageCompressionMethod.startswith("ISO_1")
    assert after.SourceImageSequence[0].ReferencedSOPInstanceUID == before.SOPInstanceUID
    assert after.SourceImageSequence[0].ReferencedSOPClassUID == before.SOPClassUID
    assert after.SourceImageSequence[0].PurposeOfReferenceCodeSequence[0].CodeValue == "121320"
    assert after.DerivationCodeSequence[0].CodeValue == "113040"
    assert (after.StudyInstanceUID, after.SeriesInstanceUID) == (before.StudyInstanceUID, before.SeriesInstanceUID)


def test_a_second_loss_stands_behind_the_first() -> None:
    tags = {"LossyImageCompression": "01", "LossyImageCompressionRatio": "10", "LossyImageCompressionMethod": "X"}

    after = dataset(transcoded(make_image(slope("u1", 8, 32, 32), tags=tags), made.JPEG_BASELINE))

    assert list(after.LossyImageCompressionMethod) == ["X", "ISO_10918_1"]
    assert after.LossyImageCompressionRatio[0] == 10


def test_what_was_lossy_stays_marked_when_it_is_decompressed() -> None:
    data = make_image(slope("u1", 8, 32, 32), made.JPEG_BASELINE)

    after = dataset(transcoded(data, EXPLICIT))

    assert after.LossyImageCompression == "01"
    assert after.SOPInstanceUID == dataset(data).SOPInstanceUID


def test_lossy_colours_come_out_as_rgb() -> None:
    values = np.stack([slope("u1", 8, 32, 32)] * 3, axis=2)
    data = make_image(values, made.JPEG_BASELINE, photometric="YBR_FULL_422")

    after = dataset(transcoded(data, EXPLICIT))

    assert after.PhotometricInterpretation == "RGB"
    assert abs(pixel_array(after).astype(int) - values).max() < 12


def test_shared_chrominances_are_spread_before_they_are_compressed() -> None:
    ds = make_dataset("CT")
    ds.SamplesPerPixel, ds.PhotometricInterpretation, ds.PlanarConfiguration = 3, "YBR_FULL_422", 0
    ds.Rows, ds.Columns, ds.BitsAllocated, ds.BitsStored, ds.HighBit = 2, 4, 8, 8, 7
    ds.PixelData = bytes([10, 20, 128, 130, 30, 40, 120, 125] * 2)
    data = part10(ds)

    for target in (made.RLE, made.JPEG_LS, made.JPEG_2000):
        file = transcoded(data, target)
        assert dataset(file).PhotometricInterpretation == "YBR_FULL"
        assert np.array_equal(samples(file), samples(data))


@pytest.mark.parametrize("target", LOSSLESS)
def test_bits_beside_the_stored_ones_survive(target: str) -> None:
    """Overlays once lay there."""
    values = noise("u2", 16, 12, 12)
    data = make_image(values, bits_stored=12)

    back = transcoded(transcoded(data, target), EXPLICIT)

    assert dataset(back).PixelData == dataset(data).PixelData
    assert np.array_equal(samples(transcoded(data, target)), values & 0xFFF)  # and are not shown


@pytest.mark.parametrize("target", LOSSLESS)
def test_values_in_the_highest_bits_stay_there(target: str) -> None:
    values = noise("u2", 12, 12, 12)
    data = make_image(values << 4, bits_stored=12, tags={"HighBit": 15})

    back = transcoded(transcoded(data, target), EXPLICIT)

    assert dataset(back).PixelData == dataset(data).PixelData
    assert np.array_equal(samples(back), values)


def test_negative_values_without_their_sign_above_the_stored_bits_need_no_more_bits() -> None:
    ds = make_dataset("CT")
    ds.PixelRepresentation = 1
    ds.PixelData = np.full(256, 0x0FFE, "<u2").tobytes()

    file = transcoded(part10(ds), made.JPEG_LS)

    start = file.index(b"\xff\xf7")
    assert file[start + 4] == 12
    assert samples(file).min() == -2


def test_overlays_and_pictures_of_8_bits_in_words_stay_words() -> None:
    values = noise("u2", 8, 12, 12)

    for target in LOSSLESS:
        assert np.array_equal(samples(transcoded(make_image(values, bits_stored=8), target)), values)


def test_a_compressed_icon_goes_where_it_has_no_place() -> None:
    icon = Dataset()
    icon.Rows = icon.Columns = 1
    icon.PixelData = b"\xfe\xff\x00\xe0\0\0\0\0\xfe\xff\x00\xe0\x02\0\0\0ab"
    icon["PixelData"].VR = "OB"
    icon["PixelData"].is_undefined_length = True
    data = make_image(noise("u1", 8, 4, 4), made.RLE, tags={"IconImageSequence": Sequence([icon])})

    assert "IconImageSequence" in dataset(transcoded(data, made.JPEG_LS))
    for target in NATIVE:
        assert "IconImageSequence" not in dataset(transcoded(data, target))


def test_tables_of_offsets_that_do_not_hold_any_more_are_left_out() -> None:
    frames = [noise("u1", 8, 8, 8)] * 2
    ds = dataset(make_image(frames, made.RLE))
    ds.PixelData, ds.ExtendedOffsetTable, ds.ExtendedOffsetTableLengths = encapsulate_extended(
        [made.compress(frame, made.RLE, bits=8) for frame in frames]
    )
    data = part10(ds)

    for target in (EXPLICIT, made.JPEG_LS):
        assert "ExtendedOffsetTable" not in dataset(transcoded(data, target))
        assert "ExtendedOffsetTableLengths" not in dataset(transcoded(data, target))
        assert np.array_equal(samples(transcoded(data, target), 1), frames[1])


def test_what_stands_behind_the_pixels_stays_there() -> None:
    data = make_image(noise("u1", 8, 8, 8), made.RLE, tags={"DataSetTrailingPadding": b"1234"})

    for target in (*NATIVE, made.JPEG_LS):
        assert dataset(transcoded(data, target)).DataSetTrailingPadding == b"1234"


def test_words_of_big_endian_bytes_turn_both_ways() -> None:
    values = noise("u1", 8, 5, 6)
    data = make_image(values)

    big = transcoded(data, BIG_ENDIAN)

    assert np.array_equal(samples(big), values)
    assert dataset(transcoded(big, EXPLICIT)).PixelData == dataset(data).PixelData


@pytest.mark.parametrize("dtype", ["u4", "i4"])
def test_samples_of_32_bits_turn_as_a_whole_as_pydicom_reads_them(dtype: str) -> None:
    values = noise(dtype, 32, 5, 6)

    big = transcoded(make_image(values), BIG_ENDIAN)

    assert np.array_equal(pixel_array(dataset(big)), values)
    assert np.array_equal(samples(transcoded(big, EXPLICIT)), values)


def test_a_file_of_many_pieces_is_the_same_as_one_of_one_piece(monkeypatch: pytest.MonkeyPatch) -> None:
    frames = [noise("u1", 8, 40, 40) for _ in range(5)]
    data = make_image(frames)
    for target in (*NATIVE, *LOSSLESS):
        monkeypatch.undo()
        whole = transcoded(data, target)
        monkeypatch.setattr(transcoding, "_PIECE_BYTES", 1)
        monkeypatch.setattr(transcoding, "_COPIED_BYTES", 1600)
        pieces = io.BytesIO()
        counts = 0
        unit = 0
        while True:
            reply = write_file(
                Order(Product.FILE, transfer_syntax=target, frame=unit), DicomFile.open(data), pieces.write
            )
            counts += 1
            unit = reply.next_frame
            if not unit:
                break
        assert counts > 1
        if target == DEFLATED:
            assert dataset(pieces.getvalue()) == dataset(whole)
        elif target in NATIVE:
            assert pieces.getvalue() == whole
        else:  # but for the table, which the server fills in
            assert pieces.getvalue()[-2000:] == whole[-2000:]
            assert len(pieces.getvalue()) == len(whole)


@pytest.mark.parametrize("source", [*made.LOSSLESS, EXPLICIT])
def test_a_frame_alone_is_what_its_file_would_hold(source: str) -> None:
    frames = [noise("u2", 12, 9, 7) for _ in range(3)]
    data = make_image(frames, source, bits_stored=12)

    for number, frame in enumerate(frames):
        assert frame_in(data, EXPLICIT, number) == frame.tobytes()
        assert frame_in(data, made.JPEG_LS, number).startswith(b"\xff\xd8\xff")


def test_a_frame_that_is_not_there_is_told() -> None:
    with pytest.raises(UnknownResource):
        frame_in(make_image(noise("u1", 8, 4, 4)), made.JPEG_LS, 1)


@pytest.mark.parametrize(
    "name",
    ["examples_jpeg2k", "examples_rgb_color", "examples_ybr_color", "examples_palette", "JPEG2000", "SC_rgb_rle",
     "SC_rgb_small_odd", "SC_rgb_rle_2frame", "emri_small_RLE", "MR_small_bigendian", "SC_rgb_rle_32bit", "rtdose_rle",
     "JPGExtended", "SC_rgb_jpeg_dcmtk", "SC_ybr_full_422_uncompressed", "ExplVR_BigEnd"],
)  # fmt: skip
def test_files_of_pydicom_come_back_as_pydicom_itself_decodes_them(name: str) -> None:
    path = pydicom.data.get_testdata_file(f"{name}.dcm", download=False)
    if path is None:
        pytest.skip("this pydicom does not carry the file")
    data = Path(path).read_bytes()

    file = transcoded(data, EXPLICIT)

    assert np.array_equal(pixel_array(dataset(file), raw=True, index=0), samples(data))
    assert np.array_equal(samples(transcoded(data, made.RLE)), samples(file))
