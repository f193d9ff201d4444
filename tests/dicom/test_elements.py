"""The walk over the elements of a data set."""

import io
import struct
import zlib

import pytest

from pacsberry.dicom.elements import (
    MAXIMUM_DEPTH,
    UNDEFINED,
    Element,
    Encoding,
    Kind,
    Truncated,
    walk,
)
from pacsberry.dicom.names import vr_of
from pacsberry.dicom.part10 import DicomFile
from pacsberry.dicom.source import BytesSource, FileSource, InflatedSource
from pacsberry.errors import UnreadableDicom
from tests.dicom.hand_made import (
    BIG_ENDIAN,
    DEFLATED,
    EXPLICIT,
    IMPLICIT,
    ITEM_END,
    JPEG,
    SEQUENCE_END,
    big,
    dataset,
    element,
    file_of,
    implicit,
    item,
    made,
    open_sequence,
)

Seen = list[tuple[str, int, int]]

UID_IN_ITEM = element(0x00081150, "UI", "1.2\0")


def seen(data: bytes, *, encoding: Encoding = Encoding(), nested: bool = True) -> Seen:  # noqa: B008 - frozen
    """What a walk meets: (kind, tag, depth)."""
    return [
        (met.kind.name, met.tag, met.depth) for met in walk(BytesSource(data), 0, encoding, nested=nested, vr_of=vr_of)
    ]


def elements_of(file: bytes) -> list[Element]:
    return list(DicomFile.open(file).elements(vr_of=vr_of))


def value_of(file: bytes, tag: int) -> bytes:
    opened = DicomFile.open(file)
    return next(opened.value(met) for met in opened.elements(vr_of=vr_of) if met.tag == tag)


@pytest.mark.parametrize("items", [item(UID_IN_ITEM), item(UID_IN_ITEM, length=UNDEFINED)])
@pytest.mark.parametrize("is_open", [True, False])
def test_a_sequence_is_walked_whether_lengths_are_known_or_not(items: bytes, is_open: bool) -> None:
    sequence = open_sequence(0x00081140, items) if is_open else element(0x00081140, "SQ", items)

    assert seen(sequence + element(0x00100010, "PN", "A^B ")) == [
        ("SEQUENCE", 0x00081140, 0),
        ("ITEM", 0x00081140, 1),
        ("VALUE", 0x00081150, 1),
        ("ITEM_END", 0x00081140, 1),
        ("SEQUENCE_END", 0x00081140, 0),
        ("VALUE", 0x00100010, 0),
    ]


@pytest.mark.parametrize("items", [item(UID_IN_ITEM), item(UID_IN_ITEM, length=UNDEFINED)])
@pytest.mark.parametrize("is_open", [True, False])
def test_a_flat_walk_passes_over_what_is_inside(items: bytes, is_open: bool) -> None:
    inner = item(open_sequence(0x00081199, items), length=UNDEFINED)
    sequence = open_sequence(0x00081140, inner) if is_open else element(0x00081140, "SQ", inner)

    flat = [met for met in seen(sequence + element(0x00100010, "PN", "A^B "), nested=False) if met[0] != "SEQUENCE_END"]

    assert flat == [("SEQUENCE", 0x00081140, 0), ("VALUE", 0x00100010, 0)]


def test_implicit_sequences_of_known_length_need_the_dictionary() -> None:
    data = implicit(0x00081140, item(implicit(0x00081150, "1.2\0"))) + implicit(0x00100010, "A^B ")

    assert [met[0] for met in seen(data, encoding=Encoding(explicit=False))] == [
        *("SEQUENCE", "ITEM", "VALUE", "ITEM_END", "SEQUENCE_END", "VALUE")
    ]


def test_unknown_of_undefined_length_is_an_implicit_sequence() -> None:
    # CP-246: a converter that did not know the sequence wrote UN and left its bytes as they were
    nested = (
        implicit(0x00081199, item(implicit(0x00081155, "1.3\0"), length=UNDEFINED), length=UNDEFINED) + SEQUENCE_END
    )
    data = open_sequence(0x00091010, item(nested, length=UNDEFINED), vr="UN") + element(0x00100010, "PN", "A^B ")

    met = list(walk(BytesSource(data), 0, Encoding()))

    assert [(found.kind.name, found.tag) for found in met if found.kind == Kind.VALUE] == [
        ("VALUE", 0x00081155),
        ("VALUE", 0x00100010),
    ]
    assert met[-1].encoding == Encoding()


