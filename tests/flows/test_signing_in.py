"""Signing in on a page, and accounts that change while the server runs."""

import json
import logging
import re
from pathlib import Path
from typing import Any

import pytest

from pacsberry.auth import Account, Role
from pacsberry.auth.passwords import is_hashed
from pacsberry.auth.users_file import read_users, write_users
from tests.flows.house import House, application, in_process
from tests.flows.people_aids import SCHOOL, USERS, Page, basic, upload


def test_a_page_that_is_refused_does_not_make_its_browser_ask_for_a_password(school: House) -> None:
    for method, path, body in (("GET", "/instances", b""), ("POST", "/instances", b"x" * 100_000)):
        by_page = Page(school).ask(method, path, body)
        by_script = school.ask(method, path, body)

        assert (by_page.status, by_script.status) == (401, 401)
        assert "www-authenticate" not in by_page.headers
        assert "www-authenticate" in by_script.headers


def test_a_picture_of_a_page_whose_session_has_ended_does_not_make_its_browser_ask_either(school: House) -> None:
    page = Page(school).sign_in("tom")
    page.ask("DELETE", "/pacsberry/session")

    reply = school.ask("GET", "/instances", Cookie=page.cookie)

    assert reply.status == 401
    assert "www-authenticate" not in reply.headers


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


def test_signing_in_again_ends_the_session_before_it_and_out_everywhere_all_of_an_account(school: House) -> None:
    page, elsewhere, of_anna = (Page(school).sign_in(name) for name in ("tom", "tom", "anna"))
    first = page.cookie
    page.sign_in("tom")

    assert page.cookie != first
    assert school.ask("GET", "/studies", Cookie=first).status == 401
    assert page.last["cache-control"] == "no-store"
    assert page.ask("DELETE", "/pacsberry/session", {"Everywhere": "now"}).status == 400
    assert elsewhere.ask("GET", "/studies").status == 200
    assert page.ask("DELETE", "/pacsberry/session", {"Everywhere": True}).status == 200
    assert [one.ask("GET", "/studies").status for one in (page, elsewhere, of_anna)] == [401, 401, 200]


def test_an_account_changed_beside_the_server_is_another_with_the_next_request(tmp_path: Path) -> None:
    file = tmp_path / "users.json"
    write_users(file, {name: Account(password, Role.ADMIN) for name, password in USERS.items()})
    with in_process(tmp_path, {"AuthenticationEnabled": True, "Pacsberry": {"UsersFile": "users.json"}}) as house:
        page = Page(house).sign_in("tom")
        assert page.ask("GET", "/pacsberry/users").status == 200
        assert house.ask("GET", "/pacsberry/users", **basic("tom")).status == 200

        write_users(file, {"tom": Account(USERS["tom"], Role.TEACHER), "anna": Account(USERS["anna"])})
        assert page.ask("GET", "/pacsberry/users").status == 401
        assert house.ask("GET", "/pacsberry/users", **basic("tom")).status == 403
        page.sign_in("tom")
        write_users(file, {"anna": Account(USERS["anna"])})
        assert page.ask("GET", "/studies").status == 401
        assert house.ask("GET", "/studies", **basic("tom")).status == 401


def test_the_cookie_is_for_no_script_and_no_foreign_page(school: House) -> None:
    page = Page(school)
    page.sign_in("tom")

    assert re.fullmatch(r"pacsberry=[\w-]{43}; Path=/; HttpOnly; SameSite=Strict", page.last["set-cookie"])


def test_everybody_chooses_a_password_of_their_own(tmp_path: Path) -> None:
    write_users(tmp_path / "users.json", {"zoe": Account("given by anna", Role.TEACHER)})
    settings = {**SCHOOL, "Pacsberry": {"UsersFile": "users.json", "Guests": True}}
    given, mine = {"Name": "zoe", "Password": "given by anna"}, {"Name": "zoe", "Password": "my own one"}

    def signed_in(house: House, who: dict[str, str]) -> Page:
        page = Page(house)
        page.proof = page.ask("POST", "/pacsberry/session", who).json["Proof"]
        page.cookie = page.last["set-cookie"].split(";")[0]
        return page

    with in_process(tmp_path, settings) as house:
        page, elsewhere = signed_in(house, given), signed_in(house, given)
        asked = {"Password": "given by anna", "NewPassword": "my own one"}

        assert Page(house).ask("PUT", "/pacsberry/session", asked).status == 401
        assert page.ask("PUT", "/pacsberry/session", asked, X_Pacsberry_Proof="").status == 403
        assert page.ask("PUT", "/pacsberry/session", {**asked, "Password": "guess"}).status == 401
        assert page.ask("PUT", "/pacsberry/session", {**asked, "NewPassword": "short"}).status == 400
        told = page.ask("PUT", "/pacsberry/session", asked).json
        page.cookie = page.last["set-cookie"].split(";")[0]

        assert (told["User"], told["Role"]) == ("zoe", "teacher")
        assert [one.ask("GET", "/studies").status for one in (page, elsewhere)] == [200, 401]
        assert Page(house).ask("POST", "/pacsberry/session", given).status == 401
        assert signed_in(house, mine).ask("GET", "/studies").status == 200
        anna = Page(house).sign_in("anna")  # whose password is in the configuration
        of_anna = {"Password": USERS["anna"], "NewPassword": "another one"}
        assert anna.ask("PUT", "/pacsberry/session", of_anna).status == 403
        assert anna.ask("GET", "/studies").status == 200
    assert is_hashed(read_users(tmp_path / "users.json")["zoe"].password)


def test_behind_a_proxy_with_https_the_cookie_never_travels_without(school: House) -> None:
    asked = {"Name": "tom", "Password": USERS["tom"]}
    page = Page(school)

    page.ask("POST", "/pacsberry/session", asked, X_Forwarded_Proto="https")
    assert page.last["set-cookie"].endswith("; SameSite=Strict; Secure")
    page.ask("DELETE", "/pacsberry/session", Forwarded="for=10.0.0.1;proto=https")
    assert "; Secure" in page.last["set-cookie"]


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
