"""What the admin's page is told: the machine, who is there, DICOM nodes, the last lines of the log."""

import logging
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest

from pacsberry.http.metrics import Metrics
from pacsberry.logs import RecentLines
from tests.flows.house import House, in_process
from tests.flows.people_aids import SCHOOL, Page, basic

NODES = {"CT": {"AET": "SCANNER", "Host": "10.0.0.5", "Port": 104}, "Another": ["WORKSTATION", "10.0.0.6", 11112]}


@pytest.fixture
def school(tmp_path: Path) -> Iterator[House]:
    with in_process(tmp_path, {**SCHOOL, "DicomAet": "SCHOOL", "DicomModalities": NODES}) as house:
        yield house


@pytest.fixture
def remembering() -> Iterator[None]:
    handler = RecentLines()
    handler.setFormatter(logging.Formatter("%(levelname)s %(message)s"))
    logging.getLogger().addHandler(handler)
    yield
    logging.getLogger().removeHandler(handler)


def test_an_admin_sees_the_machine_the_people_and_the_nodes(school: House) -> None:
    Page(school).sign_in("tom")
    told = Page(school).sign_in("anna").ask("GET", "/pacsberry/box").json

    assert told["Clients"] == {"Count": 1, "Seconds": 300, "SignedIn": ["anna", "tom"]}
    assert told["Dicom"] == {"AET": "SCHOOL", "Port": school.dicom_port}
    assert told["Nodes"] == [
        {"Name": "Another", "AET": "WORKSTATION", "Host": "10.0.0.6", "Port": 11112},
        {"Name": "CT", "AET": "SCANNER", "Host": "10.0.0.5", "Port": 104},
    ]
    assert told["Memory"]["ServerSize"] > 1 << 20
    assert {"Box", "Temperature", "UptimeSeconds", "Version"} <= told.keys()


@pytest.mark.parametrize("path", ["/pacsberry/box", "/pacsberry/log"])
def test_it_is_for_admins_alone(school: House, path: str) -> None:
    assert school.ask("GET", path).status == 401
    assert school.ask("GET", path, **basic("tom")).status == 403


@pytest.mark.usefixtures("remembering")
def test_the_last_lines_of_the_log_are_told_and_no_more(school: House) -> None:
    for number in range(1100):
        logging.getLogger("pacsberry.server").warning("Line %d %s", number, "x" * 600)

    lines = school.ask("GET", "/pacsberry/log", **basic("anna")).body.decode().splitlines()

    assert len(lines) == 1000
    assert lines[-1].startswith("WARNING Line 1099 xxx")
    assert len(lines[-1]) == 500


@pytest.mark.usefixtures("remembering")
def test_a_line_that_cannot_be_written_is_left_out(school: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logging, "raiseExceptions", False)
    handler = next(one for one in logging.getLogger().handlers if isinstance(one, RecentLines))

    handler.handle(logging.LogRecord("pacsberry", logging.WARNING, "", 1, "%d apples", ("no",), None))

    assert not any("apples" in line for line in handler.lines)


@pytest.mark.parametrize("name", ["zoë/müller", "<b>x</b>", "a b?#%41"])
def test_a_name_may_have_any_signs(tmp_path: Path, name: str) -> None:
    path = "/pacsberry/users/" + quote(name, safe="")
    with in_process(tmp_path, {**SCHOOL, "Pacsberry": {"UsersFile": "users.json"}}) as house:
        made = house.ask("PUT", path, {"Password": "correct horse", "Role": "teacher"}, **basic("anna"))
        listed = [one["Name"] for one in house.ask("GET", "/pacsberry/users", **basic("anna")).json]
        gone = house.ask("DELETE", path, **basic("anna"))

    assert (made.status, gone.status) == (200, 200)
    assert name in listed


def test_without_accounts_the_rest_is_told(tmp_path: Path) -> None:
    with in_process(tmp_path, {"AuthenticationEnabled": False, "DicomServerEnabled": False}) as house:
        told = house.get("/pacsberry/box")

    assert told["Clients"]["SignedIn"] == []
    assert told["Dicom"] is None


def test_clients_are_counted_as_long_as_they_ask_and_so_many_are_remembered() -> None:
    now = [0.0]
    metrics = Metrics(monotonic=lambda: now[0])
    for address in ("10.0.0.1", "10.0.0.2", "10.0.0.1", ""):
        metrics.begin(address)
        now[0] += 100

    assert metrics.clients(300) == 2
    assert metrics.clients(250) == 1
    for number in range(600):
        metrics.begin(f"10.1.0.{number}")
    assert metrics.clients(300) == 500
