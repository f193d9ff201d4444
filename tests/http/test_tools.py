"""Clocks, identifiers, log levels, what the DICOM door accepts, metrics, restart."""

import logging
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from pacsberry.dicom.uids import is_uid
from pacsberry.http.settings import HttpSettings
from pacsberry.logs import CATEGORIES
from pacsberry.model import Clock
from tests.http.live import Live, live_server
from tests.makers import make_instance

LEVEL_NAMES = [f"log-level-{name}" for name in sorted(CATEGORIES)]


@pytest.fixture
def loggers() -> Iterator[None]:
    """The log levels are those of the process: they are put back."""
    names = [name for names in CATEGORIES.values() for name in names]
    before = {name: logging.getLogger(name).level for name in names}
    yield
    for name, level in before.items():
        logging.getLogger(name).setLevel(level)


def test_tools_lists_its_operations(server: Live) -> None:
    listed = server.get("/tools").json

    assert listed == sorted(listed)
    assert {"find", "count-resources", "lookup", "now", "labels", *LEVEL_NAMES} <= set(listed)


def test_the_clock_is_told_in_utc_and_in_local_time(tmp_path: Path) -> None:
    with live_server(tmp_path, clock=Clock(now=lambda: 1_790_000_000.9)) as server:
        assert server.get("/tools/now").text == "20260921T141320"
        assert re.fullmatch(r"\d{8}T\d{6}", server.get("/tools/now-local").text)


@pytest.mark.parametrize("level", ["patient", "study", "series", "instance"])
def test_new_identifiers_are_uids_and_differ(server: Live, level: str) -> None:
    made = {server.get(f"/tools/generate-uid?level={level}").text for _ in range(3)}

    assert len(made) == 3
    assert all(is_uid(uid) for uid in made)


def test_an_identifier_without_level_is_not_found_and_one_of_no_level_is_a_bad_request(server: Live) -> None:
    assert server.get("/tools/generate-uid").status == 404
    assert server.get("/tools/generate-uid?level=room").status == 400


def test_a_lookup_names_what_carries_an_identifier(server: Live) -> None:
    told = server.upload(make_instance("CT", patient_id="Anna 1"))

    assert server.post("/tools/lookup", " anna 1\n").json == [
        {"ID": told["ParentPatient"], "Path": f"/patients/{told['ParentPatient']}", "Type": "Patient"}
    ]
    assert server.post("/tools/lookup", "nobody").json == []
    assert server.post("/tools/lookup", b"\xff\xfe").status == 400


@pytest.mark.usefixtures("loggers")
def test_log_levels_change_one_by_one_or_all_at_once(server: Live) -> None:
    for name in ("log-level", *LEVEL_NAMES):
        assert server.put(f"/tools/{name}", "default").body == b""

    server.put("/tools/log-level-http", "trace")
    assert [server.get(f"/tools/{name}").text for name in ("log-level-http", "log-level-dicom")] == ["trace", "default"]

    server.put("/tools/log-level", "verbose")
    assert {server.get(f"/tools/{name}").text for name in ("log-level", *LEVEL_NAMES)} == {"verbose"}


def test_an_unknown_log_level_or_category_is_refused(server: Live) -> None:
    assert server.put("/tools/log-level", "loud").status == 400
    assert server.put("/tools/log-level-http", "loud").status == 400
    assert server.get("/tools/log-level-weather").status == 404


def test_the_default_encoding_can_be_changed(server: Live) -> None:
    assert server.get("/tools/default-encoding").text == "Latin1"
    assert server.put("/tools/default-encoding", "Utf8").text == "Utf8"
    assert server.put("/tools/default-encoding", "Klingon").status == 400
    assert server.get("/tools/default-encoding").text == "Utf8"


