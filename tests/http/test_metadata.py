"""Metadata: the system's and the users', with their revisions."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.http.live import Live, live_server
from tests.makers import make_instance


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Live]:
    with live_server(tmp_path, user_metadata={"comment": 1030}) as running:
        yield running


@pytest.fixture
def strict(tmp_path: Path) -> Iterator[Live]:
    """A server with CheckRevisions."""
    with live_server(tmp_path / "strict", user_metadata={"comment": 1030}, check_revisions=True) as running:
        yield running


def _etag(revision: int, value: str) -> str:
    return f'"{revision}-{hashlib.md5(value.encode(), usedforsecurity=False).hexdigest()}"'


def test_metadata_are_listed_by_name_or_number_with_or_without_values(server: Live) -> None:
    instance = server.upload(make_instance("CT"))["ID"]
    place = f"/instances/{instance}/metadata"

    names = server.get(place).json
    values = server.get(f"{place}?expand").json

    assert {"IndexInSeries", "ReceptionDate", "Origin", "TransferSyntax", "SopClassUid", "RemoteIP"} <= set(names)
    assert list(values) == sorted(names)
    assert values["Origin"] == "RestApi"
    assert values["RemoteIP"] == "127.0.0.1"
    assert server.get(f"{place}?numeric").json[names.index("Origin")] == 8
    assert server.get(f"{place}?expand&numeric").json["8"] == "RestApi"
    assert server.get(f"{place}?expand=false").json == names


def test_a_value_is_read_with_its_revision(server: Live) -> None:
    instance = server.upload(make_instance("CT"))["ID"]

    told = server.get(f"/instances/{instance}/metadata/Origin")

    assert (told.text, told.headers["content-type"]) == ("RestApi", "text/plain")
    assert told.headers["etag"] == _etag(0, "RestApi")
    assert server.get(f"/instances/{instance}/metadata/8").text == "RestApi"
    known = server.get(f"/instances/{instance}/metadata/Origin", {"If-None-Match": told.headers["etag"]})
    assert (known.status, known.body) == (304, b"")


@pytest.mark.parametrize("value", ["hello", "", " two words \n", "Zürich", "x" * 100_000])
def test_a_users_value_is_kept_as_it_is(server: Live, value: str) -> None:
    place = f"/studies/{server.upload(make_instance('CT'))['ParentStudy']}/metadata/comment"

    put = server.put(place, value)

    assert (put.status, put.body, put.headers["etag"]) == (200, b"", _etag(0, value))
    assert server.get(place).text == value
    assert server.get(f"{place}").headers["etag"] == _etag(0, value)


def test_revisions_grow_and_names_are_numbers_too(server: Live) -> None:
    place = f"/series/{server.upload(make_instance('CT'))['ParentSeries']}/metadata"

    assert server.put(f"{place}/comment", "one").headers["etag"] == _etag(0, "one")
    assert server.put(f"{place}/1030", "two").headers["etag"] == _etag(1, "two")
    assert server.put(f"{place}/4000", "nameless").status == 200
    listed = server.get(f"{place}?expand").json
    assert (listed["comment"], listed["4000"]) == ("two", "nameless")
    assert server.delete(f"{place}/comment").body == b""
    assert server.get(f"{place}/comment").status == 404
    assert server.delete(f"{place}/comment").status == 404


@pytest.mark.parametrize("name", ["Origin", "8", "1023", "RemoteAET"])
def test_the_systems_values_cannot_be_written(server: Live, name: str) -> None:
    place = f"/instances/{server.upload(make_instance('CT'))['ID']}/metadata/{name}"

    assert server.put(place, "x").status == 403
    assert server.delete(place).status == 403


@pytest.mark.parametrize("name", ["nothing", "70000", "99999999999999999999", "%20", "..%2F..", "1030%00"])
def test_a_name_nobody_gave_is_refused(server: Live, name: str) -> None:
    place = f"/instances/{server.upload(make_instance('CT'))['ID']}/metadata/{name}"

    assert server.put(place, "x").status in (400, 404)
    assert server.get(place).status in (400, 404)


def test_what_is_no_text_or_too_long_is_refused(server: Live) -> None:
    place = f"/instances/{server.upload(make_instance('CT'))['ID']}/metadata/comment"

    assert server.put(place, b"\xff\xfe").status == 400
    assert server.put(place, b"x" * (2**20 + 1)).status == 413
    assert server.get(place).status == 404


def test_an_outdated_revision_is_a_conflict(server: Live) -> None:
    place = f"/studies/{server.upload(make_instance('CT'))['ParentStudy']}/metadata/comment"
    first = server.put(place, "one").headers["etag"]
    second = server.put(place, "two", {"If-Match": first}).headers["etag"]

    assert server.put(place, "three", {"If-Match": first}).status == 409
    assert server.put(place, "three", {"If-Match": _etag(1, "other")}).status == 409
    assert server.put(place, "three", {"If-Match": "nonsense"}).status == 400
    assert server.delete(place, {"If-Match": first}).status == 409
    assert server.get(place).text == "two"
    assert server.delete(place, {"If-Match": second}).status == 200


def test_revisions_are_demanded_when_they_are_checked(strict: Live) -> None:
    place = f"/studies/{strict.upload(make_instance('CT'))['ParentStudy']}/metadata/comment"
    etag = strict.put(place, "one").headers["etag"]

    assert strict.put(place, "two").status == 409
    assert strict.delete(place).status == 409
    assert strict.put(place, "two", {"If-Match": etag}).status == 200


def test_writing_metadata_is_a_change(server: Live) -> None:
    study = server.upload(make_instance("CT"))["ParentStudy"]

    server.put(f"/studies/{study}/metadata/comment", "x")

    change = server.get("/changes?last").json["Changes"][0]
    assert (change["ChangeType"], change["ID"], change["ResourceType"]) == ("UpdatedMetadata", study, "Study")
