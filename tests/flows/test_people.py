"""Who may do what, through the door: guests, teachers and admins, by password or signed in on a page."""

import base64
import json
import logging
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from pacsberry.auth import Action, Role
from pacsberry.auth.passwords import is_hashed
from pacsberry.auth.users_file import read_users
from pacsberry.http.api import ROUTES
from pacsberry.http.routing import Route
from tests.flows.house import House, Reply, application, in_process
from tests.makers.instances import make_instance

USERS = {"anna": "the admin's", "tom": "the teacher's"}
SCHOOL: dict[str, object] = {
    "AuthenticationEnabled": True,
    "RegisteredUsers": USERS,
    "Pacsberry": {"Guests": True, "UserRoles": {"tom": "teacher"}},
}
NAMES = ("DOE", "JANE", "4711", "19700101")


@dataclass
class Page:
    """A browser that shows pages of the house: keeps its cookie, sends the proof with changes."""

    house: House
    cookie: str = ""
    proof: str = ""
    last: dict[str, str] = field(default_factory=dict)

    def ask(self, method: str, path: str, body: bytes | object = b"", **headers: str) -> Reply:
        mine = {"X_Pacsberry": "page", "X_Pacsberry_Proof": self.proof, "Cookie": self.cookie}
        reply = self.house.ask(method, path, body, **{**mine, **headers})
        self.last = dict(reply.headers)
        return reply

    def sign_in(self, name: str) -> "Page":
        told = self.ask("POST", "/pacsberry/session", {"Name": name, "Password": USERS[name]}).json
        self.cookie, self.proof = self.last["set-cookie"].split(";")[0], told["Proof"]
        return self


def basic(name: str) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"{name}:{USERS[name]}".encode()).decode()}


@pytest.fixture
def school(tmp_path: Path) -> Iterator[House]:
    with in_process(tmp_path, SCHOOL) as house:
        yield house


def upload(house: House, patient: str = "4711") -> dict[str, str]:
    file = make_instance("CT", patient_id=patient)
    told: dict[str, str] = house.ask("POST", "/instances", file, **basic("anna")).json
    return told


def show(house: House, study: str, *, shown: bool = True) -> None:
    assert house.ask("PUT", f"/pacsberry/studies/{study}", {"IsShown": shown}, **basic("tom")).status == 200


# --- signing in ------------------------------------------------------------------------------------------------------


def test_a_page_that_is_refused_does_not_make_its_browser_ask_for_a_password(school: House) -> None:
    for method, path, body in (("GET", "/instances", b""), ("POST", "/instances", b"x" * 100_000)):
        by_page = Page(school).ask(method, path, body)
        by_script = school.ask(method, path, body)

        assert (by_page.status, by_script.status) == (401, 401)
        assert "www-authenticate" not in by_page.headers
        assert "www-authenticate" in by_script.headers


def test_a_session_begins_works_and_ends(school: House) -> None:
    page = Page(school)
    before = page.ask("GET", "/pacsberry/session").json
    page.sign_in("tom")

    during = page.ask("GET", "/pacsberry/session").json
    assert page.ask("GET", "/studies").json == []
    page.ask("DELETE", "/pacsberry/session")
    page.cookie = page.last["set-cookie"].split(";")[0]
    after = page.ask("GET", "/pacsberry/session").json

    assert (before["User"], before["Role"], before["MayDo"]) == ("", "student", ["look"])
    assert (during["User"], during["Role"]) == ("tom", "teacher")
    assert during["Proof"] == page.proof
    assert "administer" not in during["MayDo"]
    assert after == before
    assert page.ask("GET", "/studies").status == 401


def test_the_cookie_is_for_no_script_and_no_foreign_page(school: House) -> None:
    page = Page(school)
    page.sign_in("tom")

    assert re.fullmatch(r"pacsberry=[\w-]{43}; Path=/; HttpOnly; SameSite=Strict", page.last["set-cookie"])


def test_a_wrong_password_begins_nothing_and_the_browser_asks_for_none_by_itself(school: House) -> None:
    page = Page(school)

    reply = page.ask("POST", "/pacsberry/session", {"Name": "tom", "Password": "guess"})

    assert reply.status == 401
    assert "set-cookie" not in reply.headers
    assert "www-authenticate" not in reply.headers
    assert "www-authenticate" in school.ask("GET", "/studies").headers


def test_passwords_cannot_be_tried_for_ever(school: House) -> None:
    page = Page(school)
    for _ in range(10):
        page.ask("POST", "/pacsberry/session", {"Name": "tom", "Password": "guess"})

    assert page.ask("POST", "/pacsberry/session", {"Name": "tom", "Password": USERS["tom"]}).status == 401


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"Name": 5, "Password": "x"}', b"Name=tom", b'{"Name": "tom"}'])
def test_what_is_no_sign_in_is_refused(school: House, body: bytes) -> None:
    assert Page(school).ask("POST", "/pacsberry/session", body).status == 400


