"""When pictures are prepared, what they survive, and that they are in nobody's way."""

import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

import pytest

from pacsberry.errors import UnreadableDicom
from pacsberry.imaging.prepared.making import Maker
from pacsberry.imaging.prepared.preparer import Preparer
from pacsberry.model import Header
from pacsberry.upkeep.checking import Check
from tests.flows.programs import wait_until
from tests.http.live import Live, live_server
from tests.http.test_prepared import stack_slice
from tests.makers import make_instance

MADE = ("frames", "metadata", "places", "preview", "thumbnail")


def prepared(server: Live) -> dict[str, int]:
    """The prepared files and when each was written, in nanoseconds."""
    folder = server.archive.files.storage / "prepared"
    return {path.name: path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file()}


def kinds(server: Live, series: str) -> tuple[str, ...]:
    return tuple(sorted(name.rpartition(".")[2] for name in prepared(server) if name.startswith(series)))


def manifest(server: Live, series: str, query: str = "?make=0") -> Any:
    return server.get(f"/pacsberry/series/{series}/pictures{query}").json


def threads() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name.startswith("preparer")]


def upload_stack(server: Live, count: int = 3) -> str:
    told = [server.upload(stack_slice(number)) for number in range(1, count + 1)]
    return told[0]["ParentSeries"]


def at_work(folder: Path, **how: Any) -> Any:
    """A server that prepares pictures by itself, of series that have been quiet for a moment."""
    return live_server(folder, prepares_by_itself=True, stable_age_seconds=0.3, batch_seconds=0.05, **how)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Live]:
    with at_work(tmp_path) as running:
        yield running


def test_everything_is_made_of_a_series_that_has_become_stable(server: Live) -> None:
    series = upload_stack(server)
    assert kinds(server, series) == ()

    wait_until(lambda: kinds(server, series) == MADE)

    told = manifest(server, series)
    assert {state["State"] for state in told["Prepared"].values()} == {"Ready"}
    assert told["IsPlaced"]
    assert told["Shared"]["PixelSpacing"] == [0.5, 0.5]


def test_nothing_is_written_and_no_thread_runs_once_all_is_made(server: Live) -> None:
    series = upload_stack(server)
    report = server.upload(make_instance("SR", series=2))["ParentSeries"]
    wait_until(lambda: kinds(server, series) == MADE and kinds(server, report) == ("metadata", "places"))
    wait_until(lambda: not threads())
    before = prepared(server)

    time.sleep(1)

    assert prepared(server) == before
    assert not threads()
    assert server.preparer.status()["CountWaiting"] == 0


def test_a_restart_finds_what_is_missing_and_makes_nothing_twice(tmp_path: Path) -> None:
    with at_work(tmp_path) as server:
        first, second = upload_stack(server), server.upload(make_instance("CT", series=7))["ParentSeries"]
        wait_until(lambda: kinds(server, first) == MADE and kinds(server, second) == MADE)
        before = prepared(server)
    folder = tmp_path / "storage" / "prepared"
    for path in folder.rglob(f"{second}*"):
        path.unlink()
    leftover = folder / first[:2] / f"{first}-{'0' * 16}.preview.12340.part"
    stranger = folder / first[:2] / f"{'0' * 8}{first[8:]}-{'0' * 16}.preview"
    leftover.write_bytes(b"half")
    stranger.write_bytes(b"of a series that is gone")

    with at_work(tmp_path) as server:
        wait_until(lambda: kinds(server, second) == MADE)
        wait_until(lambda: not threads())
        after = prepared(server)

    assert {name for name in after if not name.startswith(second)} == {
        name for name in before if name.startswith(first)
    }
    assert all(after[name] == before[name] for name in after if name.startswith(first))


def test_a_series_that_grows_is_made_anew_and_the_old_files_go(server: Live) -> None:
    series = upload_stack(server)
    wait_until(lambda: kinds(server, series) == MADE)
    url = manifest(server, series)["Prepared"]["preview"]["Url"]

    server.upload(stack_slice(9))

    assert manifest(server, series)["Prepared"]["preview"]["State"] in ("Missing", "Making")
    wait_until(lambda: manifest(server, series)["Prepared"]["frames"]["State"] == "Ready")
    wait_until(lambda: kinds(server, series) == MADE)
    assert manifest(server, series)["CountPictures"] == 4
    assert server.get(url).status == 404


@pytest.mark.parametrize("level", ["patients", "studies", "series"])
def test_what_is_deleted_is_gone_from_there(server: Live, level: str) -> None:
    series = upload_stack(server)
    wait_until(lambda: kinds(server, series) == MADE)
    urls = [state["Url"] for state in manifest(server, series)["Prepared"].values()]
    (resource,) = server.get(f"/{level}").json

    server.delete(f"/{level}/{resource}")

    assert [server.get(url).status for url in urls] == [404, 404, 404]
    wait_until(lambda: not prepared(server))


def test_an_instance_that_is_deleted_is_not_in_old_pictures(server: Live) -> None:
    series = upload_stack(server)
    wait_until(lambda: kinds(server, series) == MADE)
    url = manifest(server, series)["Prepared"]["preview"]["Url"]

    server.delete(f"/instances/{server.get(f'/series/{series}').json['Instances'][0]}")

    wait_until(lambda: server.get(url).status == 404)
    assert manifest(server, series)["CountPictures"] == 2