def test_accepted_transfer_syntaxes_can_be_replaced(server: Live) -> None:
    everything = server.get("/tools/accepted-transfer-syntaxes").json

    assert "1.2.840.10008.1.2" in everything
    assert server.put("/tools/accepted-transfer-syntaxes", ["1.2.840.10008.1.2.4.9?"]).json == [
        f"1.2.840.10008.1.2.4.9{last}" for last in range(6)
    ]
    assert server.put("/tools/accepted-transfer-syntaxes", "1.2.840.10008.1.2.1").json == ["1.2.840.10008.1.2.1"]
    assert server.put("/tools/accepted-transfer-syntaxes", '"1.2.840.10008.1.2.*.50"').json == [
        "1.2.840.10008.1.2.4.50"
    ]
    assert server.put("/tools/accepted-transfer-syntaxes", "*").json == everything
    assert server.put("/tools/accepted-transfer-syntaxes", []).json == []


@pytest.mark.parametrize("body", ["{}", "[1]", "[[]]", "[", "1.2.840; rm", "*" * 100])
def test_a_list_of_transfer_syntaxes_that_is_none_changes_nothing(server: Live, body: str) -> None:
    before = server.get("/tools/accepted-transfer-syntaxes").json

    assert server.put("/tools/accepted-transfer-syntaxes", body).status == 400
    assert server.get("/tools/accepted-transfer-syntaxes").json == before


def test_unknown_sop_classes_can_be_accepted(server: Live) -> None:
    assert server.get("/tools/unknown-sop-class-accepted").text == "0"
    assert server.put("/tools/unknown-sop-class-accepted", "true").text == "1"
    assert server.get("/tools/unknown-sop-class-accepted").text == "1"
    assert server.put("/tools/unknown-sop-class-accepted", "perhaps").status == 400
    assert server.put("/tools/unknown-sop-class-accepted", "0").text == "0"


def test_accepted_sop_classes_are_listed(server: Live) -> None:
    listed = server.get("/tools/accepted-sop-classes").json

    assert listed == sorted(listed)
    assert "1.2.840.10008.5.1.4.1.1.2" in listed


def test_the_conformance_statement_follows_the_settings(server: Live) -> None:
    statement = server.get("/tools/dicom-conformance")

    assert statement.headers["content-type"] == "text/plain"
    assert len(statement.text) > 1000
    assert "1.2.840.10008.5.1.4.1.1.2 " in statement.text
    assert "JPEG-LS Lossless" in statement.text
    server.put("/tools/accepted-transfer-syntaxes", ["1.2.840.10008.1.2.1"])
    assert "JPEG-LS Lossless" not in server.get("/tools/dicom-conformance").text


def test_metrics_are_told_to_prometheus_until_they_are_switched_off(server: Live) -> None:
    server.upload(make_instance("CT"))

    told = server.get("/tools/metrics-prometheus")

    assert told.headers["content-type"] == "text/plain; version=0.0.4"
    lines = told.text.splitlines()
    assert all(re.fullmatch(r'[a-z_]+(\{[a-z]+="\w+"\})? [0-9.e+-]+ \d{13}', line) for line in lines), lines
    values = {line.split()[0]: float(line.split()[1]) for line in lines}
    assert values["orthanc_count_instances"] == 1
    assert values["orthanc_disk_size_mb"] > 0
    assert 10e6 < values["pacsberry_process_resident_bytes"] < 10e9
    assert server.get("/tools/metrics").text == "1"
    assert server.put("/tools/metrics", "0").body == b""
    assert server.get("/tools/metrics").text == "0"
    assert server.get("/tools/metrics-prometheus").body == b""


def test_reset_and_shutdown_are_handed_on(server: Live) -> None:
    assert server.post("/tools/reset").json == {}
    assert server.post("/tools/shutdown").json == {}

    assert (server.asked.resets, server.asked.shutdowns) == (1, 1)


def test_a_read_only_server_answers_questions_and_refuses_changes(tmp_path: Path) -> None:
    with live_server(tmp_path, settings=HttpSettings(port=0, addresses=("127.0.0.1",), read_only=True)) as server:
        assert server.post("/tools/find", {"Level": "Study", "Query": {}}).json == []
        assert server.post("/tools/count-resources", {"Level": "Study", "Query": {}}).json == {"Count": 0}
        assert server.post("/tools/lookup", "x").json == []
        assert server.post("/tools/bulk-content", {"Resources": []}).json == []
        assert server.post("/tools/bulk-delete", {"Resources": []}).status == 403
        assert server.put("/tools/default-encoding", "Utf8").status == 403
        assert server.post("/tools/shutdown").status == 403
