"""The table of routes."""

import pytest

from pacsberry.errors import ConfigError
from pacsberry.http.answers import Answer
from pacsberry.http.api import ROUTES
from pacsberry.http.routing import Body, Route, Routes, children


def answer(**arguments: object) -> Answer:
    return Answer.empty()


def routes(*table: Route) -> Routes:
    return Routes(table)


def test_a_level_in_a_path_stands_for_four_paths() -> None:
    table = routes(
        Route("GET", "/<level:level>/<id>", answer), Route("GET", "/<level:level:patients|series>/<id>/x", answer)
    )

    assert table.find("GET", "/instances/1") is table.table[0]
    assert table.find("GET", "/series/1/x") is table.table[1]
    assert table.find("GET", "/studies/1/x") is None
    assert table.find("GET", "/other/1") is None
    assert table.find("POST", "/series/1") is None


def test_a_path_without_wildcards_wins() -> None:
    table = routes(Route("GET", "/a/<b>", answer), Route("GET", "/a/b", answer))

    assert table.find("GET", "/a/b") is table.table[1]
    assert table.find("GET", "/a/c") is table.table[0]


def test_two_handlers_for_one_path_are_a_mistake() -> None:
    with pytest.raises(ConfigError, match="would be served at /a: set another"):
        routes(Route("GET", "/a", answer), Route("GET", "/a", answer))


def test_everything_but_get_writes_unless_it_says_so() -> None:
    assert not Route("GET", "/a", answer).writes
    assert Route("POST", "/a", answer).writes
    assert not Route("POST", "/a", answer, reads=True).writes


def test_the_folder_of_tools_lists_its_tools() -> None:
    table = [Route("GET", "/tools/now", answer), Route("GET", "/tools/a/<b>", answer), Route("GET", "/other/c", answer)]

    assert children(table, "/tools") == ["a", "now"]


def test_the_real_table_is_without_contradiction_and_uploads_go_to_files() -> None:
    table = routes(*ROUTES)

    upload = table.find("POST", "/instances")
    assert upload is not None
    assert upload.body is Body.SPOOL
    assert len(table.table) > 60
