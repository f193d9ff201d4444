"""Packed files over HTTP: as they lie to whoever takes gzip, as their content to everybody else."""

import gzip
import hashlib
import io
import shutil
import subprocess
import zipfile
import zlib
from collections.abc import Iterator
from http.client import HTTPException
from pathlib import Path
from typing import Any

import pytest

from pacsberry.errors import UnknownResource
from pacsberry.model import Level
from tests.http.live import Live, live_server
from tests.http.test_tls import ask, certificate, settings  # noqa: F401 - the fixture `certificate`
from tests.makers import make_instance

GZIP = {"Accept-Encoding": "gzip, deflate"}
LARGE = 1200  # rows and columns: 2.9 MB, many blocks


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Live]:
    with live_server(
        tmp_path, compression=True, store_md5=True, user_content_types={"note": (1050, "text/plain")}
    ) as running:
        yield running


def ct(**how: Any) -> bytes:
    return make_instance("CT", **{"rows": LARGE, "columns": LARGE, **how})


def md5(data: bytes) -> str:
    return hashlib.md5(data, usedforsecurity=False).hexdigest()


def stored(server: Live, instance: str) -> bytes:
    file = server.archive.attachments.get(Level.INSTANCE, instance, "dicom").file
    return server.archive.files.path(file).read_bytes()


@pytest.mark.parametrize("path", ["file", "attachments/dicom/data"])
def test_a_whole_file_goes_out_in_the_form_the_client_takes(server: Live, path: str) -> None:
    data = ct()
    instance = server.upload(data)["ID"]
    packed = stored(server, instance)
    assert len(packed) < len(data)

    plain = server.get(f"/instances/{instance}/{path}")
    coded = server.get(f"/instances/{instance}/{path}", GZIP)

    assert plain.body == data
    assert coded.body == packed
    assert gzip.decompress(coded.body) == data
    assert (plain.headers["content-length"], coded.headers["content-length"]) == (str(len(data)), str(len(packed)))
    assert "content-encoding" not in plain.headers
    assert coded.headers["content-encoding"] == "gzip"
    assert plain.headers["vary"] == coded.headers["vary"] == "Accept-Encoding"
    assert plain.headers["etag"] == f'"0-{md5(data)}"'
    assert coded.headers["etag"] == f'W/"0-{md5(data)}"'
    assert plain.headers["content-type"] == coded.headers["content-type"] == "application/dicom"
    assert plain.headers["content-disposition"] == coded.headers["content-disposition"]


@pytest.mark.parametrize("accepts", ["", "identity", "gzip;q=0", "gzip; q=0.0", "br, deflate"])
def test_who_does_not_take_gzip_gets_the_content(server: Live, accepts: str) -> None:
    data = ct()
    instance = server.upload(data)["ID"]

    told = server.get(f"/instances/{instance}/file", {"Accept-Encoding": accepts})

    assert told.body == data
    assert "content-encoding" not in told.headers


@pytest.mark.parametrize("headers", [{}, GZIP])
@pytest.mark.parametrize(
    ("wanted", "part"),
    [("bytes=0-9", slice(0, 10)), ("bytes=2000000-2100000", slice(2000000, 2100001)), ("bytes=-7", slice(-7, None))],
)
def test_a_range_is_one_of_the_content(server: Live, headers: dict[str, str], wanted: str, part: slice) -> None:
    data = ct()
    instance = server.upload(data)["ID"]

    told = server.get(f"/instances/{instance}/file", headers | {"Range": wanted})

    assert (told.status, told.body) == (206, data[part])
    assert told.headers["content-range"].endswith(f"/{len(data)}")
    assert "content-encoding" not in told.headers


def test_a_range_of_a_version_that_was_seen_packed_is_the_whole(server: Live) -> None:
    """RFC 9110 13.1.5: a weak tag is no ground for a range."""
    data = ct()
    path = f"/instances/{server.upload(data)['ID']}/file"
    weak = server.get(path, GZIP).headers["etag"]

    assert server.get(path, {"Range": "bytes=0-9", "If-Range": weak}).body == data


