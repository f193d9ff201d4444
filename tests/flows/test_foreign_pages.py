"""What a page of another site can have a browser send: forms and addresses, with the browser's own headers."""

from pathlib import Path

import pytest

from tests.flows.house import House, in_process
from tests.flows.people_aids import Page, basic
from tests.makers.instances import make_instance

EVIL = {"Origin": "http://evil.example", "Host": "pacs.local:8042", "User-Agent": "Mozilla/5.0 (iPad; CPU OS 15_8)"}
FORMS = ("text/plain", "multipart/form-data; boundary=b", "application/x-www-form-urlencoded")


def multipart(file: bytes) -> bytes:
    return b"--b\r\nContent-Type: application/dicom\r\n\r\n" + file + b"\r\n--b--\r\n"


def as_form(file: bytes) -> bytes:
    name = b'Content-Disposition: form-data; name="f"; filename="x.dcm"\r\n\r\n'
    return b"--b\r\n" + name + file + b"\r\n--b--\r\n"


@pytest.mark.parametrize("kind", FORMS)
@pytest.mark.parametrize("path", ["/instances", "/dicom-web/studies", "/tools/reset", "/tools/bulk-delete"])
def test_forms_of_other_sites_change_nothing_even_where_nobody_signs_in(house: House, kind: str, path: str) -> None:
    kept = house.upload(make_instance("CT"))
    file = make_instance("MR")
    for body in (file, multipart(file), as_form(file), b'{"Resources": ["%s"]}' % kept["ID"].encode()):
        assert house.ask("POST", path, body, **EVIL, Content_Type=kind).status == 403

    assert house.counts() == (1, 1, 1, 1)


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_addresses_of_other_sites_delete_nothing(house: House, method: str) -> None:
    told = house.upload(make_instance("CT"))
    followed = {name: value for name, value in EVIL.items() if name != "Origin"}

    house.ask(method, f"/instances/{told['ID']}?_method=DELETE", **followed)
    house.ask(method, f"/patients/{told['ParentPatient']}?_method=delete", **EVIL)

    assert house.counts() == (1, 1, 1, 1)


@pytest.mark.parametrize("path", ["/instances", "/dicom-web/studies", "/pacsberry/captures?batch=0123456789abcdef"])
def test_a_cookie_alone_stores_nothing(school: House, path: str) -> None:
    page = Page(school).sign_in("tom")
    file = make_instance("MR")
    kind = 'multipart/related; type="application/dicom"; boundary=b'
    body = multipart(file) if "web" in path else file

    for proof in ("", "x", page.proof[:-1]):
        assert page.ask("POST", path, body, Content_Type=kind, X_Pacsberry_Proof=proof).status == 403

    assert school.ask("GET", "/instances", **basic("tom")).json == []


def test_what_a_foreign_page_can_send_to_a_name_of_its_own_is_refused(tmp_path: Path) -> None:
    with in_process(tmp_path, {"AuthenticationEnabled": False, "RemoteAccessAllowed": False}) as house:
        mine = {"Host": "evil.example", "Origin": "http://evil.example", "Sec_Fetch_Site": "same-origin"}

        for method, path in (("GET", "/studies"), ("GET", "/app/index.html"), ("POST", "/instances")):
            status = house.ask(method, path, make_instance("CT") if method == "POST" else b"", **mine).status
            assert status == 403, path
        assert house.counts() == (0, 0, 0, 0)
