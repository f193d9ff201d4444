"""A study that a teacher has deleted and somebody sends again is there to stay, however it comes."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.flows.house import House, in_process
from tests.flows.programs import HERE, run
from tests.makers import make_instance


def by_upload(house: House, file: Path) -> None:
    assert house.ask("POST", "/instances", file.read_bytes()).json["Status"] == "AlreadyStored"


def by_dicom(house: House, file: Path) -> None:
    run("storescu", HERE, house.dicom_port, file)


@pytest.mark.parametrize("send", [by_upload, by_dicom])
def test_what_was_deleted_and_is_sent_again_comes_back_hidden(
    tmp_path: Path, send: Callable[[House, Path], None]
) -> None:
    file = tmp_path / "one.dcm"
    file.write_bytes(make_instance("CT"))
    with in_process(tmp_path, {}) as house:
        told = house.upload(file.read_bytes())
        study = f"/pacsberry/studies/{told['ParentStudy']}"
        assert house.ask("PUT", study, b'{"IsShown": true}').json["IsShown"]
        assert house.ask("POST", "/pacsberry/instances/known", f'["{told["ID"]}"]'.encode()).json == [told["ID"]]
        assert house.ask("DELETE", study).status == 200
        assert house.get("/pacsberry/studies")["Studies"] == []
        assert house.ask("POST", "/pacsberry/instances/known", f'["{told["ID"]}"]'.encode()).json == []

        send(house, file)

        [listed] = house.get("/pacsberry/studies")["Studies"]
        assert (listed["ID"], listed["IsShown"]) == (told["ParentStudy"], False)
        assert house.get("/pacsberry/discarded") == []
