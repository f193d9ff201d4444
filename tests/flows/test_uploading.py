"""What pages upload: what the tags say of people is listed before students see it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.flows.house import House, in_process
from tests.flows.test_people import SCHOOL, basic
from tests.makers.instances import make_dataset, make_study, part10


@pytest.fixture
def school(tmp_path: Path) -> Iterator[House]:
    with in_process(tmp_path, SCHOOL) as house:
        yield house


def test_what_the_tags_say_of_people_is_listed(school: House) -> None:
    study = ""
    for file in make_study(series={"CT": 3}):
        study = school.ask("POST", "/instances", file, **basic("tom")).json["ParentStudy"]

    told = school.ask("GET", f"/pacsberry/studies/{study}/names", **basic("tom")).json

    found = {one["Name"]: (one["Kind"], one["Tag"], one["Values"]) for one in told["Names"]}
    assert found["PatientID"] == ("Number", "0010,0020", ["PATIENT-1"])
    assert found["PatientBirthDate"][2] == ["19700101"]
    assert found["PatientName"][0] == "Person"
    assert (told["CountLookedAt"], told["CountInstances"], told["HasBurnedIn"]) == (3, 3, False)


def test_a_name_in_a_single_picture_is_found_and_what_is_burnt_in_is_told(school: House) -> None:
    study = ""
    for number in range(1, 4):
        dataset = make_dataset("US", instance=number)
        if number == 2:
            dataset.OperatorsName = "Doe^Olga"
            dataset.BurnedInAnnotation = "YES"
        study = school.ask("POST", "/instances", part10(dataset), **basic("tom")).json["ParentStudy"]

    told = school.ask("GET", f"/pacsberry/studies/{study}/names", **basic("tom")).json

    assert [one["Values"] for one in told["Names"] if one["Name"] == "OperatorsName"] == [["Doe^Olga"]]
    assert told["HasBurnedIn"]


def test_students_are_told_no_names_even_of_what_they_see(school: House) -> None:
    study = school.ask("POST", "/instances", make_study()[0], **basic("tom")).json["ParentStudy"]
    school.ask("PUT", f"/pacsberry/studies/{study}", {"IsShown": True}, **basic("tom"))

    assert school.ask("GET", f"/pacsberry/studies/{study}").status == 200
    assert school.ask("GET", f"/pacsberry/studies/{study}/names").status == 401
    assert school.ask("GET", "/pacsberry/studies/x/names", **basic("tom")).status == 404