def test_fragments_are_told_with_their_places() -> None:
    data = open_sequence(0x7FE00010, item(), item(b"abcd"), item(b"ef"), vr="OB")

    met = list(walk(BytesSource(data), 0, Encoding()))

    assert [found.kind for found in met] == [Kind.FRAGMENTS, *[Kind.FRAGMENT] * 3, Kind.FRAGMENTS_END]
    assert [data[found.value_offset :][: found.length] for found in met[1:4]] == [b"", b"abcd", b"ef"]


def test_pixels_in_an_icon_do_not_end_the_data_set() -> None:
    icon = item(open_sequence(0x7FE00010, item(), item(b"abcd"), vr="OB"))
    data = open_sequence(0x00880200, icon) + element(0x7FE00010, "OW", b"\1\2")

    assert seen(data)[-1] == ("VALUE", 0x7FE00010, 0)
    assert ("FRAGMENT", 0x7FE00010, 1) in seen(data)


def test_big_endian_is_read() -> None:
    content = big(0x00080016, "UI", b"1.2\0") + big(0x00280010, "US", b"\1\2") + big(0x7FE00010, "OW", b"\1\2")

    assert value_of(file_of(content, BIG_ENDIAN), 0x00280010) == b"\1\2"


def test_the_private_syntax_of_ge_is_implicit() -> None:
    content = implicit(0x00080016, "1.2\0") + implicit(0x00280010, b"\1\2")

    assert value_of(file_of(content, "1.2.840.113619.5.2"), 0x00280010) == b"\1\2"


def test_a_deflated_data_set_is_inflated_as_it_is_read() -> None:
    deflater = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    content = dataset(element(0x00100010, "PN", "A^B "), element(0x7FE00010, "OW", bytes(300_000)))
    file = file_of(deflater.compress(content) + deflater.flush(), DEFLATED)

    opened = DicomFile.open(io.BytesIO(file))
    pixels = list(opened.elements())[-1]

    assert value_of(file, 0x00100010) == b"A^B "
    assert sum(map(len, opened.chunks(pixels.value_offset, pixels.length))) == 300_000
    assert opened.read(0, 8) == content[:8]  # back to the beginning


def test_a_deflated_data_set_that_ends_early_is_refused() -> None:
    deflater = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    deflated = deflater.compress(dataset(element(0x7FE00010, "OW", b"x" * 1000)[:-1])) + deflater.flush()

    with pytest.raises(Truncated, match="1 bytes early"):
        elements_of(file_of(deflated, DEFLATED))


def test_bytes_that_are_not_deflated_are_refused() -> None:
    with pytest.raises(UnreadableDicom, match="inflated"):
        elements_of(file_of(b"\xff" * 1000, DEFLATED))


def test_a_deflate_bomb_is_stopped() -> None:
    deflater = zlib.compressobj(9, wbits=-zlib.MAX_WBITS)
    content = dataset() + element(0x7FE00010, "OW", b"", length=UNDEFINED - 1)
    bomb = deflater.compress(content) + b"".join(deflater.compress(bytes(1 << 20)) for _ in range(80))

    with pytest.raises(UnreadableDicom, match="inflates to more"):
        elements_of(file_of(bomb + deflater.flush(), DEFLATED))


@pytest.mark.parametrize("transfer_syntax", [EXPLICIT, IMPLICIT, BIG_ENDIAN])
@pytest.mark.parametrize("has_meta", [True, False])
def test_a_file_without_its_transfer_syntax_is_guessed(transfer_syntax: str, has_meta: bool) -> None:
    elements = {
        EXPLICIT: element(0x00080016, "UI", "1.2\0") + element(0x00100010, "PN", "A^B "),
        IMPLICIT: implicit(0x00080016, "1.2\0") + implicit(0x00100010, "A^B "),
        BIG_ENDIAN: big(0x00080016, "UI", b"1.2\0") + big(0x00100010, "PN", b"A^B "),
    }[transfer_syntax]
    start = bytes(128) + b"DICM" + element(0x00020012, "UI", "1.9\0") if has_meta else b""

    opened = DicomFile.open(start + elements)

    assert opened.transfer_syntax_uid == transfer_syntax
    assert value_of(start + elements, 0x00100010) == b"A^B "


