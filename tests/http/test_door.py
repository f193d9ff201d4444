"""What every address has in common: errors in Orthanc's words, methods, flags, headers (S8, S17)."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from pacsberry.http.settings import HttpSettings
from tests.http.live import Live, live_server
from tests.http.raw import head, wire
from tests.http.routes import ROUTES


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    with live_server(tmp_path_factory.mktemp("door"), routes=ROUTES) as running:
        yield running


def test_an_unknown_address_is_told_in_json_called_plain_text(server: Live) -> None:
    answer = server.get("/nowhere/at/all")

    assert answer.status == 404
    assert answer.headers["content-type"].startswith("text/plain")
    assert json.loads(answer.body) == {
        "HttpError": "Not Found",
        "HttpStatus": 404,
        "Message": "Unknown resource",
        "Method": "GET",
        "OrthancError": "Unknown resource",
        "OrthancStatus": 17,
        "Uri": "/nowhere/at/all",
    }


def test_a_wrong_method_is_405_with_the_right_ones_and_nothing_else(server: Live) -> None:
    answer = server.put("/value", b"x")

    assert (answer.status, answer.body) == (405, b"")
    assert answer.headers["allow"] == "GET"
    assert "content-type" not in answer.headers


@pytest.mark.parametrize(("method", "status"), [("GET", 404), ("PUT", 404), ("DELETE", 404), ("POST", 400)])
def test_a_handler_with_nothing_to_answer_is_a_bare_error(server: Live, method: str, status: int) -> None:
    answer = server.request(method, "/nothing")

    assert (answer.status, answer.body) == (status, b"")
    assert "content-type" not in answer.headers


@pytest.mark.parametrize("method", ["HEAD", "OPTIONS", "PROPFIND"])
def test_methods_of_webdav_are_404(server: Live, method: str) -> None:
    answer = server.request(method, "/value")

    assert (answer.status, answer.body) == (404, b"")


def test_a_method_nobody_knows_is_400(server: Live) -> None:
    assert server.request("PATCH", "/value").status == 400


def test_an_error_nobody_foresaw_shows_no_detail(server: Live) -> None:
    answer = server.get("/fail")

    assert answer.status == 500
    assert b"secret" not in answer.body
    assert json.loads(answer.body)["OrthancStatus"] == -1


def test_an_error_before_the_first_bytes_of_a_stream_has_its_own_status(server: Live) -> None:
    assert server.get("/early-failure").status == 507


def test_an_error_within_a_stream_breaks_the_connection_so_that_nobody_takes_it_for_whole(server: Live) -> None:
    with wire(server.port) as client:
        client.send(head("GET", "/late-failure"))
        answer = client.receive_all()

    assert b"Transfer-Encoding: chunked" in answer
    assert not answer.endswith(b"0\r\n\r\n")


def test_errors_can_be_left_undescribed(tmp_path: Path) -> None:
    settings = HttpSettings(port=0, addresses=("127.0.0.1",), describe_errors=False)
    with live_server(tmp_path, settings=settings, routes=ROUTES) as server:
        for answer in (server.get("/nowhere"), server.get("/fail"), server.post("/echo", bytes(5 * 2**20))):
            assert answer.status in (404, 413, 500)
            assert answer.body == b""
            assert "content-type" not in answer.headers


@pytest.mark.parametrize("path", ["/value", "/nowhere", "/nothing", "/fail", "/items/3", "/stream/1"])
def test_every_answer_forbids_guessing_its_type(server: Live, path: str) -> None:
    assert server.get(path).headers["x-content-type-options"] == "nosniff"


def test_there_are_no_cors_headers(server: Live) -> None:
    answer = server.get("/value", {"Origin": "http://elsewhere"})

    assert not [name for name in answer.headers if name.startswith("access-control")]


@pytest.mark.parametrize("path", ["/value", "/value/", "//value", "/value///"])
def test_slashes_around_a_path_make_no_difference(server: Live, path: str) -> None:
    with wire(server.port) as client:
        client.send(head("GET", path))

        assert "200 OK" in client.receive_head()


def test_the_method_can_be_faked_by_a_header_or_an_argument(server: Live) -> None:
    assert server.post("/echo", b"x", {"X-HTTP-Method-Override": "PUT"}).json["method"] == "PUT"
    assert server.get("/echo", {"X-HTTP-Method-Override": "delete"}).json["method"] == "DELETE"
    assert server.get("/echo?_method=DELETE").json["method"] == "DELETE"
    assert server.get("/echo?_method=NONSENSE").status == 400


def test_the_argument_does_not_fake_the_method_of_anything_but_get(server: Live) -> None:
    assert server.post("/echo?_method=DELETE", b"").json["method"] == "POST"


def test_arguments_count_for_get_only(server: Live) -> None:
    assert server.get("/echo?expand&since=3&since=4&empty=").json["arguments"] == {
        "expand": "",
        "since": "4",
        "empty": "",
    }
    assert server.post("/echo?expand", b"").json["arguments"] == {}


def test_too_many_arguments_are_refused(server: Live) -> None:
    assert server.get("/echo?" + "&".join(f"a{n}" for n in range(1000))).status == 400


def test_letters_beyond_ascii_in_addresses_are_utf8(server: Live) -> None:
    assert json.loads(server.get("/n%C3%B6%F0%9F%8D%93").body)["Uri"] == "/nö🍓"


def test_a_path_that_is_no_utf8_is_survived(server: Live) -> None:
    assert server.get("/%ff%fe").status == 404


def test_a_number_in_a_path_that_is_too_long_is_refused(server: Live) -> None:
    assert server.get("/items/" + "9" * 5000).status == 400


def test_requests_are_logged_only_when_asked_for(server: Live, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("WARNING", logger="pacsberry.http"):
        server.get("/value")
    assert "/value" not in caplog.text

    with caplog.at_level("INFO", logger="pacsberry.http"):
        server.get("/value?PatientName=secret")

    assert "GET /value: 200" in caplog.text
    assert "secret" not in caplog.text


def test_answers_are_counted(tmp_path: Path) -> None:
    with live_server(tmp_path) as server:
        server.get("/system")
        server.get("/nowhere")
        text = server.get("/tools/metrics-prometheus").text

    assert 'pacsberry_http_answers_total{status="2xx"} 1 ' in text
    assert 'pacsberry_http_answers_total{status="4xx"} 1 ' in text
    assert "orthanc_rest_api_active_requests 1 " in text
