"""Who may do what, through the door: guests, teachers and admins."""

import json
import re
from pathlib import Path

import pytest

from pacsberry.auth import Action, Role
from pacsberry.http.api import ROUTES
from pacsberry.http.routing import Route
from tests.flows.house import House, in_process
from tests.flows.people_aids import SCHOOL, Page, basic, upload
from tests.makers.instances import make_instance

NAMES = ("DOE", "JANE", "4711", "19700101")


def show(house: House, study: str, *, shown: bool = True) -> None:
    assert house.ask("PUT", f"/pacsberry/studies/{study}", {"IsShown": shown}, **basic("tom")).status == 200


def test_a_teacher_works_with_studies_and_changes_no_settings(school: House) -> None:
    told = upload(school)
    page = Page(school).sign_in("tom")

    assert page.ask("POST", "/instances", make_instance("MR")).status == 200
    assert page.ask("PUT", f"/studies/{told['ParentStudy']}/labels/exam").status == 200
    assert page.ask("DELETE", f"/instances/{told['ID']}").status == 200
    assert page.ask("POST", "/tools/find", {"Level": "Study", "Query": {}}).status == 200
    for method, path in (
        ("POST", "/tools/shutdown"),
        ("POST", "/tools/reset"),
        ("PUT", "/tools/log-level"),
        ("DELETE", "/changes"),
        ("GET", "/pacsberry/users"),
        ("POST", "/pacsberry/recycle"),
    ):
        assert page.ask(method, path, b"1").status == 403, path


def path_of(route: Route) -> str:
    """A path of the route, with a made-up resource."""
    values = {"level": "studies", "child": "series", "frame": "0", "name": "preview", "number": "1024", "path": "x"}

    def value(match: "re.Match[str]") -> str:
        name, rule = match[1], match[2] or ""
        if "level:" in rule:
            return rule.split(":")[-1].split("|")[0]
        return values.get(name, "01234567-01234567-01234567-01234567-01234567")

    return re.sub(r"<(\w+)(:[^>]*)?>", value, route.path)


@pytest.mark.parametrize("role", [Role.STUDENT, Role.TEACHER])
def test_every_route_is_closed_to_who_may_not_do_what_it_does(school: House, role: Role) -> None:
    study = upload(school)["ParentStudy"]
    show(school, study, shown=False)
    page = Page(school) if role is Role.STUDENT else Page(school).sign_in("tom")
    open_routes = []
    for route in ROUTES:
        if route.is_public or (role is Role.TEACHER and route.action is not Action.ADMINISTER):
            continue
        status = page.ask(route.method, path_of(route), b"" if route.method == "GET" else b"x").status
        if status not in (401, 403):
            open_routes.append((route.method, route.path, status))

    if role is Role.TEACHER:
        assert open_routes == []
    else:
        assert {(method, path) for method, path, status in open_routes if status != 404} == {
            ("GET", "/pacsberry/studies"),
            ("GET", "/pacsberry/modalities"),
        }
    assert school.ask("GET", f"/studies/{study}", **basic("anna")).status == 200


@pytest.mark.parametrize(
    "path", ["/dicom-web/studies", "/dicom-web/series", "/wado?requestType=WADO", "/system", "/nothing"]
)
def test_scripts_and_guests_have_to_sign_in_for_the_rest(school: House, path: str) -> None:
    assert school.ask("GET", path).status in (401, 404)
    assert school.ask("GET", path).status == (404 if path == "/nothing" else 401)


def test_guests_see_what_is_shown_and_no_names(school: House) -> None:
    shown, hidden = (upload(school, patient) for patient in ("4711", "4712"))
    show(school, shown["ParentStudy"])

    listed = school.get("/pacsberry/studies")["Studies"]
    one = school.ask("GET", f"/pacsberry/studies/{shown['ParentStudy']}")
    pictures = school.ask("GET", f"/pacsberry/series/{shown['ParentSeries']}/pictures")
    picture = school.ask("GET", f"/instances/{shown['ID']}/preview")

    assert [study["ID"] for study in listed] == [shown["ParentStudy"]]
    assert (one.status, pictures.status, picture.status) == (200, 200, 200)
    for reply in (json.dumps(listed).encode(), one.body, pictures.body):
        assert not [name for name in NAMES if name.encode() in reply]
        assert b'"Patient' not in reply
    for level, path in (
        ("ParentStudy", "/pacsberry/studies/{}"),
        ("ParentSeries", "/pacsberry/series/{}/pictures"),
        ("ParentSeries", "/pacsberry/pictures/{}-0123456789abcdef/preview"),
        ("ID", "/instances/{}/preview"),
        ("ID", "/instances/{}/frames/0/rendered"),
        ("ID", "/pacsberry/instances/{}/tags"),
        ("ID", "/pacsberry/instances/{}/video"),
    ):
        assert school.ask("GET", path.format(hidden[level])).status == 404, path
    for level, path in (("ParentStudy", "/studies/{}"), ("ID", "/instances/{}/file"), ("ID", "/instances/{}/tags")):
        assert school.ask("GET", path.format(shown[level])).status == 401, path


