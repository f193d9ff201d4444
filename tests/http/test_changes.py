"""The logs that clients follow."""

import time

import pytest

from tests.http.live import Live
from tests.makers import make_instance

FRESH = ["NewInstance", "NewSeries", "NewStudy", "NewPatient"]


def _types(page: dict[str, list[dict[str, str]]]) -> list[str]:
    return [change["ChangeType"] for change in page["Changes"]]


def test_an_upload_is_told_from_the_instance_up(server: Live) -> None:
    told = server.upload(make_instance("CT"))

    page = server.get("/changes").json

    assert _types(page) == FRESH
    assert page["Done"] is True
    assert page["Last"] == page["Changes"][-1]["Seq"]
    first = page["Changes"][0]
    assert (first["ID"], first["Path"], first["ResourceType"]) == (told["ID"], told["Path"], "Instance")
    assert time.strptime(first["Date"], "%Y%m%dT%H%M%S")


def test_a_client_follows_page_by_page(server: Live) -> None:
    for number in range(3):
        server.upload(make_instance("CT", patient_id=f"P{number}"))

    seen, since, done = [], 0, False
    while not done:
        page = server.get(f"/changes?since={since}&limit=5").json
        seen += _types(page)
        since, done = page["Last"], page["Done"]

    assert seen == FRESH * 3
    assert server.get(f"/changes?since={since}").json == {"Changes": [], "Done": True, "Last": since}


def test_the_last_change_is_told_alone(server: Live) -> None:
    assert server.get("/changes?last").json == {"Changes": [], "Done": True, "Last": 0}
    server.upload(make_instance("CT"))

    assert _types(server.get("/changes?last").json) == ["NewPatient"]


def test_changes_are_filtered_by_type_and_end(server: Live) -> None:
    for number in range(2):
        server.upload(make_instance("CT", patient_id=f"P{number}"))

    assert _types(server.get("/changes?type=NewStudy;NewPatient").json) == ["NewStudy", "NewPatient"] * 2
    assert _types(server.get("/changes?since=0&to=3").json) == FRESH[:3]
    assert _types(server.get("/changes?to=6&limit=2").json) == ["NewInstance", "NewSeries"]
    assert server.get("/changes?type=Weather").status == 400


@pytest.mark.parametrize("arguments", ["since=x", "limit=-1", "to=1.5", f"since={'9' * 30}"])
def test_arguments_that_are_no_numbers_are_refused(server: Live, arguments: str) -> None:
    assert server.get(f"/changes?{arguments}").status == 400
    if not arguments.startswith("to"):
        assert server.get(f"/exports?{arguments}").status == 400


def test_changes_of_what_is_gone_are_gone_and_numbers_go_on(server: Live) -> None:
    patient = server.upload(make_instance("CT"))["ParentPatient"]
    last = server.get("/changes").json["Last"]

    server.delete(f"/patients/{patient}")
    assert server.get("/changes").json["Changes"] == []
    server.upload(make_instance("CT"))
    assert server.get("/changes").json["Changes"][0]["Seq"] > last
    assert server.delete("/changes").body == b""
    cleared = server.get("/changes").json
    assert cleared["Changes"] == []
    assert cleared["Last"] >= last + 4


def test_the_export_log_is_empty_until_something_is_sent(server: Live) -> None:
    empty = {"Done": True, "Exports": [], "Last": 0}

    assert server.get("/exports").json == empty
    assert server.get("/exports?last").json == empty
    assert server.get("/exports?since=5&limit=3").json == empty
    assert server.delete("/exports").body == b""
