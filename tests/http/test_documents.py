"""The table of tags, reports and videos, through the door."""

from pydicom.encaps import encapsulate

from tests.http.live import Live
from tests.makers import make_instance
from tests.makers.instances import make_dataset, part10

MPEG4 = "1.2.840.10008.1.2.4.102"
MOVIE = b"\0\0\0\x18ftypisom" + bytes(range(256)) * 40


def video(stream: bytes, transfer_syntax: str = MPEG4, instance: int = 1) -> bytes:
    ds = make_dataset("US-loop", transfer_syntax=transfer_syntax, frames=3, instance=instance)
    ds.PixelData = encapsulate([stream], has_bot=False)
    ds["PixelData"].is_undefined_length = True
    return part10(ds)


def test_the_table_tells_all_tags_to_who_may_see_them(server: Live) -> None:
    told = server.upload(make_instance("CT"))

    table = server.get(f"/pacsberry/instances/{told['ID']}/tags").json

    rows = {row["Name"]: row for row in table["Rows"]}
    assert rows["PatientName"] == {
        "Depth": 0, "Tag": "0010,0010", "Name": "PatientName", "VR": "PN", "Value": "Test^Patient", "Size": 12
    }  # fmt: skip
    assert (table["IsCut"], table["IsReduced"]) == (False, False)


def test_a_report_is_told_and_what_is_none_has_no_lines(server: Live) -> None:
    report, picture = (server.upload(make_instance(kind))["ID"] for kind in ("SR", "CT"))

    assert server.get(f"/pacsberry/instances/{report}/report").json["Lines"][1] == {
        "Depth": 1, "Kind": "TEXT", "Name": "Finding", "Value": "No abnormality."
    }  # fmt: skip
    assert server.get(f"/pacsberry/instances/{picture}/report").json == {"Lines": [], "IsCut": False}


def test_a_video_is_played_from_any_place(server: Live) -> None:
    path = f"/pacsberry/instances/{server.upload(video(MOVIE))['ID']}/video"

    whole = server.get(path)
    part = server.get(path, {"Range": "bytes=100-199"})

    assert (whole.status, whole.headers["content-type"], whole.body) == (200, "video/mp4", MOVIE)
    assert (part.status, part.body) == (206, MOVIE[100:200])
    assert part.headers["content-range"] == f"bytes 100-199/{len(MOVIE)}"
    assert server.get(path, {"If-None-Match": whole.headers["etag"]}).status == 304


def test_what_no_browser_plays_is_no_video(server: Live) -> None:
    transport_stream = video(b"\x47" * 376, instance=1)
    mpeg2 = video(MOVIE, "1.2.840.10008.1.2.4.100", instance=2)

    for file in (transport_stream, mpeg2, make_instance("US-loop", frames=2, instance=3), make_instance("SR")):
        assert server.get(f"/pacsberry/instances/{server.upload(file)['ID']}/video").status == 404


def test_a_pdf_is_read_from_any_place(server: Live) -> None:
    path = f"/instances/{server.upload(make_instance('PDF'))['ID']}/pdf"

    assert server.get(path, {"Range": "bytes=0-7"}).body == b"%PDF-1.4"