def test_guests_see_tags_without_people_and_no_documents(school: House) -> None:
    told = upload(school)
    show(school, told["ParentStudy"])
    path = f"/pacsberry/instances/{told['ID']}"

    table, of_teacher = school.ask("GET", f"{path}/tags"), school.ask("GET", f"{path}/tags", **basic("tom"))

    assert table.json["IsReduced"]
    assert {"Rows", "Modality"} <= {row["Name"] for row in table.json["Rows"]}
    assert not [name for name in (*NAMES, "PatientName", "PatientID") if name.encode() in table.body]
    assert b"PatientName" in of_teacher.body
    assert table.headers["cache-control"] == "no-store"
    assert school.ask("GET", f"{path}/report").status == 401
    assert school.ask("GET", f"/instances/{told['ID']}/pdf").status == 401


def test_what_is_hidden_again_is_gone_at_once(school: House) -> None:
    told = upload(school)
    show(school, told["ParentStudy"])
    assert school.get("/pacsberry/studies")["Studies"]

    show(school, told["ParentStudy"], shown=False)

    assert school.get("/pacsberry/studies")["Studies"] == []
    assert school.ask("GET", f"/instances/{told['ID']}/preview").status == 404


def test_a_guest_cannot_search_for_what_is_not_shown(school: House) -> None:
    told = upload(school)
    show(school, told["ParentStudy"])
    school.ask("PUT", f"/pacsberry/studies/{told['ParentStudy']}", {"Title": "Broken wrist"}, **basic("tom"))

    def found(text: str, **headers: str) -> int:
        return len(school.ask("GET", f"/pacsberry/studies?text={text}", **headers).json["Studies"])

    assert found("wrist") == 1
    assert found("4711") == 0
    assert found("4711", **basic("tom")) == 1
    assert school.ask("GET", "/pacsberry/studies?sort=name").status == 400


def test_without_guests_everybody_signs_in(tmp_path: Path) -> None:
    with in_process(tmp_path, {**SCHOOL, "Pacsberry": {}}) as house:
        told = upload(house)
        house.ask("PUT", f"/pacsberry/studies/{told['ParentStudy']}", {"IsShown": True}, **basic("tom"))

        assert house.ask("GET", "/pacsberry/studies").status == 401
        assert house.get("/pacsberry/session")["AsksForPasswords"]
        assert len(Page(house).sign_in("tom").ask("GET", "/pacsberry/studies").json["Studies"]) == 1


def test_without_authentication_everybody_is_an_admin(tmp_path: Path) -> None:
    with in_process(tmp_path, {"AuthenticationEnabled": False}) as house:
        told = house.get("/pacsberry/session")

        assert (told["Role"], told["AsksForPasswords"], told["NeedsSetUp"]) == ("admin", False, False)
        assert house.ask("GET", "/pacsberry/users").status == 404
        assert house.ask("POST", "/pacsberry/session", {"Name": "a", "Password": "b"}, X_Pacsberry="page").status == 404


def test_a_thumbnail_is_there_at_once_and_only_of_what_is_shown(school: House) -> None:
    told = upload(school)
    path = f"/pacsberry/series/{told['ParentSeries']}/thumbnail"

    assert school.ask("GET", path).status == 404
    show(school, told["ParentStudy"])
    first = school.ask("GET", path)

    assert (first.status, first.headers["content-type"], first.body[:2]) == (200, "image/jpeg", b"\xff\xd8")
    assert school.ask("GET", path, If_None_Match=first.headers["etag"]).status in (200, 304)
    report = school.ask("POST", "/instances", make_instance("SR"), **basic("anna")).json
    assert school.ask("GET", f"/pacsberry/series/{report['ParentSeries']}/thumbnail", **basic("anna")).status == 415


def test_a_study_that_a_teacher_deletes_can_be_had_back(school: House) -> None:
    told = upload(school)
    study = told["ParentStudy"]
    show(school, study)
    page = Page(school).sign_in("tom")

    left = page.ask("DELETE", f"/pacsberry/studies/{study}").json["SecondsLeft"]

    assert 890 < left <= 900
    assert page.ask("GET", "/pacsberry/studies").json["Studies"] == []
    assert school.get("/pacsberry/studies")["Studies"] == []
    assert school.ask("GET", f"/instances/{told['ID']}/preview").status == 404
    assert [one["ID"] for one in page.ask("GET", "/pacsberry/discarded").json] == [study]
    assert school.ask("GET", "/pacsberry/discarded").status == 401
    assert page.ask("POST", f"/pacsberry/studies/{study}/restore").json["IsShown"]
    assert [one["ID"] for one in school.get("/pacsberry/studies")["Studies"]] == [study]
    assert page.ask("POST", f"/pacsberry/studies/{study}/restore").status == 404
