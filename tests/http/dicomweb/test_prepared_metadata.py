"""Metadata of series that were prepared: the same text as from the files, packed or not, under any address."""

import gzip
import json
import random
import zlib
from pathlib import Path

import pytest

from pacsberry.http.dicomweb.deflated import Packed, combined, gzip_of, plain
from pacsberry.http.dicomweb.prepared_metadata import _text
from pacsberry.http.settings import DicomWebSettings, HttpSettings
from pacsberry.imaging.prepared.kinds import METADATA, PLACES
from pacsberry.imaging.prepared.store import Address, Opened
from tests.http.live import Live, live_server
from tests.http.test_prepared import ready, stack_slice, wait_for
from tests.makers import make_dataset, make_instance, part10

GZIP = {"Accept-Encoding": "gzip"}


def prepare(server: Live, series: str) -> Address:
    """Have the metadata of a series prepared."""
    digest = server.archive.contents.digest(series)
    address = Address(series, digest, METADATA)
    server.preparer.demand(series, digest, (METADATA, PLACES))
    wait_for(lambda: all(server.preparer.store.has(Address(series, digest, kind)) for kind in (METADATA, PLACES)))
    return address


def paths(server: Live, told: dict[str, str]) -> tuple[str, str]:
    """The addresses of the metadata of a study and of a series."""
    study = server.get(f"/studies/{told['ParentStudy']}").json["MainDicomTags"]["StudyInstanceUID"]
    series = server.get(f"/series/{told['ParentSeries']}").json["MainDicomTags"]["SeriesInstanceUID"]
    path = f"/dicom-web/studies/{study}"
    return f"{path}/metadata", f"{path}/series/{series}/metadata"


def opened(server: Live) -> int:
    return server.archive.files.opens


def test_a_prepared_series_is_told_as_it_is_from_its_files_without_opening_any(server: Live) -> None:
    for number in (1, 2, 3):
        told = server.upload(stack_slice(number))
    _, path = paths(server, told)
    from_files = server.get(path)
    address = prepare(server, told["ParentSeries"])
    before = opened(server)

    plain_answer, packed = server.get(path), server.get(path, GZIP)

    assert opened(server) == before
    assert server.preparer.store.has(address)
    assert plain_answer.status == packed.status == 200
    assert plain_answer.body == from_files.body == gzip.decompress(packed.body)
    assert "content-encoding" not in plain_answer.headers
    assert packed.headers["content-encoding"] == "gzip"
    assert packed.headers["content-type"] == plain_answer.headers["content-type"] == "application/dicom+json"
    assert len(json.loads(plain_answer.body)) == 3


def test_a_study_is_joined_from_its_series(server: Live) -> None:
    for number in (1, 2):
        told = server.upload(make_instance("CT", series=1, instance=number))
    second = server.upload(make_instance("MR", series=2, instance=1))
    report = server.upload(make_instance("SR", series=3, instance=1))
    path, _ = paths(server, told)
    from_files = server.get(path)
    for one in (told, second, report):
        prepare(server, one["ParentSeries"])
    before = opened(server)

    plain_answer, packed = server.get(path), server.get(path, GZIP)

    assert opened(server) == before
    assert plain_answer.body == from_files.body == gzip.decompress(packed.body)
    assert len(json.loads(plain_answer.body)) == 4


def test_a_study_is_told_from_its_files_while_one_series_is_not_prepared_and_then_is(server: Live) -> None:
    told = server.upload(make_instance("CT", series=1))
    other = server.upload(make_instance("MR", series=2))
    prepare(server, told["ParentSeries"])
    path, _ = paths(server, told)
    before = opened(server)

    assert len(json.loads(server.get(path).body)) == 2

    assert opened(server) > before
    digest = server.archive.contents.digest(other["ParentSeries"])
    wait_for(lambda: server.preparer.store.has(Address(other["ParentSeries"], digest, PLACES)))


def test_addresses_are_those_by_which_the_client_came(server: Live) -> None:
    told = server.upload(stack_slice(1))
    _, path = paths(server, told)
    prepare(server, told["ParentSeries"])
    for headers in (
        {"Host": "pacs.local"},
        {"Host": "other.local:99", **GZIP},
        {"Host": 'a"\\b'},
        {"Host": 'a"\\b', **GZIP},
    ):
        body = server.get(path, headers).body

        (instance,) = json.loads(gzip.decompress(body) if "Accept-Encoding" in headers else body)
        address = instance["7FE00010"]["BulkDataURI"]
        assert address.startswith(f"http://{headers['Host']}/dicom-web/studies/")
        assert address.endswith("/bulk/7fe0-0010/0")


def test_who_has_the_metadata_already_is_told_so(server: Live) -> None:
    told = server.upload(stack_slice(1))
    _, path = paths(server, told)
    prepare(server, told["ParentSeries"])
    etag = server.get(path, GZIP).headers["etag"]

    again = server.get(path, {**GZIP, "If-None-Match": etag})
    elsewhere = server.get(path, {**GZIP, "If-None-Match": etag, "Host": "other"})
    server.upload(stack_slice(2))
    changed = server.get(path, {**GZIP, "If-None-Match": etag})

    assert (again.status, elsewhere.status, changed.status) == (304, 200, 200)


def test_an_instance_that_came_later_is_in_the_next_answer(server: Live) -> None:
    told = server.upload(stack_slice(1))
    _, path = paths(server, told)
    prepare(server, told["ParentSeries"])
    server.upload(stack_slice(2))

    assert len(json.loads(server.get(path).body)) == 2


