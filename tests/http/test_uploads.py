"""POST /instances: files, gzip, ZIP and forms, and what must not come in (S2)."""

import gzip
import io
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from pacsberry.http.settings import HttpSettings
from pacsberry.model import Level
from tests.http.live import Live, Reply, live_server
from tests.ingest.zips import liar, zipped
from tests.makers.instances import make_instance

MEGABYTE = 2**20


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Live]:
    settings = HttpSettings(
        port=0, addresses=("127.0.0.1",), largest_body_bytes=8 * MEGABYTE, largest_member_bytes=2 * MEGABYTE
    )
    with live_server(tmp_path, settings=settings) as running:
        yield running


def kept(server: Live) -> int:
    return sum(1 for _ in server.archive.resources.ids(Level.INSTANCE))


def leftovers(server: Live) -> list[Path]:
    return list((server.archive.files.storage / "spool").iterdir())


def form(*parts: tuple[str, bytes], boundary: bytes = b"-berry-") -> tuple[bytes, dict[str, str]]:
    lines = [
        b"--%s\r\nContent-Disposition: form-data; %s\r\n\r\n%s\r\n" % (boundary, how.encode(), data)
        for how, data in parts
    ]
    headers = {"Content-Type": f"multipart/form-data; boundary={boundary.decode()}"}
    return b"".join(lines) + b"--%s--\r\n" % boundary, headers


def refused(answer: Reply, status: int, words: str) -> None:
    assert answer.status == status, answer.text
    assert words in json.loads(answer.body)["Details"]


def test_a_file_is_kept_and_described(server: Live) -> None:
    answer = server.post("/instances", make_instance("CT")).json

    assert sorted(answer) == ["ID", "ParentPatient", "ParentSeries", "ParentStudy", "Path", "Status"]
    assert answer["Status"] == "Success"
    assert answer["Path"] == f"/instances/{answer['ID']}"
    assert server.get(f"/instances/{answer['ID']}").json["ParentSeries"] == answer["ParentSeries"]


def test_a_file_that_is_there_already_is_no_error(server: Live) -> None:
    data = make_instance("CT")
    first = server.post("/instances", data).json

    second = server.post("/instances", data).json

    assert second == {**first, "Status": "AlreadyStored"}
    assert kept(server) == 1


@pytest.mark.parametrize(
    "content_type", ["application/dicom", "application/x-www-form-urlencoded", "application/json", ""]
)
def test_the_content_type_says_nothing(server: Live, content_type: str) -> None:
    assert server.post("/instances", make_instance("CT"), {"Content-Type": content_type}).status == 200


def test_a_file_comes_back_byte_for_byte(server: Live) -> None:
    data = make_instance("MR", rows=300, columns=300)
    instance = server.upload(data)["ID"]

    assert server.get(f"/instances/{instance}/attachments/dicom/data").body == data


@pytest.mark.parametrize("body", [b"hello", b"x" * 200_000, b"<html>" * 1000, b"\0" * 5000, b"\xff" * 200])
def test_what_is_no_dicom_is_refused_with_what_was_wrong(server: Live, body: bytes) -> None:
    answer = server.post("/instances", body)

    assert answer.status == 400
    assert json.loads(answer.body)["OrthancStatus"] == 15
    assert json.loads(answer.body)["Details"]
    assert leftovers(server) == []


def test_an_empty_upload_is_refused(server: Live) -> None:
    refused(server.post("/instances", b""), 400, "empty")


@pytest.mark.parametrize("headers", [{}, {"Content-Encoding": "gzip"}])
def test_a_gzip_file_is_unpacked(server: Live, headers: dict[str, str]) -> None:
    assert server.post("/instances", gzip.compress(make_instance("CT")), headers).json["Status"] == "Success"


def test_a_gzip_file_in_several_parts_is_one_file(server: Live) -> None:
    data = make_instance("CT")

    packed = gzip.compress(data[:500]) + gzip.compress(data[500:]) + bytes(20)

    assert server.post("/instances", packed).json["Status"] == "Success"


@pytest.mark.parametrize("harm", ["cut", "changed", "header only"])
def test_a_damaged_gzip_file_is_refused(server: Live, harm: str) -> None:
    packed = bytearray(gzip.compress(make_instance("CT")))
    if harm == "cut":
        del packed[-20:]
    elif harm == "changed":
        packed[-6] ^= 0xFF
    else:
        del packed[10:]

    refused(server.post("/instances", bytes(packed)), 400, "gzip")
    assert kept(server) == 0


def test_a_gzip_bomb_is_refused_and_nothing_is_kept(server: Live) -> None:
    bomb = gzip.compress(make_instance("CT") + bytes(64 * MEGABYTE))
    assert len(bomb) < MEGABYTE

    refused(server.post("/instances", bomb), 413, "MaximumFileSizeInArchiveMB")

    assert kept(server) == 0
    assert leftovers(server) == []


def test_a_file_whose_preamble_looks_like_a_zip_is_a_file(server: Live) -> None:
    data = b"PK\x03\x04".ljust(128, b"\0") + make_instance("CT")[128:]

    assert server.post("/instances", data).json["Status"] == "Success"


def test_a_zip_is_unpacked_and_answered_as_a_list(server: Live) -> None:
    names = ["IMG1", "../../etc/passwd", "/absolute.dcm", "folder/IMG1", "C:\\x"]
    members = {name: make_instance("CT", instance=number) for number, name in enumerate(names, start=1)}

    answer = server.post("/instances", zipped(members)).json

    assert [one["Status"] for one in answer] == ["Success"] * 5
    assert kept(server) == 5
    assert leftovers(server) == []


