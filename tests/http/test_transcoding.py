"""Files in another transfer syntax: alone, in archives, over DICOMweb."""

import io
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.dataset import FileDataset

from pacsberry.http.settings import HttpSettings
from tests.http.dicomweb.aids import parts_of, path_of
from tests.http.live import Live, live_server
from tests.imaging.transcoded import samples
from tests.makers import EXPLICIT, IMPLICIT, make_instance
from tests.makers.images import JPEG_BASELINE, JPEG_LS, RLE, make_image

VALUES = np.random.default_rng(2).integers(0, 4096, (16, 20)).astype("u2")
GREY = make_image(VALUES // 16, bits_stored=8, instance=1)
LARGE = make_image(np.zeros((8, 8), "u4"), instance=2)  # of 32 bits: no codec but RLE takes it
PACKED = make_image(VALUES, JPEG_LS, bits_stored=12, instance=3)
REPORT = make_instance("SR")
VIDEO = make_instance("CT", instance=9, transfer_syntax="1.2.840.10008.1.2.4.102")
FILES = (GREY, LARGE, PACKED, REPORT, VIDEO)


def dataset(data: bytes) -> FileDataset:
    return pydicom.dcmread(io.BytesIO(data))


def uid_of(data: bytes) -> str:
    return str(dataset(data).SOPInstanceUID)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    settings = HttpSettings(port=0, addresses=("127.0.0.1",), lossy_quality=30)
    with live_server(tmp_path_factory.mktemp("transcoding"), settings=settings) as running:
        yield running


@pytest.fixture(scope="module")
def ids(server: Live) -> dict[bytes, dict[str, str]]:
    return {data: server.upload(data) for data in FILES}


def place(ids: dict[bytes, dict[str, str]], data: bytes) -> str:
    return f"/instances/{ids[data]['ID']}/file"


def test_a_file_is_sent_in_the_syntax_asked_for(server: Live, ids: dict[bytes, dict[str, str]]) -> None:
    reply = server.get(f"{place(ids, PACKED)}?transcode={EXPLICIT}&filename=a.dcm")

    assert reply.headers["content-type"] == "application/dicom"
    assert reply.headers["content-disposition"] == 'attachment; filename="a.dcm"'
    assert reply.headers["content-length"] == str(len(reply.body))
    assert dataset(reply.body).file_meta.TransferSyntaxUID == EXPLICIT
    assert np.array_equal(samples(reply.body), VALUES)


def test_a_transcoded_file_is_sent_in_part_and_not_again_to_who_has_it(
    server: Live, ids: dict[bytes, dict[str, str]]
) -> None:
    address = f"{place(ids, PACKED)}?transcode={EXPLICIT}"
    reply = server.get(address)

    assert server.get(address, {"Range": "bytes=128-131"}).body == b"DICM"
    assert server.get(address, {"If-None-Match": reply.headers["etag"]}).status == 304
    assert reply.headers["etag"] != server.get(place(ids, PACKED)).headers["etag"]


def test_the_quality_of_lossy_compression_is_that_of_the_request_or_of_the_settings(
    server: Live, ids: dict[bytes, dict[str, str]]
) -> None:
    address = f"{place(ids, GREY)}?transcode={JPEG_BASELINE}"

    by_default, same, best = (
        server.get(address + more).body for more in ("", "&lossy-quality=30", "&lossy-quality=100")
    )

    assert by_default == same
    assert len(best) > len(same)
    assert len({uid_of(GREY), uid_of(same), uid_of(best)}) == 3
    assert dataset(same).SourceImageSequence[0].ReferencedSOPInstanceUID == uid_of(GREY)
    for wrong in ("0", "101", "x", "-1", "9" * 50):
        assert server.get(f"{address}&lossy-quality={wrong}").status == 400


@pytest.mark.parametrize(
    ("data", "syntax", "status"),
    [
        (LARGE, JPEG_LS, 415),
        (REPORT, JPEG_LS, 415),
        (VIDEO, EXPLICIT, 415),
        (GREY, "1.2.840.10008.1.2.4.102", 415),
        (GREY, "1.2.3", 400),
        (GREY, "mp3", 400),
    ],
)
def test_what_cannot_be_had_is_told(
    server: Live, ids: dict[bytes, dict[str, str]], data: bytes, syntax: str, status: int
) -> None:
    assert server.get(f"{place(ids, data)}?transcode={syntax}").status == status


@pytest.mark.parametrize("way", ["get", "post", "get many", "post many"])
def test_an_archive_holds_what_can_be_transcoded_so_and_the_rest_as_it_is(
    server: Live, ids: dict[bytes, dict[str, str]], way: str
) -> None:
    study = ids[GREY]["ParentStudy"]
    reply = {
        "get": lambda: server.get(f"/studies/{study}/archive?transcode={JPEG_LS}"),
        "post": lambda: server.post(f"/studies/{study}/archive", {"Transcode": JPEG_LS}),
        "get many": lambda: server.get(f"/tools/create-archive?resources={study}&transcode={JPEG_LS}"),
        "post many": lambda: server.post("/tools/create-archive", {"Resources": [study], "Transcode": JPEG_LS}),
    }[way]()

    with zipfile.ZipFile(io.BytesIO(reply.body)) as archive:
        assert archive.testzip() is None
        found = {uid_of(data): data for data in map(archive.read, archive.namelist())}

    assert found[uid_of(LARGE)] == LARGE
    assert found[uid_of(PACKED)] == PACKED
    assert found[uid_of(VIDEO)] == VIDEO
    assert dataset(found[uid_of(GREY)]).file_meta.TransferSyntaxUID == JPEG_LS
    assert np.array_equal(samples(found[uid_of(GREY)]), samples(GREY))


def test_a_lossy_archive_holds_new_objects(server: Live, ids: dict[bytes, dict[str, str]]) -> None:
    study = ids[GREY]["ParentStudy"]

    bodies = [
        server.get(f"/studies/{study}/archive?transcode={JPEG_BASELINE}&lossy-quality=80").body,
        server.post(f"/studies/{study}/archive", {"Transcode": JPEG_BASELINE, "LossyQuality": 80}).body,
    ]

    for body in bodies:
        with zipfile.ZipFile(io.BytesIO(body)) as archive:
            uids = {uid_of(archive.read(name)) for name in archive.namelist()}
        assert uid_of(GREY) not in uids
        assert uid_of(PACKED) in uids


def test_an_archive_in_a_syntax_nobody_encodes_is_refused(server: Live, ids: dict[bytes, dict[str, str]]) -> None:
    study = ids[GREY]["ParentStudy"]

    assert server.get(f"/studies/{study}/archive?transcode=1.2.840.10008.1.2.4.102").status == 415
    assert server.get(f"/studies/{study}/archive?transcode=x").status == 400


# ---- DICOMweb


def test_who_names_the_type_and_no_syntax_gets_uncompressed_files(
    server: Live, ids: dict[bytes, dict[str, str]]
) -> None:
    del ids
    alone = server.get(path_of(PACKED), {"Accept": "application/dicom"})
    ((headers, part),) = parts_of(server.get(path_of(PACKED), {"Accept": "multipart/related; type=application/dicom"}))

    assert alone.headers["content-type"] == headers["content-type"] == f"application/dicom; transfer-syntax={EXPLICIT}"
    assert headers["content-length"] == str(len(part))
    assert alone.body == part
    assert np.array_equal(samples(part), VALUES)


@pytest.mark.parametrize("accept", ["*/*", "multipart/related", 'multipart/related; type="*/*"'])
def test_who_takes_anything_gets_files_as_they_are_stored(
    server: Live, ids: dict[bytes, dict[str, str]], accept: str
) -> None:
    del ids
    ((_, part),) = parts_of(server.get(path_of(PACKED), {"Accept": accept}))

    assert part == PACKED


def test_parts_come_in_the_syntax_named_where_that_can_be(server: Live, ids: dict[bytes, dict[str, str]]) -> None:
    del ids
    study = path_of(GREY).split("/series/")[0]

    parts = parts_of(server.get(study, {"Accept": f"multipart/related; type=application/dicom; transfer-syntax={RLE}"}))

    syntaxes = {uid_of(data): headers["content-type"].rpartition("=")[2] for headers, data in parts}
    assert syntaxes[uid_of(GREY)] == syntaxes[uid_of(LARGE)] == syntaxes[uid_of(PACKED)] == RLE
    assert syntaxes[uid_of(VIDEO)] == "1.2.840.10008.1.2.4.102"
    assert all(dataset(data).file_meta.TransferSyntaxUID == syntaxes[uid_of(data)] for _, data in parts)


def test_one_file_alone_comes_in_the_syntax_named_or_not_at_all(server: Live, ids: dict[bytes, dict[str, str]]) -> None:
    del ids
    assert server.get(path_of(LARGE), {"Accept": f"application/dicom; transfer-syntax={JPEG_LS}"}).status == 415
    assert server.get(path_of(GREY), {"Accept": f"application/dicom; transfer-syntax={JPEG_BASELINE}"}).status == 406
    video = server.get(path_of(VIDEO), {"Accept": "application/dicom"})
    assert video.body == VIDEO  # nobody can decompress it
    implicit = server.get(path_of(GREY), {"Accept": f"application/dicom; transfer-syntax={IMPLICIT}"})
    assert dataset(implicit.body).file_meta.TransferSyntaxUID == IMPLICIT


def test_wado_uri_names_its_syntax_in_an_argument(server: Live, ids: dict[bytes, dict[str, str]]) -> None:
    del ids
    address = f"/wado?requestType=WADO&contentType=application/dicom&objectUID={uid_of(PACKED)}"

    plain = server.get(f"{address}&transferSyntax={EXPLICIT}")

    assert server.get(address).body == server.get(f"{address}&transferSyntax={JPEG_LS}").body == PACKED
    assert dataset(plain.body).file_meta.TransferSyntaxUID == EXPLICIT
    assert np.array_equal(samples(plain.body), VALUES)
    assert server.get(f"{address}&transferSyntax={JPEG_BASELINE}").status == 406
    assert server.get(f"{address}&transferSyntax=1.2.3").status == 400


def test_many_who_wait_for_transcoded_files_leave_room_for_others(tmp_path: Path) -> None:
    from concurrent.futures import ThreadPoolExecutor

    settings = HttpSettings(port=0, addresses=("127.0.0.1",), threads=2)
    with live_server(tmp_path, settings=settings) as server, ThreadPoolExecutor(12) as clients:
        id = server.upload(make_image([VALUES] * 200, bits_stored=12))["ID"]
        waiting = [clients.submit(server.get, f"/instances/{id}/file?transcode={RLE}") for _ in range(8)]

        for _ in range(5):
            assert server.get("/system").status == 200

        assert {reply.result().status for reply in waiting} == {200}
