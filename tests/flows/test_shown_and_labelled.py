"""A teacher's list by what students see and by labels."""

from pathlib import Path
from typing import Any

from tests.flows.house import House, in_process
from tests.makers import make_instance


def test_a_list_is_filtered_by_what_students_see_and_by_a_label(tmp_path: Path) -> None:
    with in_process(tmp_path, {}) as house:
        studies = [house.upload(make_instance("CT", patient_id=name))["ParentStudy"] for name in ("A", "B", "C")]
        for study in studies[:2]:
            house.ask("PUT", f"/pacsberry/studies/{study}", b'{"IsShown": true}')
        for study in studies[1:]:
            house.ask("PUT", f"/studies/{study}/labels/exam")

        assert ids(listed(house, "")) == set(studies)
        assert ids(listed(house, "?shown=1")) == set(studies[:2])
        assert ids(listed(house, "?shown=0")) == {studies[2]}
        assert ids(listed(house, "?shown=1&label=exam")) == {studies[1]}
        assert ids(listed(house, "?label=shown")) == set(studies[:2])
        [told] = listed(house, "?shown=1&label=exam")["Studies"]
        assert (told["IsShown"], told["Labels"]) == (True, ["exam"])
        assert listed(house, "")["GuestLabel"] == "shown"
        assert house.ask("GET", "/pacsberry/studies?shown=perhaps").status == 400


def listed(house: House, query: str) -> dict[str, Any]:
    told: dict[str, Any] = house.get(f"/pacsberry/studies{query}")
    return told


def ids(told: dict[str, Any]) -> set[str]:
    return {one["ID"] for one in told["Studies"]}