def test_the_wrong_uncompressed_syntax_is_corrected() -> None:
    file = file_of(implicit(0x00080016, "1.2\0") + implicit(0x00100010, "A^B "), EXPLICIT)

    assert DicomFile.open(file).transfer_syntax_uid == IMPLICIT
    assert value_of(file, 0x00100010) == b"A^B "


def test_a_compressed_syntax_is_believed() -> None:
    assert DicomFile.open(file_of(implicit(0x00080016, "1.2\0"), JPEG)).transfer_syntax_uid == JPEG


def test_meta_information_in_implicit_vr_is_read() -> None:
    meta = implicit(0x00020010, IMPLICIT + "\0")

    assert DicomFile.open(bytes(128) + b"DICM" + meta + implicit(0x00080016, "1.2\0")).transfer_syntax_uid == IMPLICIT


def test_meta_information_may_be_without_preamble() -> None:
    assert DicomFile.open(made()[132:]).transfer_syntax_uid == EXPLICIT


def test_an_unknown_vr_of_two_letters_has_a_long_length() -> None:
    data = b"\x08\0\x01\0ZZ\0\0\x02\0\0\0ab" + element(0x00100010, "PN", "A^B ")

    assert [met.length for met in walk(BytesSource(data), 0, Encoding())] == [2, 4]


def test_what_is_no_vr_at_all_has_a_short_length() -> None:
    data = b"\x08\0\x01\0??\x02\0ab" + element(0x00100010, "PN", "A^B ")

    assert [(met.vr, met.length) for met in walk(BytesSource(data), 0, Encoding())] == [("UN", 2), ("PN", 4)]


def test_odd_lengths_are_read_as_they_stand() -> None:
    assert value_of(made(element(0x00100010, "PN", "A^B")), 0x00100010) == b"A^B"


def test_elements_behind_the_pixels_are_met() -> None:
    file = made(element(0x7FE00010, "OW", b"\1\2"), element(0x7FE10010, "LO", "BEHIND"))

    assert elements_of(file)[-1].tag == 0x7FE10010


def test_zeros_behind_the_pixels_are_padding() -> None:
    file = made(element(0x7FE00010, "OW", b"\1\2"))

    assert elements_of(file + bytes(100)) == elements_of(file)


@pytest.mark.parametrize("zeros", [1, 8, 96, 100])
def test_zeros_in_place_of_elements_are_a_broken_file(zeros: int) -> None:
    with pytest.raises(UnreadableDicom):
        elements_of(made() + bytes(zeros))


def test_superfluous_delimiters_are_passed_over() -> None:
    known = element(0x00081140, "SQ", item(UID_IN_ITEM + ITEM_END)) + SEQUENCE_END + ITEM_END

    assert seen(known + element(0x00100010, "PN", "A^B "))[-1] == ("VALUE", 0x00100010, 0)