def test_another_default_encoding_has_the_metadata_made_anew(server: Live) -> None:
    ds = make_dataset("CT", charset=None, patient_name="zq^zq")
    if "SpecificCharacterSet" in ds:
        del ds.SpecificCharacterSet
    told = server.upload(part10(ds).replace(b"zq^zq", b"\xe9q^zq"))
    _, path = paths(server, told)

    def name() -> str:
        (instance,) = json.loads(server.get(path).body)
        return str(instance["00100010"]["Value"][0]["Alphabetic"])

    prepare(server, told["ParentSeries"])
    assert name() == "\u00e9q^zq"

    server.put("/tools/default-encoding", "Cyrillic")
    assert name() == "\u0449q^zq"
    prepare(server, told["ParentSeries"])
    before = opened(server)
    assert name() == "\u0449q^zq"
    assert opened(server) == before


def test_xml_and_single_instances_are_told_from_the_files(server: Live) -> None:
    told = server.upload(stack_slice(1))
    _, path = paths(server, told)
    prepare(server, told["ParentSeries"])
    before = opened(server)

    assert server.get(path, {"Accept": 'multipart/related; type="application/dicom+xml"'}).status == 200

    assert opened(server) == before + 1


def test_without_the_cache_metadata_are_told_from_the_files(tmp_path: Path) -> None:
    settings = HttpSettings(port=0, addresses=("127.0.0.1",), dicomweb=DicomWebSettings(keeps_metadata=False))
    with live_server(tmp_path, settings=settings) as server:
        told = server.upload(stack_slice(1))
        _, path = paths(server, told)
        found = ready(server, told["ParentSeries"])
        before = opened(server)

        server.get(path)

        assert opened(server) == before + 1
        assert not server.preparer.store.has(Address(found["ID"], found["Digest"], METADATA))


def test_a_data_set_too_long_for_a_worker_is_told_from_its_file(server: Live) -> None:
    ds = make_dataset("CT")
    for number in range(80):
        ds.add_new(0x00091001 + number * 2**16 * 2, "UT", "x" * 200_000)
    told = server.upload(part10(ds))
    _, path = paths(server, told)
    from_files = server.get(path).body

    series = told["ParentSeries"]
    wait_for(lambda: server.preparer.store.has(Address(series, server.archive.contents.digest(series), PLACES)))

    assert len(from_files) > 10_000_000
    assert server.get(path).body == from_files


def test_an_instance_that_cannot_be_read_is_left_out_as_it_is_without_preparing(server: Live) -> None:
    for number in (1, 2, 3):
        told = server.upload(stack_slice(number))
    series = told["ParentSeries"]
    member = server.archive.contents.of(series).members[1]
    file = server.archive.files.path(member.file)
    file.write_bytes(file.read_bytes()[:400] + bytes(member.size - 400))
    _, path = paths(server, told)
    from_files = server.get(path).body

    prepare(server, series)

    assert len(json.loads(from_files)) == 2
    assert server.get(path).body == from_files


def test_a_series_with_much_text_goes_through_small_pieces(server: Live) -> None:
    """Marks lie across the borders of pieces, too."""
    for number in range(1, 41):
        ds = make_dataset("CT", instance=number)
        ds.ImageComments = "".join(random.Random(number).choices("abcdefgh", k=9000))
        told = server.upload(part10(ds))
    _, path = paths(server, told)
    from_files = server.get(path).body
    prepare(server, told["ParentSeries"])

    assert server.get(path).body == from_files
    assert gzip.decompress(server.get(path, GZIP).body) == from_files


@pytest.mark.parametrize("shift", range(0, 40, 3))
def test_marks_that_lie_across_the_borders_of_pieces_are_replaced(tmp_path: Path, shift: int) -> None:
    mark = "pacsberry-0123456789"
    text = "x" * shift + f'"{mark}/a",' * 9000
    packer = zlib.compressobj(6, zlib.DEFLATED, -15)
    path = tmp_path / "packed"
    path.write_bytes(packer.compress(text.encode()) + packer.flush(zlib.Z_FULL_FLUSH))

    with path.open("rb", buffering=0) as file:
        told = b"".join(_text(Opened(file, path.stat().st_size, {"Mark": mark}), "http://a"))

    assert told.decode() == text.replace(mark, "http://a")


@pytest.mark.parametrize("sizes", [(0,), (1,), (5, 0, 7), (70_000, 3), (1, 200_000, 65_535)])
def test_packed_texts_are_joined_to_one(sizes: tuple[int, ...]) -> None:
    noise = random.Random(7)
    texts = [noise.randbytes(size // 2) + b"a" * (size - size // 2) for size in sizes]

    stretches = [plain(b"[")]
    for text in texts:
        packer = zlib.compressobj(6, zlib.DEFLATED, -15)
        data = packer.compress(text) + packer.flush(zlib.Z_FULL_FLUSH)
        stretches.append(Packed(data, zlib.crc32(text), len(text)))
    joined = b"".join(gzip_of([*stretches, plain(b"]", is_last=True)]))

    assert gzip.decompress(joined) == b"[" + b"".join(texts) + b"]"


def test_checksums_of_two_texts_give_that_of_both() -> None:
    noise = random.Random(3)
    for _ in range(200):
        one, other = noise.randbytes(noise.randrange(50)), noise.randbytes(noise.randrange(5000))

        assert combined(zlib.crc32(one), zlib.crc32(other), len(other)) == zlib.crc32(one + other)
