"""Metadata out of the index, where the options say so."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from pacsberry.http.settings import DicomWebSettings, HttpSettings
from pacsberry.model import Level
from tests.http.dicomweb.aids import JSON, XML, parts_of, path_of, values
from tests.http.live import Live, live_server
from tests.makers import EXPLICIT, make_study

STUDY: Final = make_study(series={"CT": 2, "MR": 1})
INSTANCE: Final = path_of(STUDY[0])
SERIES, STUDY_PATH = INSTANCE.rsplit("/", 2)[0], INSTANCE.rsplit("/", 4)[0]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    folder = tmp_path_factory.mktemp("indexed")
    web = DicomWebSettings(from_index=frozenset({Level.STUDY, Level.SERIES}))
    with live_server(folder, settings=HttpSettings(port=0, addresses=("127.0.0.1",), dicomweb=web)) as running:
        for data in STUDY:
            running.upload(data)
        for file in (folder / "storage").rglob("*.dcm"):
            file.unlink()
        yield running


@pytest.mark.parametrize(("path", "count"), [(SERIES, 2), (STUDY_PATH, 3)])
def test_main_tags_are_told_without_opening_a_file(server: Live, path: str, count: int) -> None:
    reply = server.get(f"{path}/metadata", {"Accept": JSON})

    assert (reply.status, reply.headers["content-type"]) == (200, JSON)
    told = json.loads(reply.body)
    assert len(told) == count
    assert path_of(STUDY[0]).rsplit("/", 1)[1] in [values(one, "00080018")[0] for one in told]
    for one in told:
        assert values(one, "00083002") == [EXPLICIT]
        assert values(one, "00280010") == [16]
        assert values(one, "00100020") == ["PATIENT-1"]
        assert list(one) == sorted(one)
    assert len(parts_of(server.get(f"{path}/metadata", {"Accept": XML}))) == count


def test_an_instance_tells_all_it_has_from_its_file(server: Live) -> None:
    assert server.get(f"{INSTANCE}/metadata", {"Accept": JSON}).body == b"[]"  # the file is gone: it cannot be read


def test_what_is_not_there_is_not_found(server: Live) -> None:
    assert server.get("/dicom-web/studies/1.2.3/metadata").status == 404
    assert server.get(f"{STUDY_PATH}/series/1.2.3/metadata").status == 404
    assert server.get("/dicom-web/studies/%20/metadata").status == 404


def test_both_levels_can_be_left_to_files(tmp_path: Path) -> None:
    web = DicomWebSettings(from_index=frozenset({Level.STUDY}))
    with live_server(tmp_path, settings=HttpSettings(port=0, addresses=("127.0.0.1",), dicomweb=web)) as server:
        server.upload(STUDY[0])

        [full] = json.loads(server.get(f"{SERIES}/metadata").body)
        [main] = json.loads(server.get(f"{STUDY_PATH}/metadata").body)

    assert "7FE00010" in full
    assert "7FE00010" not in main
