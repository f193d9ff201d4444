"""What people have stored runs nowhere, and stays with who may see it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from pacsberry.http.page import BUILT, is_built
from tests.flows.house import House, in_process
from tests.flows.people_aids import SCHOOL, basic
from tests.http.live import live_server
from tests.http.raw import head, wire
from tests.makers.instances import make_instance

SCRIPT = b"<html xmlns='http://www.w3.org/1999/xhtml'><script>fetch('/studies')</script></html>"
KINDS = {"page": [1100, "text/html"], "drawing": [1101, "image/svg+xml"], "page-xml": [1102, "application/xhtml+xml"]}


@pytest.fixture
def school(tmp_path: Path) -> Iterator[House]:
    with in_process(tmp_path, {**SCHOOL, "UserContentType": KINDS}) as house:
        yield house


@pytest.mark.parametrize("name", [*KINDS, "1500"])
def test_a_page_that_somebody_has_attached_is_opened_in_a_sandbox(school: House, name: str) -> None:
    told = school.ask("POST", "/instances", make_instance("CT"), **basic("tom")).json
    path = f"/studies/{told['ParentStudy']}/attachments/{name}"
    assert school.ask("PUT", path, SCRIPT, **basic("tom")).status == 200

    for below in ("data", "compressed-data"):
        headers = school.ask("GET", f"{path}/{below}", **basic("tom")).headers
        policy = headers["content-security-policy"].split("; ")

        assert "sandbox" in policy
        assert "default-src 'none'" in policy
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["cache-control"] == "private, no-cache"


@pytest.mark.parametrize(
    "path", ["/studies", "/nothing", "/pacsberry/studies", "/pacsberry/session", "/tools/reset", "/app/x", "/", "//"]
)
@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "BREW", "PROPFIND"])
def test_every_answer_says_how_it_is_to_be_taken(school: House, method: str, path: str) -> None:
    for more in ({}, basic("tom")):
        headers = school.ask(method, path, **more).headers

        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "same-origin"
        assert "frame-ancestors" in headers["content-security-policy"]
        assert headers["cache-control"] in ("no-store", "no-cache", "private, no-cache")
        assert "access-control-allow-origin" not in headers


def test_what_is_refused_before_it_has_come_says_so_too(school: House) -> None:
    with wire(school.http_port) as client:
        client.send(head("POST", "/instances", "Content-Length: 100000000", "Expect: 100-continue"))
        answer = client.receive_all()

    assert answer.startswith(b"HTTP/1.1 401 ")
    assert b"; sandbox\r\n" in answer
    assert b"Cache-Control: private, no-cache\r\n" in answer


def test_documents_are_shown_by_browsers_in_our_own_pages(school: House) -> None:
    told = school.ask("POST", "/instances", make_instance("PDF"), **basic("tom")).json
    headers = school.ask("GET", f"/instances/{told['ID']}/pdf", **basic("tom")).headers

    assert headers["content-security-policy"] == "frame-ancestors 'self'"


def test_without_passwords_nothing_is_said_of_caches(tmp_path: Path) -> None:
    with live_server(tmp_path) as server:
        assert "cache-control" not in server.get("/studies").headers


@pytest.mark.skipif(not is_built(), reason="the pages are not built here")
def test_workers_of_our_pages_are_not_in_a_sandbox(school: House) -> None:
    for path in (BUILT / "assets").glob("*.js"):
        policy = school.ask("GET", f"/app/assets/{path.name}").headers["content-security-policy"]

        assert policy == "frame-ancestors 'none'"