def test_members_that_are_no_dicom_are_skipped_and_a_broken_one_is_logged(
    server: Live, caplog: pytest.LogCaptureFixture
) -> None:
    members = {
        "README.txt": b"hello",
        "empty": b"",
        "folder/": b"",
        "DICOMDIR": make_instance("CT", instance=8),
        "sub\\dicomdir": make_instance("CT", instance=9),
        "broken": make_instance("CT")[:400],
        "nested.zip": zipped({"a": make_instance("CT", instance=7)}),
        "nested.gz": gzip.compress(make_instance("CT", instance=6)),
        "good": make_instance("CT", instance=1),
    }

    assert len(server.post("/instances", zipped(members)).json) == 1
    assert kept(server) == 1
    assert caplog.text.count("skipped") == 1


def test_a_zip_without_members_is_an_empty_list(server: Live) -> None:
    assert server.post("/instances", zipped({})).json == []


def test_a_zip_of_many_files_is_answered_whole(server: Live) -> None:
    members = {f"{number}": make_instance("CT", instance=number) for number in range(1, 201)}

    answer = server.post("/instances", zipped(members)).json

    assert len({one["ID"] for one in answer}) == 200


def test_a_zip_inside_gzip_is_unpacked(server: Live) -> None:
    packed = gzip.compress(zipped({"a": make_instance("CT")}))

    assert len(server.post("/instances", packed, {"Content-Encoding": "gzip"}).json) == 1


def test_a_zip_bomb_is_refused_as_a_whole(server: Live) -> None:
    members = {"good": make_instance("CT"), "bomb": make_instance("CT", instance=2) + bytes(64 * MEGABYTE)}

    refused(server.post("/instances", zipped(members)), 413, "MaximumFileSizeInArchiveMB")

    assert kept(server) == 0
    assert leftovers(server) == []


def test_a_bomb_that_lies_about_its_size_is_stopped(server: Live) -> None:
    data = make_instance("CT")

    refused(server.post("/instances", liar(data + bytes(64 * MEGABYTE), announced=len(data))), 413, "announces")

    assert kept(server) == 0
    assert leftovers(server) == []


def test_an_encrypted_zip_is_told_to_be_one(server: Live) -> None:
    data = bytearray(zipped({"a": make_instance("CT")}))
    data[data.index(b"PK\x01\x02") + 8] |= 1

    refused(server.post("/instances", bytes(data)), 400, "encrypted")


def test_a_damaged_zip_is_refused(server: Live) -> None:
    refused(server.post("/instances", zipped({"a": make_instance("CT")})[:-30]), 400, "ZIP")


def test_the_files_of_a_form_are_kept_and_the_answer_is_empty(server: Live) -> None:
    body, headers = form(
        ('name="upload"; filename="1.dcm"', make_instance("CT", instance=1)),
        ('name="note"', b"not a file"),
        ('name="upload"; filename="2.zip"', zipped({"a": make_instance("CT", instance=2)})),
        ('name="upload"; filename="3.gz"', gzip.compress(make_instance("CT", instance=3))),
        ('name="nothing"; filename=""', b""),
    )

    answer = server.post("/instances", body, headers)

    assert (answer.status, answer.body) == (200, b"")
    assert answer.headers["content-type"] == "text/plain"
    assert kept(server) == 3
    assert leftovers(server) == []


def test_a_form_with_a_boundary_in_quotes_is_read(server: Live) -> None:
    body, _ = form(('name="upload"; filename="1.dcm"', make_instance("CT")))

    assert server.post("/instances", body, {"Content-Type": 'multipart/form-data; boundary="-berry-"'}).status == 200
    assert kept(server) == 1


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("multipart/form-data", b"x"),
        ("multipart/form-data; boundary=", b"x"),
        ("multipart/form-data; boundary=b", b"no boundary in here"),
        ("multipart/form-data; boundary=b", b'--b\r\nContent-Disposition: form-data; name="a"; filename="a"\r\n\r\nx'),
        ("multipart/form-data; boundary=b", b"--b\r\nContent-Disposition: form-data\r\n" + b"X: y\r\n" * 100),
    ],
)
def test_a_broken_form_is_refused(server: Live, content_type: str, body: bytes) -> None:
    answer = server.post("/instances", body, {"Content-Type": content_type})

    assert answer.status in (400, 413)
    assert leftovers(server) == []


def test_a_form_with_a_file_that_is_no_dicom_is_refused(server: Live) -> None:
    body, headers = form(('name="upload"; filename="1.dcm"', b"hello" * 100))

    assert server.post("/instances", body, headers).status == 400


def test_a_large_upload_needs_little_memory(tmp_path: Path) -> None:
    import tracemalloc

    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        archive.writestr("large", make_instance("CT") + bytes(40 * MEGABYTE))
    body = data.getvalue()
    settings = HttpSettings(port=0, addresses=("127.0.0.1",))
    with live_server(tmp_path, settings=settings) as server:
        server.upload(make_instance("MR"))
        tracemalloc.start()
        try:
            before = tracemalloc.get_traced_memory()[0]
            server.post("/instances", body)
            peak = tracemalloc.get_traced_memory()[1] - before
        finally:
            tracemalloc.stop()

    assert peak < 4 * MEGABYTE


def test_an_upload_is_written_once(server: Live) -> None:
    data = make_instance("CT", rows=1500, columns=1500)
    server.upload(make_instance("MR"))

    before = bytes_written()
    server.upload(data)

    assert bytes_written() - before < 1.2 * len(data)


def bytes_written() -> int:
    """What this process has given to files so far (proc(5), io)."""
    facts = dict(line.split(": ") for line in Path("/proc/self/io").read_text(encoding="ascii").splitlines())
    return int(facts["wchar"])