def test_an_item_whose_end_was_forgotten_ends_with_its_sequence() -> None:
    forgotten = element(0x00081140, "SQ", item(UID_IN_ITEM, length=UNDEFINED)[:-8], length=UNDEFINED) + SEQUENCE_END

    assert seen(forgotten + element(0x00100010, "PN", "A^B "))[-3:] == [
        ("ITEM_END", 0x00081140, 1),
        ("SEQUENCE_END", 0x00081140, 0),
        ("VALUE", 0x00100010, 0),
    ]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (element(0x00100010, "PN", "A", length=4), "3 bytes early"),
        (element(0x00420011, "OB", b"x", length=0x7FFFFFFE), "early, inside element 00420011"),
        (element(0x00420011, "UT", b"x", length=UNDEFINED), "has no length"),
        (item(), "is in no sequence"),
        (struct.pack("<HHL", 0xFFFE, 0xE000, UNDEFINED), "is in no sequence"),
        (open_sequence(0x7FE00010, item(b"", length=UNDEFINED), vr="OB"), "A fragment .* has no length"),
        (element(0x00081140, "SQ", item(item())), "is in no sequence"),
        (open_sequence(0x00081140, UID_IN_ITEM), "where an item has to be"),
        (element(0x00081140, "SQ", item(UID_IN_ITEM, length=40), length=20), "early|crosses"),
        (element(0x00081140, "SQ", item(UID_IN_ITEM)[:-2]) + UID_IN_ITEM, "crosses the end"),
        (element(0x00081140, "SQ", item(element(0x00081150, "UI", "1.2\0", length=20))) + bytes(40), "crosses the end"),
        (struct.pack("<HHL", 0xFFFE, 0xE0DD, 4) + b"abcd", "no valid delimiter"),
        (struct.pack("<HHL", 0xFFFE, 0x1234, 0), "no valid delimiter"),
        (open_sequence(0x00081140, item(UID_IN_ITEM, length=UNDEFINED)[:-8])[:-8], "early, inside an item"),
        (element(0x00081140, "SQ", b"", length=UNDEFINED), "early, inside sequence"),
        (b"\x10\0\x10\0P", "early"),
        (b"\x10\0\x10\0UT\0\0", "early"),
        (element(0x00000100, "US", b"\1\0"), "no element"),
    ],
)
def test_what_cannot_be_right_is_refused_with_the_reason(content: bytes, said: str) -> None:
    with pytest.raises(UnreadableDicom, match=said):
        seen(element(0x00080016, "UI", "1.2\0") + content)


@pytest.mark.parametrize("cut", [1, 2, 7, 9, 30, 40])
def test_a_file_that_ends_early_is_truncated_and_readable_to_there(cut: int) -> None:
    file = made(element(0x00104000, "LT", "x" * 20), element(0x7FE00010, "OW", b"\1\2" * 10))[:-cut]
    walking = DicomFile.open(file).elements()

    assert next(walking).tag == 0x00080016
    with pytest.raises(Truncated):
        list(walking)


def test_nesting_has_a_limit() -> None:
    bomb = b"".join(
        element(0x00081140, "SQ", b"", length=UNDEFINED) + struct.pack("<HHL", 0xFFFE, 0xE000, UNDEFINED)
        for _ in range(10_000)
    )

    with pytest.raises(UnreadableDicom, match=f"deeper than {MAXIMUM_DEPTH}"):
        seen(bomb)
    with pytest.raises(UnreadableDicom, match=f"deeper than {MAXIMUM_DEPTH}"):
        seen(bomb, nested=False)


def test_the_number_of_elements_has_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pacsberry.dicom.elements.MAXIMUM_ELEMENTS", 100)

    with pytest.raises(UnreadableDicom, match="more than 100 elements"):
        seen(element(0x00080016, "UI", "1.2\0") * 101)


class CountedFile(io.BytesIO):
    """A file that counts the bytes read from it."""

    taken = 0

    def read(self, size: int | None = -1) -> bytes:
        data = super().read(size)
        self.taken += len(data)
        return data


def test_values_are_not_read_by_walking() -> None:
    file = CountedFile(made(element(0x00420011, "OB", bytes(5_000_000)), element(0x7FE00010, "OW", bytes(5_000_000))))

    assert len(list(DicomFile.open(file).elements())) == 7
    assert file.taken < 200_000


@pytest.mark.parametrize("make", [BytesSource, lambda data: FileSource(io.BytesIO(data))])
def test_a_source_says_what_it_has(make: type[BytesSource]) -> None:
    source = make(b"0123456789")

    data, at = source.block(3, 4)

    assert data[3 - at :][:4] == b"3456"
    assert (source.reaches(10), source.reaches(11), source.missing(12), source.missing(5)) == (True, False, 2, 0)


def test_an_inflated_source_says_what_it_has() -> None:
    deflater = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    deflated = deflater.compress(b"0123456789") + deflater.flush()
    source = InflatedSource(BytesSource(b"junk" + deflated), 4, len(deflated))

    assert (source.reaches(10), source.reaches(11), source.missing(12), source.missing(5)) == (True, False, 2, 0)