def test_both_entity_tags_are_known_again(server: Live) -> None:
    path = f"/instances/{server.upload(make_instance('CT'))['ID']}/file"

    for seen in ({}, GZIP):
        tag = server.get(path, seen).headers["etag"]
        for headers in ({}, GZIP):
            assert server.get(path, {**headers, "If-None-Match": tag}).status == 304


def test_what_is_inside_a_packed_file_is_read_as_ever(server: Live, tmp_path: Path) -> None:
    data = ct()
    instance = server.upload(data)["ID"]
    with live_server(tmp_path / "plain") as other:
        other.upload(data)
        for path in (
            "tags",
            "simplified-tags",
            "header",
            "frames",
            "frames/0/raw",
            "frames/0/raw.gz",
            "content",
            "content/7fe0-0010/0",
            "content/PatientName",
            "tags?whole",
        ):
            told, expected = (one.get(f"/instances/{instance}/{path}") for one in (server, other))
            assert (path, told.status) == (path, 200)
            if path.endswith(".gz"):
                assert gzip.decompress(told.body) == gzip.decompress(expected.body)
            else:
                assert told.body == expected.body


def test_an_archive_takes_packed_bytes_as_they_lie(server: Live) -> None:
    files = [make_instance("CT", instance=number, rows=300, columns=300) for number in (1, 2, 3)]
    told = [server.upload(data) for data in files]
    loose = make_instance("CT", instance=4, rows=300, columns=300)
    plain = server.upload(loose)
    assert server.post(f"/instances/{plain['ID']}/attachments/dicom/uncompress").json == {}

    with zipfile.ZipFile(io.BytesIO(server.get(f"/series/{plain['ParentSeries']}/archive").body)) as archive:
        assert archive.testzip() is None
        assert sorted(archive.read(name) for name in archive.namelist()) == sorted([*files, loose])
        sizes = {archive.read(info.filename): info.compress_size for info in archive.infolist()}
    assert [sizes[data] for data in files] == [len(stored(server, one["ID"])) - 18 for one in told]


