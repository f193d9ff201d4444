"""How answers travel: ranges, entity tags, XML, gzip."""

import gzip
import json
import xml.etree.ElementTree as ET  # reads what this server has written
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pacsberry.http.jsontext import json_text
from pacsberry.http.rendering import prefers_xml
from pacsberry.http.request import Request
from pacsberry.http.settings import HttpSettings
from pacsberry.http.xmltext import xml_items, xml_text
from tests.http.live import Live, live_server
from tests.http.routes import PATTERN, ROUTES, write_file

BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,image/webp,*/*;q=0.8"
TEN = PATTERN[:10]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    folder = tmp_path_factory.mktemp("rendering")
    settings = HttpSettings(port=0, addresses=("127.0.0.1",), compression=True)
    with live_server(folder, settings=settings, routes=ROUTES) as running:
        write_file(folder / "storage", "ten", TEN)
        yield running


@pytest.mark.parametrize(
    ("asked", "content_range", "body"),
    [
        ("bytes=0-3", "bytes 0-3/10", TEN[:4]),
        ("bytes=4-", "bytes 4-9/10", TEN[4:]),
        ("bytes=-3", "bytes 7-9/10", TEN[7:]),
        ("bytes=-30", "bytes 0-9/10", TEN),
        ("bytes=9-9", "bytes 9-9/10", TEN[9:]),
        ("bytes=2-1000000000000", "bytes 2-9/10", TEN[2:]),
    ],
)
def test_a_range_of_a_file_is_206(server: Live, asked: str, content_range: str, body: bytes) -> None:
    answer = server.get("/file/ten", {"Range": asked})

    assert answer.status == 206
    assert answer.headers["content-range"] == content_range
    assert answer.body == body


@pytest.mark.parametrize("asked", ["bytes=10-", "bytes=10-20", "bytes=-0"])
def test_a_range_behind_the_end_is_416(server: Live, asked: str) -> None:
    answer = server.get("/file/ten", {"Range": asked})

    assert answer.status == 416
    assert answer.headers["content-range"] == "bytes */10"
    assert json.loads(answer.body)["OrthancStatus"] == 41


@pytest.mark.parametrize(
    "asked", ["bytes=3-1", "bytes=0-1,4-5", "bytes=-", "lines=1-2", "nonsense", "bytes=" + "9" * 50]
)
def test_a_range_that_is_none_is_passed_over(server: Live, asked: str) -> None:
    answer = server.get("/file/ten", {"Range": asked})

    assert (answer.status, answer.body) == (200, TEN)
    assert answer.headers["accept-ranges"] == "bytes"


def test_a_range_of_another_version_is_the_whole_file(server: Live) -> None:
    assert server.get("/file/ten", {"Range": "bytes=0-1", "If-Range": '"v1"'}).status == 206
    assert server.get("/file/ten", {"Range": "bytes=0-1", "If-Range": '"v0"'}).body == TEN


@pytest.mark.parametrize("known", ['"v1"', 'W/"v1"', '"v0", "v1"', "*"])
def test_what_the_client_has_is_not_sent_again(server: Live, known: str) -> None:
    answer = server.get("/file/ten", {"If-None-Match": known})

    assert (answer.status, answer.body) == (304, b"")
    assert answer.headers["etag"] == '"v1"'


def test_what_the_client_has_in_another_version_is_sent(server: Live) -> None:
    assert server.get("/file/ten", {"If-None-Match": '"v2"'}).status == 200


@pytest.mark.parametrize(
    ("accept", "is_xml"),
    [
        ("", False),
        ("*/*", False),
        ("application/json", False),
        (BROWSER, False),
        ("application/xml", True),
        ("application/xml, */*;q=0.1", True),
        ("application/json, application/xml;q=0.5", False),
        ("application/json;q=0.4, application/xml;q=0.5", True),
        ("application/xml;q=0", False),
        ("application/xml;q=x", False),
    ],
)
def test_xml_is_for_those_who_ask_for_it_by_name(accept: str, is_xml: bool) -> None:
    assert prefers_xml(Request("GET", "/", headers={"HTTP_ACCEPT": accept})) is is_xml


def test_json_becomes_well_formed_xml(server: Live) -> None:
    answer = server.get("/value", {"Accept": "application/xml"})

    assert answer.headers["content-type"] == "application/xml; charset=utf-8"
    root = ET.fromstring(answer.body)  # noqa: S314
    assert root.tag == "root"
    assert [item.text for item in root.findall("list/item")] == ["1", None, "true", None]
    entry = root.find("entry")
    assert entry is not None
    assert entry.get("name") == "0010,0010"
    assert entry.findtext("Value") == "A<B>&\ufffd"


@pytest.mark.parametrize("count", [1, 3, 500])
def test_a_streamed_list_becomes_xml_item_by_item(server: Live, count: int) -> None:
    answer = server.get(f"/items/{count}", {"Accept": "application/xml"})

    root = ET.fromstring(answer.body)  # noqa: S314
    assert [item.findtext("n") for item in root] == [str(number) for number in range(count)]
    assert root[0].findtext("text") == "é<&>"


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda children: st.lists(children) | st.dictionaries(st.text(), children),
    max_leaves=20,
)


@given(json_values)
def test_any_value_is_printed_as_json_dumps_would(value: object) -> None:
    printed = json.dumps(value, ensure_ascii=False, indent=3, separators=(",", " : "), sort_keys=True)

    assert json_text(value) == printed


@given(json_values)
def test_any_value_becomes_well_formed_xml(value: object) -> None:
    ET.fromstring(xml_text(value).encode())  # noqa: S314


@given(st.lists(json_values), st.integers(1, 50))
def test_a_list_cut_anywhere_becomes_the_same_xml(items: list[object], length: int) -> None:
    data = json_text(items).encode()
    chunks = [data[start : start + length] for start in range(0, len(data), length)]

    streamed = b"".join(xml_items(chunks)).decode()

    assert ET.canonicalize(streamed, strip_text=True) == ET.canonicalize(xml_text(items), strip_text=True)


def test_values_nested_too_deeply_are_not_printed() -> None:
    deep: list[object] = []
    for _ in range(1000):
        deep = [deep]

    with pytest.raises(ValueError, match="levels"):
        json_text(deep)
    with pytest.raises(ValueError, match="levels"):
        xml_text(deep)


@pytest.mark.parametrize("path", ["/items/500", "/items/100"])
def test_long_json_is_compressed_for_those_who_can_read_it(server: Live, path: str) -> None:
    plain = server.get(path, {"Accept-Encoding": "identity"})
    packed = server.get(path, {"Accept-Encoding": "br, gzip;q=0.8"})

    assert "content-encoding" not in plain.headers
    assert packed.headers["content-encoding"] == "gzip"
    assert gzip.decompress(packed.body) == plain.body
    assert len(packed.body) < len(plain.body) / 2


@pytest.mark.parametrize(
    ("path", "accepts"), [("/value", "gzip"), ("/file/ten", "gzip"), ("/stream/1", "gzip"), ("/items/500", "gzip;q=0")]
)
def test_short_or_packed_answers_are_not_compressed(server: Live, path: str, accepts: str) -> None:
    assert "content-encoding" not in server.get(path, {"Accept-Encoding": accepts}).headers


def test_nothing_is_compressed_unless_the_option_is_on(tmp_path: Path) -> None:
    with live_server(tmp_path, routes=ROUTES) as server:
        assert "content-encoding" not in server.get("/items/500", {"Accept-Encoding": "gzip"}).headers