def test_a_form_of_a_foreign_page_cannot_sign_anybody_in(school: House) -> None:
    body = {"Name": "tom", "Password": USERS["tom"]}

    assert school.ask("POST", "/pacsberry/session", body).status == 400
    assert school.ask("POST", "/pacsberry/set-up", body).status == 400


def test_a_change_needs_the_proof_of_the_page(school: House) -> None:
    study = upload(school)["ParentStudy"]
    page = Page(school).sign_in("tom")
    path = f"/studies/{study}/labels/exam"

    assert page.ask("PUT", path, X_Pacsberry_Proof="").status == 403
    assert page.ask("PUT", path, X_Pacsberry_Proof="x").status == 403
    assert page.ask("GET", path).status == 404
    assert page.ask("PUT", path).status == 200
    assert page.ask("GET", path, X_Pacsberry_Proof="").status == 200


@pytest.mark.parametrize("cookie", ["pacsberry=", "pacsberry=x", "pacsberry", "=;;=", "a=b; pacsberry=" + "x" * 20000])
def test_a_cookie_that_is_none_is_a_guests(school: House, cookie: str) -> None:
    assert school.ask("GET", "/pacsberry/session", Cookie=cookie).json["Role"] == "student"
    assert school.ask("GET", "/studies", Cookie=cookie).status == 401


def test_a_password_in_a_header_goes_before_the_cookie(school: House) -> None:
    page = Page(school).sign_in("tom")

    assert page.ask("GET", "/pacsberry/users", **basic("anna")).status == 200
    assert page.ask("GET", "/studies", Authorization="Basic eDp5").status == 401


# --- roles -----------------------------------------------------------------------------------------------------------


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


# --- what guests see -------------------------------------------------------------------------------------------------


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


# --- accounts --------------------------------------------------------------------------------------------------------


def test_the_first_account_is_made_with_the_code_that_the_start_tells(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    settings = {"AuthenticationEnabled": True, "Pacsberry": {"UsersFile": "users.json"}}
    asked: dict[str, Any] = {"Name": "anna", "Password": "correct horse"}
    with caplog.at_level(logging.WARNING), in_process(tmp_path, settings) as house:
        code = re.search(r"set-up code: ([A-Z2-9]{5}-[A-Z2-9]{5})", caplog.text)
        assert code is not None
        page = Page(house)
        assert page.ask("GET", "/pacsberry/session").json["NeedsSetUp"]

        assert page.ask("POST", "/pacsberry/set-up", {**asked, "Code": "AAAAA-BBBBB"}).status == 403
        assert page.ask("POST", "/pacsberry/set-up", {**asked, "Code": code[1], "Password": "short"}).status == 400
        done = page.ask("POST", "/pacsberry/set-up", {**asked, "Code": code[1].lower()})
        again = page.ask("POST", "/pacsberry/set-up", {**asked, "Name": "eve", "Code": code[1]})

        assert (done.status, done.json["Role"]) == (200, "admin")
        assert again.status == 404
        assert not page.ask("GET", "/pacsberry/session").json["NeedsSetUp"]
    kept = read_users(tmp_path / "users.json")
    assert list(kept) == ["anna"]
    assert is_hashed(kept["anna"].password)
    with caplog.at_level(logging.WARNING), in_process(tmp_path, settings) as house:
        assert not house.get("/pacsberry/session")["NeedsSetUp"]


def test_an_admin_adds_changes_and_removes_accounts(tmp_path: Path) -> None:
    settings = {**SCHOOL, "Pacsberry": {"UsersFile": "users.json"}}
    with application(tmp_path, settings) as (_, house):
        page = Page(house).sign_in("anna")

        made = page.ask("PUT", "/pacsberry/users/zo%C3%AB", {"Password": "correct horse", "Role": "teacher"})
        assert made.status == 200
        listed = page.ask("GET", "/pacsberry/users").json
        wrong: list[object] = [{"Role": "student"}, {"Role": "king"}, {"Password": 5}, {"Name": "x"}, []]
        for body in wrong:
            assert page.ask("PUT", "/pacsberry/users/zo%C3%AB", body).status == 400
        assert page.ask("DELETE", "/pacsberry/users/tom").status == 403
        assert page.ask("DELETE", "/pacsberry/users/zo%C3%AB").status == 200
        assert page.ask("DELETE", "/pacsberry/users/zo%C3%AB").status == 404

    assert [(one["Name"], one["Role"], one["CanBeChanged"]) for one in listed] == [
        ("anna", "admin", False),
        ("tom", "admin", False),
        ("zoë", "teacher", True),
    ]
    assert b"horse" not in json.dumps(listed).encode()


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
