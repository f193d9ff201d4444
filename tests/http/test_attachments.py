"""The file of an instance and users' files: bytes, ranges, facts, checks."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from pacsberry.model import Level
from tests.http.live import Live, live_server
from tests.makers import make_instance

NOTE = b"Look at the left lung.\n" * 10


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Live]:
    with live_server(
        tmp_path, user_content_types={"note": (1050, "text/plain"), "raw": (1051, "")}, store_md5=True
    ) as running:
        yield running


def _md5(data: bytes) -> str:
    return hashlib.md5(data, usedforsecurity=False).hexdigest()


def test_the_file_of_an_instance_is_its_attachment(server: Live) -> None:
    data = make_instance("CT")
    instance = server.upload(data)["ID"]
    place = f"/instances/{instance}/attachments"

    assert server.get(place).json == ["dicom"]
    assert server.get(f"{place}?full").json == {"dicom": 1}
    told = server.get(f"{place}/dicom/data")
    assert told.body == data
    assert told.headers["content-type"] == "application/dicom"
    assert told.headers["content-disposition"] == f'attachment; filename="{instance}.dcm"'
    assert server.get(f"{place}/1/compressed-data").body == data


def test_the_facts_about_a_file_are_told_one_by_one_and_together(server: Live) -> None:
    data = make_instance("CT")
    instance = server.upload(data)["ID"]
    place = f"/instances/{instance}/attachments/dicom"

    facts = {name: server.get(f"{place}/{name}") for name in ("size", "compressed-size", "md5", "compressed-md5")}

    assert [fact.text for fact in facts.values()] == [str(len(data))] * 2 + [_md5(data)] * 2
    assert {fact.headers["content-type"] for fact in facts.values()} == {"text/plain"}
    assert server.get(f"{place}/is-compressed").text == "0"
    assert server.get(f"{place}/info").json == {
        "CompressedMD5": _md5(data),
        "CompressedSize": len(data),
        "ContentType": 1,
        "UncompressedMD5": _md5(data),
        "UncompressedSize": len(data),
        "Uuid": server.get(f"/instances/{instance}").json["FileUuid"],
    }
    assert {"compress", "data", "info", "md5", "verify-md5"} <= set(server.get(place).json)
    assert server.get(place).headers["etag"] == f'"0-{_md5(data)}"'
    assert server.get(f"{place}/weather").status == 404


@pytest.mark.parametrize(
    ("wanted", "status", "part"),
    [
        ("bytes=0-9", 206, slice(0, 10)),
        ("bytes=100-", 206, slice(100, None)),
        ("bytes=-7", 206, slice(-7, None)),
        ("bytes=5-99999999", 206, slice(5, None)),
        ("bytes=99999999-", 416, None),
        ("bytes=7-3", 200, slice(None)),
        ("bytes=0-1,5-6", 200, slice(None)),
        ("pages=1-2", 200, slice(None)),
        ("bytes=x-y", 200, slice(None)),
    ],
)
def test_a_range_of_a_file_is_read(server: Live, wanted: str, status: int, part: slice | None) -> None:
    data = make_instance("CT")
    place = f"/instances/{server.upload(data)['ID']}/attachments/dicom"

    for name in ("data", "compressed-data"):
        told = server.get(f"{place}/{name}", {"Range": wanted})
        assert told.status == status
        if part is not None:
            assert told.body == data[part]
        if part is not None and status == 206:
            first, behind, _ = part.indices(len(data))
            assert told.headers["content-range"] == f"bytes {first}-{behind - 1}/{len(data)}"


def test_a_version_the_client_has_is_not_sent_again(server: Live) -> None:
    place = f"/instances/{server.upload(make_instance('CT'))['ID']}/attachments/dicom/data"

    etag = server.get(place).headers["etag"]

    assert server.get(place, {"If-None-Match": etag}).status == 304
    assert server.get(place, {"If-None-Match": '"0-0"'}).status == 200


@pytest.mark.parametrize("level", ["patients", "studies", "series", "instances"])
def test_users_files_are_put_beside_any_resource(server: Live, level: str) -> None:
    server.upload(make_instance("CT"))
    place = f"/{level}/{server.get(f'/{level}').json[0]}/attachments"

    put = server.put(f"{place}/note", NOTE)

    assert put.json == {}
    assert put.headers["etag"] == f'"0-{_md5(NOTE)}"'
    assert "note" in server.get(place).json
    told = server.get(f"{place}/note/data")
    assert (told.body, told.headers["content-type"]) == (NOTE, "text/plain")
    assert server.get(f"{place}/1050/data?filename=left%20lung.txt").headers["content-disposition"] == (
        'attachment; filename="left lung.txt"'
    )
    assert server.put(f"{place}/note", b"other").headers["etag"] == f'"1-{_md5(b"other")}"'
    assert server.get(f"{place}/note/data").body == b"other"
    assert server.post(f"{place}/note/verify-md5").json == {}
    assert server.delete(f"{place}/note").body == b""
    assert "note" not in server.get(place).json
    assert server.delete(f"{place}/note").status == 404


def test_a_file_may_be_empty_or_large_and_binary(server: Live) -> None:
    place = f"/studies/{server.upload(make_instance('CT'))['ParentStudy']}/attachments/raw"
    large = bytes(range(256)) * 20_000

    assert server.put(place, large).json == {}
    told = server.get(f"{place}/data")
    assert (told.body, told.headers["content-type"]) == (large, "application/octet-stream")
    assert server.put(place, b"").json == {}
    assert server.get(f"{place}/size").text == "0"


@pytest.mark.parametrize(
    ("filename", "disposition"),
    [
        ("a%22b%0d%0aX-Evil:%201", "a_b__X-Evil: 1"),
        ("..%2F..%2Fetc%2Fpasswd", "../../etc/passwd"),
        ("%E8%82%BA.txt", "_.txt"),
        ("a%00b;c", "a_b_c"),
    ],
)
def test_a_filename_cannot_add_headers(server: Live, filename: str, disposition: str) -> None:
    instance = server.upload(make_instance("CT"))["ID"]

    for place in (f"/instances/{instance}/attachments/dicom/data", f"/instances/{instance}/file"):
        told = server.get(f"{place}?filename={filename}")
        assert "x-evil" not in told.headers
        assert told.headers["content-disposition"].startswith(f'attachment; filename="{disposition}"')


@pytest.mark.parametrize("name", ["dicom", "1", "1000", "dicom-as-json"])
def test_the_systems_files_cannot_be_written(server: Live, name: str) -> None:
    place = f"/instances/{server.upload(make_instance('CT'))['ID']}/attachments/{name}"

    assert server.put(place, b"x").status == 403
    assert server.delete(place).status == 403


@pytest.mark.parametrize("name", ["nothing", "70000", "%2E%2E", "..%2F..%2Findex.sqlite3", "%00"])
def test_a_name_nobody_gave_is_refused(server: Live, name: str) -> None:
    place = f"/instances/{server.upload(make_instance('CT'))['ID']}/attachments/{name}"

    for answer in (server.put(place, b"x"), server.get(f"{place}/data"), server.get(place)):
        assert answer.status in (400, 404, 405)


def test_files_beside_nobody_are_not_found(server: Live) -> None:
    assert server.put("/studies/nobody/attachments/note", NOTE).status == 404
    assert server.get("/studies/nobody/attachments/note/data").status == 404
    assert server.post("/studies/nobody/attachments/note/verify-md5").status == 404


def test_an_outdated_revision_is_a_conflict(server: Live) -> None:
    place = f"/studies/{server.upload(make_instance('CT'))['ParentStudy']}/attachments/note"
    first = server.put(place, b"one").headers["etag"]
    server.put(place, b"two", {"If-Match": first})

    assert server.put(place, b"three", {"If-Match": first}).status == 409
    assert server.delete(place, {"If-Match": first}).status == 409
    assert server.get(f"{place}/data").body == b"two"


def test_a_damaged_file_is_found_out(server: Live) -> None:
    instance = server.upload(make_instance("CT"))["ID"]
    place = f"/instances/{instance}/attachments/dicom"
    assert server.post(f"{place}/verify-md5").json == {}
    path = server.archive.files.path(server.archive.attachments.get(Level.INSTANCE, instance, "dicom").file)
    path.write_bytes(path.read_bytes()[:-1] + b"\xff")
    reported: list[str] = []
    server.archive.files.report_to(reported.append)

    assert server.post(f"{place}/verify-md5").status == 400
    assert reported == [f"{path.parent.name}/{path.name}"]
