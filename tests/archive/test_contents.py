"""What a series is made of, and that its digest changes whenever its content does."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from pacsberry.errors import UnknownResource
from pacsberry.model import Level
from tests.http.live import Live, live_server
from tests.makers import make_instance
from tests.makers.syntaxes import DEFLATED


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Live]:
    with live_server(tmp_path) as running:
        yield running


def digests(server: Live) -> dict[str, str]:
    return dict(server.archive.contents.newest_first())


def test_members_come_with_what_is_needed_to_open_and_to_order_them(server: Live) -> None:
    data = make_instance("CT", instance=2)
    server.upload(data)
    series = server.upload(make_instance("CT", instance=1))["ParentSeries"]

    contents = server.archive.contents.of(series)

    assert [member.tags["InstanceNumber"] for member in contents.members] == ["1", "2"]
    last = contents.members[1]
    assert (last.size, last.transfer_syntax_uid, last.has_pixels) == (len(data), "1.2.840.10008.1.2.1", True)
    assert server.archive.files.exists(last.file)
    assert contents.tags["Modality"] == "CT"
    assert contents.digest == server.archive.contents.digest(series)


def test_a_report_has_no_pixels(server: Live) -> None:
    series = server.upload(make_instance("SR"))["ParentSeries"]

    assert [member.has_pixels for member in server.archive.contents.of(series).members] == [False]


def test_a_deflated_image_has_pixels(server: Live) -> None:
    series = server.upload(make_instance("CT", transfer_syntax=DEFLATED))["ParentSeries"]

    assert [member.has_pixels for member in server.archive.contents.of(series).members] == [True]


def test_the_digest_tells_every_change_of_the_content(tmp_path: Path) -> None:
    from pacsberry.model import OverwritePolicy

    with live_server(tmp_path, overwrite=OverwritePolicy.ALWAYS) as server:
        seen = []
        series = server.upload(make_instance("CT", instance=1))["ParentSeries"]
        seen.append(server.archive.contents.digest(series))
        server.upload(make_instance("CT", instance=2))
        seen.append(server.archive.contents.digest(series))
        server.post("/instances", make_instance("CT", instance=2, tags={"WindowCenter": 7}))  # in its place
        seen.append(server.archive.contents.digest(series))
        server.delete(f"/instances/{server.archive.contents.of(series).members[0].id}")
        seen.append(server.archive.contents.digest(series))

        assert len(set(seen)) == 4
        assert seen[-1] == server.archive.contents.digest(series)


def test_labels_and_other_series_do_not_change_it(server: Live) -> None:
    series = server.upload(make_instance("CT"))["ParentSeries"]
    before = server.archive.contents.digest(series)

    server.put(f"/series/{series}/labels/shown")
    server.upload(make_instance("CT", series=2))

    assert server.archive.contents.digest(series) == before


def test_all_series_come_the_newest_first(server: Live) -> None:
    uploaded = [server.upload(make_instance("CT", series=number))["ParentSeries"] for number in range(70)]
    server.archive.resources.locate(Level.SERIES, uploaded[-1])  # what was posted is committed now

    assert list(digests(server)) == uploaded[::-1]
    assert digests(server)[uploaded[3]] == server.archive.contents.digest(uploaded[3])


def test_a_digest_is_current_until_the_series_changes(server: Live) -> None:
    series = server.upload(make_instance("CT", instance=1))["ParentSeries"]
    contents = server.archive.contents
    digest = contents.digest(series)
    assert contents.is_current(series, digest)

    server.upload(make_instance("CT", instance=2))
    contents.digest(series)  # which waits until the index has it

    assert not contents.is_current(series, digest)
    assert not contents.is_current("x", digest)


def test_what_is_not_there_is_unknown(server: Live) -> None:
    for ask in (server.archive.contents.of, server.archive.contents.digest):
        with pytest.raises(UnknownResource):
            ask("x")
    with pytest.raises(UnknownResource):
        server.archive.contents.id_of(99)
    assert not server.archive.contents.exists("x")
    assert not server.archive.contents.exists("\u00e9")
