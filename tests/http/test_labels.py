"""Labels of resources, protection of patients, studies and series."""

import pytest

from tests.http.live import Live
from tests.makers import make_instance

LEVELS = ("patients", "studies", "series", "instances")


@pytest.mark.parametrize("level", LEVELS)
def test_a_label_is_put_on_seen_and_taken_off(server: Live, level: str) -> None:
    server.upload(make_instance("CT"))
    place = f"/{level}/{server.get(f'/{level}').json[0]}"

    assert server.get(f"{place}/labels").json == []
    for label in ("week-2", "exam", "week-2"):
        put = server.put(f"{place}/labels/{label}", "anything")
        assert (put.status, put.body, put.headers["content-type"]) == (200, b"", "text/plain")
    assert server.get(f"{place}/labels").json == ["exam", "week-2"]
    assert server.get(place).json["Labels"] == ["exam", "week-2"]
    assert server.get("/tools/labels").json == ["exam", "week-2"]
    has = server.get(f"{place}/labels/exam")
    assert (has.status, has.body) == (200, b"")
    missing = server.get(f"{place}/labels/nothing")
    assert (missing.status, missing.body) == (404, b"")
    assert server.delete(f"{place}/labels/exam").body == b""
    assert server.delete(f"{place}/labels/exam").status == 200
    assert server.get(f"{place}/labels").json == ["week-2"]


@pytest.mark.parametrize("label", ["a%20b", "a.b", "x" * 65, "%C3%A4", "a%00b", "a%2Fb", "%27", "a;b"])
def test_a_word_that_is_no_label_is_refused(server: Live, label: str) -> None:
    place = f"/studies/{server.upload(make_instance('CT'))['ParentStudy']}"

    assert server.put(f"{place}/labels/{label}").status in (400, 404)
    assert server.get("/tools/labels").json == []


def test_labels_of_nobody_are_not_found(server: Live) -> None:
    assert server.get("/studies/nobody/labels").status == 404
    assert server.put("/studies/nobody/labels/exam").status == 404
    assert server.delete("/studies/nobody/labels/exam").status == 404


def test_labels_go_with_their_resource(server: Live) -> None:
    study = server.upload(make_instance("CT"))["ParentStudy"]
    server.put(f"/studies/{study}/labels/exam")

    server.delete(f"/studies/{study}")

    assert server.get("/tools/labels").json == []


def test_a_patient_is_protected_and_released(server: Live) -> None:
    patient = server.upload(make_instance("CT"))["ParentPatient"]
    place = f"/patients/{patient}/protected"

    assert server.get(place).text == "0"
    for body, told in (("1", "1"), ("0", "0"), ("true", "1"), ("false", "0")):
        put = server.put(place, body)
        assert (put.status, put.body) == (200, b"")
        assert server.get(place).text == told
        assert server.get(f"/patients/{patient}").json["IsProtected"] is (told == "1")


@pytest.mark.parametrize("level", ["studies", "series"])
def test_a_protected_study_or_series_says_so_everywhere_and_an_unprotected_one_says_nothing(
    server: Live, level: str
) -> None:
    told = server.upload(make_instance("CT"))
    resource, kind = (told["ParentStudy"], "Study") if level == "studies" else (told["ParentSeries"], "Series")
    place = f"/{level}/{resource}"
    before = server.get(place).json

    def described() -> list[dict[str, object]]:
        found = server.post("/tools/find", {"Level": kind, "Query": {}, "Expand": True}).json
        chosen = server.post("/tools/find", {"Level": kind, "Query": {}, "ResponseContent": ["IsProtected"]}).json
        return [server.get(place).json, *server.get(f"/{level}?expand").json, *found, *chosen]

    assert server.get(f"{place}/protected").text == "0"
    assert not any("IsProtected" in one for one in described())

    assert server.put(f"{place}/protected", "1").body == b""
    assert server.get(f"{place}/protected").text == "1"
    assert [one["IsProtected"] for one in described()] == [True] * 4
    assert server.get(f"{place}/metadata/IsProtected").text == "true"
    assert server.get(f"/patients/{told['ParentPatient']}").json["IsProtected"] is False

    assert server.put(f"{place}/protected", "false").body == b""
    assert server.get(place).json == before
    assert server.get(f"{place}/metadata/IsProtected").status == 404


def test_protection_takes_a_boolean_and_instances_have_none(server: Live) -> None:
    told = server.upload(make_instance("CT"))

    for body in ("", "x", "2", b"\xff"):
        assert server.put(f"/patients/{told['ParentPatient']}/protected", body).status == 400
        assert server.put(f"/series/{told['ParentSeries']}/protected", body).status == 400
    assert server.get("/patients/nobody/protected").status == 404
    assert server.put("/patients/nobody/protected", "1").status == 404
    assert server.get("/studies/nobody/protected").status == 404
    assert server.put("/series/nobody/protected", "1").status == 404
    assert server.get(f"/instances/{told['ID']}/protected").status == 404
    assert server.put(f"/instances/{told['ID']}/protected", "1").status == 404
