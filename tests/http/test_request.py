"""Requests as handlers see them."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pacsberry.errors import BadRequest
from pacsberry.http.errors import BadJson
from pacsberry.http.request import Request, is_true, method_of, normal_path, parse_arguments
from pacsberry.model import Origin


def get(query: str) -> Request:
    return Request("GET", "/", parse_arguments(query))


def put(body: bytes) -> Request:
    return Request("PUT", "/", body=body)


@pytest.mark.parametrize(("query", "there"), [("short", True), ("short=", True), ("short=0", True), ("shorter", False)])
def test_a_flag_counts_by_its_presence(query: str, there: bool) -> None:
    assert get(query).flag("short") is there


@pytest.mark.parametrize(
    ("query", "value"),
    [
        ("", None),
        ("expand", True),
        ("expand=true", True),
        ("expand=1", True),
        ("expand=false", False),
        ("expand=0", False),
    ],
)
def test_a_switch_counts_by_its_value(query: str, value: bool | None) -> None:
    for absent in (True, False):
        assert get(query).truth("expand", absent=absent) is (absent if value is None else value)


@pytest.mark.parametrize("text", ["-1", "1.5", "x", "", "1e3", " 1", "٣", "9" * 30])
def test_a_number_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(BadRequest, match="since"):
        Request("GET", "/", {"since": text}).integer("since")


def test_numbers_and_lists_are_read() -> None:
    request = get("since=10&tags=a;b;;%20c&other=x,y")

    assert request.integer("since") == 10
    assert request.integer("limit") is None
    assert request.names("tags") == ["a", "b", "c"]
    assert request.names("other", ",") == ["x", "y"]
    assert request.names("none") == []


@pytest.mark.parametrize(("body", "value"), [(b"1", True), (b" TRUE\n", True), (b"0", False), (b"false", False)])
def test_a_body_may_be_a_switch(body: bytes, value: bool) -> None:
    assert put(body).truth_of_body() is value


@pytest.mark.parametrize("body", [b"", b"yes", b"2", b"\xff"])
def test_a_body_that_is_no_switch_is_refused(body: bytes) -> None:
    with pytest.raises(BadRequest):
        put(body).truth_of_body()


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[1,]", b"NaN", b"-Infinity", b"\xff", b"[" * 100_000, b"9" * 5000, b'{"a":1}x', b"{'a':1}"],
)
def test_a_body_that_is_no_json_is_refused(body: bytes) -> None:
    with pytest.raises(BadJson):
        _ = put(body).json


@given(st.binary(max_size=50))
def test_any_body_is_json_or_refused(body: bytes) -> None:
    try:
        expected = json.loads(body.decode(), parse_constant=lambda name: 1 / 0)
    except (ValueError, ZeroDivisionError):
        with pytest.raises(BadJson):
            _ = put(body).json
    else:
        assert put(body).json == expected


def test_an_object_may_be_asked_for() -> None:
    assert put(b'{"a": 1}').json_object == {"a": 1}
    assert put(b" \n").json_object_or_nothing == {}
    with pytest.raises(BadJson):
        _ = put(b"[]").json_object
    with pytest.raises(BadJson):
        _ = put(b"").json_object


@pytest.mark.parametrize(("value", "truth"), [(True, True), (0, False), (1, True), ("True", True), ("0", False)])
def test_switches_in_json_come_in_many_forms(value: object, truth: bool) -> None:
    assert is_true(value, "Expand") is truth


@pytest.mark.parametrize("value", [2, None, [], {}, "yes", 1.0])
def test_other_values_are_no_switch(value: object) -> None:
    with pytest.raises(BadRequest, match="Expand"):
        is_true(value, "Expand")


@pytest.mark.parametrize(
    ("command", "override", "query", "method"),
    [
        ("GET", "", "", "GET"),
        ("POST", "PUT", "", "PUT"),
        ("POST", "put", "", "PUT"),
        ("GET", "", "_method=DELETE", "DELETE"),
        ("GET", "", "a=1&_method=post", "POST"),
        ("POST", "", "_method=DELETE", "POST"),
        ("GET", "PATCH", "", ""),
        ("PATCH", "", "", "PATCH"),
    ],
)
def test_the_method_meant(command: str, override: str, query: str, method: str) -> None:
    assert method_of(command, override, query) == method


@pytest.mark.parametrize(("path", "normal"), [("/", "/"), ("", "/"), ("//", "/"), ("/a/b//", "/a/b"), ("//a", "/a")])
def test_paths_have_one_form(path: str, normal: str) -> None:
    assert normal_path(path) == normal


def test_the_receipt_names_who_uploads() -> None:
    receipt = Request("POST", "/", remote_ip="10.0.0.9", user="teacher").receipt()

    assert (receipt.origin, receipt.remote_ip, receipt.http_username) == (Origin.REST_API, "10.0.0.9", "teacher")


@pytest.mark.parametrize(
    ("headers", "address"),
    [
        ({}, "http://localhost/x"),
        ({"HTTP_HOST": "box:8042"}, "http://box:8042/x"),
        ({"HTTP_HOST": "a", "HTTP_X_FORWARDED_HOST": "b, c", "HTTP_X_FORWARDED_PROTO": "https"}, "https://b/x"),
        ({"HTTP_X_FORWARDED_HOST": "b", "HTTP_X_FORWARDED_PREFIX": "/pacs/"}, "http://b/pacs/x"),
        ({"HTTP_FORWARDED": 'for=1.2.3.4;host="b:1";proto=https, for=9'}, "https://b:1/x"),
    ],
)
def test_absolute_addresses_are_those_the_client_knows(headers: dict[str, str], address: str) -> None:
    assert Request("GET", "/", headers=headers).address("/x") == address
