"""What teachers draw on pictures is kept with the study, and nothing else gets in."""

import json
from typing import Any

import pytest

from tests.http.live import Live
from tests.makers import make_instance

LINE: dict[str, Any] = {"Tool": "length", "Points": [[0, 0, 0], [10.5, -3, 2]], "Frame": 0, "Text": ""}


@pytest.fixture
def place(server: Live) -> tuple[str, str]:
    """The address of a study's annotations, and one of its instances."""
    told = server.upload(make_instance("CT"))
    return f"/pacsberry/studies/{told['ParentStudy']}/annotations", told["ID"]


def put(server: Live, path: str, annotations: object) -> Any:
    return server.request("PUT", path, json.dumps({"Annotations": annotations}).encode())


def test_what_was_drawn_comes_back_and_goes_again(server: Live, place: tuple[str, str]) -> None:
    path, instance = place
    drawn = [LINE | {"Instance": instance}, LINE | {"Instance": instance, "Tool": "arrow", "Text": "Where? <b>"}]

    assert server.get(path).json == {"Annotations": []}
    assert put(server, path, drawn).json == {"Annotations": drawn}
    assert server.get(path).json == {"Annotations": drawn}
    assert put(server, path, []).json == {"Annotations": []}
    assert server.get(path).json == {"Annotations": []}


@pytest.mark.parametrize(
    "wrong",
    [
        {"Tool": "eval"},
        {"Instance": "../../etc"},
        {"Frame": -1},
        {"Frame": True},
        {"Text": "two\nlines"},
        {"Text": "x" * 201},
        {"Points": []},
        {"Points": [[0, 0]]},
        {"Points": [[0, 0, float("nan")]]},
        {"Points": [[0, 0, 1e9]]},
        {"Points": [[0, 0, 0]] * 17},
        {"More": 1},
    ],
)
def test_what_is_no_annotation_is_refused_and_changes_nothing(
    server: Live, place: tuple[str, str], wrong: dict[str, Any]
) -> None:
    path, instance = place
    put(server, path, [LINE | {"Instance": instance}])

    assert put(server, path, [LINE | {"Instance": instance} | wrong]).status == 400

    assert len(server.get(path).json["Annotations"]) == 1


def test_there_are_bounds_and_a_study_has_to_be_there(server: Live, place: tuple[str, str]) -> None:
    path, instance = place

    assert put(server, path, [LINE | {"Instance": instance}] * 1001).status == 400
    assert put(server, path, "many").status == 400
    assert server.get("/pacsberry/studies/" + "-".join(["0" * 8] * 5) + "/annotations").status == 404