def test_nothing_is_made_while_something_arrives_but_for_who_waits_for_it(tmp_path: Path) -> None:
    with at_work(tmp_path, quiet_seconds=0.5) as server:
        series = upload_stack(server)
        begun = time.monotonic()
        number = 0

        def something_arrives() -> None:
            nonlocal number
            number += 1
            server.upload(make_instance("MR", patient_id="SENT", instance=number))

        while time.monotonic() < begun + 1.5:
            something_arrives()
            assert kinds(server, series) == ()
        while "preview" not in kinds(server, series):
            something_arrives()
            manifest(server, series, "")
            assert time.monotonic() < begun + 20

        wait_until(lambda: kinds(server, series) == MADE)


def test_nothing_is_prepared_nor_left_lying_when_that_is_off(tmp_path: Path) -> None:
    with at_work(tmp_path) as server:
        series = upload_stack(server)
        wait_until(lambda: kinds(server, series) == MADE)

    with at_work(tmp_path, prepared_percent=0) as server:
        wait_until(lambda: not (tmp_path / "storage" / "prepared").exists())
        told = manifest(server, series, "")
        assert {state["State"] for state in told["Prepared"].values()} == {"Off"}
        server.upload(stack_slice(9))
        time.sleep(0.8)
        assert prepared(server) == {}
        assert server.preparer.status()["IsEnabled"] is False


def test_files_full_of_zeros_are_made_again(tmp_path: Path) -> None:
    with at_work(tmp_path) as server:
        series = upload_stack(server)
        wait_until(lambda: kinds(server, series) == MADE)
        good = server.get(manifest(server, series)["Prepared"]["preview"]["Url"]).body
    for path in (tmp_path / "storage" / "prepared").rglob(f"{series}*"):
        with path.open("r+b") as file:  # as long as before: never written to the card when the power went
            file.write(bytes(path.stat().st_size))

    with at_work(tmp_path) as server:
        assert manifest(server, series)["Prepared"]["preview"]["State"] in ("Missing", "Making")
        manifest(server, series, "")
        wait_until(lambda: manifest(server, series)["Prepared"]["preview"]["State"] == "Ready")
        assert server.get(manifest(server, series)["Prepared"]["preview"]["Url"]).body == good
        wait_until(lambda: manifest(server, series)["IsPlaced"])


def test_a_folder_that_cannot_be_written_is_told_and_the_archive_goes_on(tmp_path: Path) -> None:
    with at_work(tmp_path) as server:
        (tmp_path / "storage" / "prepared").write_bytes(b"somebody's file")
        series = upload_stack(server)

        manifest(server, series, "")
        wait_until(lambda: manifest(server, series)["Prepared"]["preview"]["State"] == "Failed")

        assert "prepared" in manifest(server, series)["Prepared"]["preview"]["Reason"]
        assert len(server.get("/instances").json) == 3


def test_they_are_no_strangers_to_a_check_and_survive_a_rebuilding_of_the_index(tmp_path: Path) -> None:
    with at_work(tmp_path) as server:
        series = upload_stack(server)
        wait_until(lambda: kinds(server, series) == MADE)
        wait_until(lambda: not threads())
        before = prepared(server)
        archive = server.archive
        report = Check(archive.index, archive.files, read_header=_no_header, sleep=lambda seconds: None).run()
        assert report.findings == []

    archive.rebuild_index()

    with at_work(tmp_path) as server:
        assert {state["State"] for state in manifest(server, series)["Prepared"].values()} == {"Ready"}
        wait_until(lambda: not threads())
        assert prepared(server) == before


def _no_header(file: BinaryIO) -> Header:
    raise UnreadableDicom("not asked for")


def test_who_asks_for_more_series_than_may_wait_asks_again(server: Live) -> None:
    series = upload_stack(server)
    with server.pictures.pool.worker():  # the only one: the first series keeps all others waiting
        server.preparer.demand(series, server.archive.contents.digest(series), ["preview"])
        for number in range(100):
            server.preparer.demand(f"{number}", "0" * 16, ["preview"])

        assert server.preparer.progress("62") is not None
        assert server.preparer.progress("63") is None

    wait_until(lambda: server.preparer.progress("62") is None)


def test_an_error_of_ours_costs_one_series(server: Live, caplog: pytest.LogCaptureFixture) -> None:
    class Broken(Maker):
        def __init__(self) -> None:
            self.made: list[str] = []

        def make(self, series: str, *ignored: object, **how: object) -> None:
            self.made.append(series)
            raise ZeroDivisionError

    series, maker = upload_stack(server), Broken()
    digest = server.archive.contents.digest(series)
    preparer = Preparer(server.archive, server.preparer.store, lambda: maker)
    preparer.start(looks=False)

    preparer.demand(series, digest, ["preview"])
    wait_until(lambda: preparer.problem(series, digest) != "")
    preparer.demand(series, digest, ["preview"])
    wait_until(lambda: preparer.progress(series) is None)
    preparer.stop()

    assert maker.made == [series]
    assert "ZeroDivisionError" in caplog.text


def test_nothing_is_begun_once_the_server_stops(server: Live) -> None:
    server.preparer.halt()
    assert server.preparer.progress("x") is None
    server.preparer.demand("x", "0" * 16, ["preview"])
    assert server.preparer.progress("x") is None