@pytest.mark.parametrize("what", ["file", "archive"])
def test_a_file_that_is_unpacked_meanwhile_goes_out_all_the_same(
    server: Live, what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = server.upload(ct())

    def gone(name: str, stored_size: int | None = None) -> Any:
        monkeypatch.undo()
        raise UnknownResource(name)

    monkeypatch.setattr(server.archive.files, "open_stored", gone)
    if what == "file":
        assert server.get(f"/instances/{told['ID']}/file", GZIP).body == ct()
    else:
        content = server.get(f"/series/{told['ParentSeries']}/archive").body
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            assert [archive.read(name) for name in archive.namelist()] == [ct()]


def test_one_file_is_packed_and_unpacked_again(server: Live) -> None:
    data = make_instance("CT", rows=100, columns=100)
    instance = server.upload(data)["ID"]
    place = f"/instances/{instance}/attachments/dicom"

    def told() -> dict[str, Any]:
        assert server.get(f"{place}/data").body == server.get(f"/instances/{instance}/file").body == data
        as_it_lies = server.get(f"{place}/compressed-data").body
        assert server.get(f"{place}/compressed-size").text == str(len(as_it_lies))
        assert server.get(f"{place}/compressed-md5").text == md5(as_it_lies)
        assert (server.get(f"{place}/size").text, server.get(f"{place}/md5").text) == (str(len(data)), md5(data))
        info: dict[str, Any] = server.get(f"{place}/info").json
        assert (info["CompressedSize"], info["CompressedMD5"]) == (len(as_it_lies), md5(as_it_lies))
        assert (info["UncompressedSize"], info["UncompressedMD5"]) == (len(data), md5(data))
        assert server.get(f"/instances/{instance}").json["FileSize"] == len(data)
        statistics = server.get("/statistics").json
        assert statistics["TotalDiskSize"] == str(len(as_it_lies))
        assert statistics["TotalUncompressedSize"] == str(len(data))
        below = server.get(f"/instances/{instance}/statistics").json
        assert (below["DicomDiskSize"], below["DicomUncompressedSize"]) == (str(len(as_it_lies)), str(len(data)))
        assert server.post(f"{place}/verify-md5").json == {}
        return info

    assert server.get(f"{place}/is-compressed").text == "1"
    packed = told()
    for _ in range(2):
        assert server.post(f"{place}/uncompress").json == {}
        assert server.get(f"{place}/is-compressed").text == "0"
        assert told()["CompressedSize"] == len(data)
    for _ in range(2):
        assert server.post(f"{place}/compress").json == {}
        assert server.get(f"{place}/is-compressed").text == "1"
        assert told()["CompressedSize"] == packed["CompressedSize"]


def test_a_users_file_is_packed_and_keeps_its_revision(server: Live) -> None:
    study = server.upload(ct())["ParentStudy"]
    note = b"Look at the left lung.\n" * 500
    place = f"/studies/{study}/attachments/note"
    server.put(place, note)

    seen = server.get(f"{place}/data", GZIP)

    assert seen.headers["content-encoding"] == "gzip"
    assert gzip.decompress(seen.body) == note
    assert server.get(f"{place}/data").body == note
    assert server.get(f"/studies/{study}/attachments/1050/is-compressed").text == "1"
    assert server.put(place, b"new", {"If-Match": seen.headers["etag"]}).status == 200
    assert server.put(place, b"newer", {"If-Match": seen.headers["etag"]}).status == 409


def received(server: Live, path: str, headers: dict[str, str]) -> bytes | None:
    """What a client ends up with; None when it was told of an error, or found one."""
    try:
        told = server.get(path, headers)
        if told.status != 200:
            return None
        return gzip.decompress(told.body) if told.headers.get("content-encoding") == "gzip" else told.body
    except (OSError, EOFError, HTTPException, zlib.error):
        return None


@pytest.mark.parametrize("headers", [{}, GZIP])
@pytest.mark.parametrize("path", ["file", "attachments/dicom/data", "content/7fe0-0010/0", "frames/0/raw"])
@pytest.mark.parametrize("damage", ["byte", "cut"])
def test_a_damaged_file_is_never_served_as_if_whole(
    server: Live, path: str, headers: dict[str, str], damage: str
) -> None:
    instance = server.upload(ct())["ID"]
    file = server.archive.files.path(server.archive.attachments.get(Level.INSTANCE, instance, "dicom").file)
    packed = bytearray(file.read_bytes())
    packed[len(packed) // 2] ^= 0xFF
    file.write_bytes(packed if damage == "byte" else packed[:-1])

    assert received(server, f"/instances/{instance}/{path}", headers) is None
    assert server.post(f"/instances/{instance}/attachments/dicom/verify-md5").status == 400


def test_over_tls_the_content_arrives_too(tmp_path: Path, certificate: Path) -> None:  # noqa: F811 - the fixture
    data = ct()
    with live_server(tmp_path, settings=settings(certificate), compression=True) as server:
        told = ask(server, "POST", "/instances", data)
        instance = told.split(b'"ID" : "')[1].split(b'"')[0].decode()

        assert stored(server, instance)[:2] == b"\x1f\x8b"
        assert ask(server, "GET", f"/instances/{instance}/file") == data


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
@pytest.mark.parametrize("options", [[], ["--compressed"], ["--compressed", "--range", "100-299"]])
def test_curl_gets_the_content(server: Live, options: list[str]) -> None:
    data = ct()
    instance = server.upload(data)["ID"]

    got = subprocess.run(
        ["curl", "-sf", *options, f"{server.url}/instances/{instance}/file"], check=True, capture_output=True
    ).stdout

    assert got == (data[100:300] if "--range" in options else data)
