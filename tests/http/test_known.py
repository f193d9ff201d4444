"""POST /pacsberry/instances/known: what is there already."""

import pytest

from tests.http.live import Live
from tests.makers import make_instance


def test_the_identifiers_of_instances_here_come_back(server: Live) -> None:
    here = [server.upload(make_instance("CT", instance=number))["ID"] for number in (1, 2)]
    study = server.get("/studies").json[0]
    strangers = ["0" * 8 + here[0][8:], here[0][:-1] + "g", "", "é", study]

    assert server.post("/pacsberry/instances/known", [*strangers, *here]).json == here
    assert server.post("/pacsberry/instances/known", []).json == []


@pytest.mark.parametrize("body", [{}, "x", [1], ["a" * 45], ["a"] * 10_001])
def test_anything_else_is_refused(server: Live, body: object) -> None:
    assert server.post("/pacsberry/instances/known", body).status == 400
