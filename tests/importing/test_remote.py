"""Another server as source and as target: a real Orthanc, our own, and some that misbehave."""

import contextlib
import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest

from pacsberry.errors import BadRequest, NoRoom, NotAllowed, PeerFailed
from pacsberry.importing import remote as remote_module
from pacsberry.importing.folder import Folder
from pacsberry.importing.importer import Importer, Wishes
from pacsberry.importing.items import Fate
from pacsberry.importing.orthanc_notes import Brought, Notes
from pacsberry.importing.remote import Address
from pacsberry.importing.server import Server
from pacsberry.importing.sources import remote_source
from pacsberry.peers.http_client import HttpClient, UnixConnection
from tests.clients.orthanc import BINARY, running_orthanc
from tests.flows.house import in_process
from tests.importing.aids import Recorder, Told, bring, write_all
from tests.makers import make_instance, make_study

STUDY = make_study(series={"CT": 3, "SR": 1})
COUNTED = ("CountInstances", "TotalUncompressedSize")
IDENTIFIER = "11111111-22222222-33333333-44444444-55555555"


@pytest.fixture(scope="module")
def orthanc(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a real Orthanc with a password, shared by the tests of this file."""
    if BINARY is None:
        pytest.skip("Orthanc is not installed")
    from tests.importing.orthancs import free_ports

    http_port, dicom_port = free_ports(2)
    folder = tmp_path_factory.mktemp("orthanc")
    with running_orthanc(folder, http_port, dicom_port) as url:
        yield url


def to_orthanc(url: str, folder: Path, *, packs: bool = False) -> Told:
    told = Told()
    with contextlib.closing(Address.of(url).client()) as client:
        Importer(Server(client, packs=packs), told.findings.append, Wishes()).take(Folder(folder).found())
    return told


def test_files_go_to_an_orthanc_and_come_back(tmp_path: Path, orthanc: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remote_module, "_PAGE", 3)
    folder = write_all(tmp_path / "files", {f"{number}.dcm": data for number, data in enumerate(STUDY)})

    first, second = to_orthanc(orthanc, folder), to_orthanc(orthanc, folder)
    with in_process(tmp_path) as house, contextlib.closing(remote_source(orthanc)) as source:
        assert source.total() == sum(map(len, STUDY)) // 4 * 4
        third, fourth = bring(house, source), bring(house, source)

        assert sorted(map(house.file, house.get("/instances"))) == sorted(STUDY)
    assert [told.counts() for told in (first, second, third, fourth)] == [
        {Fate.KEPT: 4},
        {Fate.THERE: 4},
        {Fate.KEPT: 4},
        {Fate.THERE: 4},
    ]


def test_a_pacsberry_with_a_password_is_a_source(tmp_path: Path) -> None:
    locked = {"AuthenticationEnabled": True, "RegisteredUsers": {"ada": "p@ss:wörd/"}}
    (tmp_path / "one").mkdir()
    (tmp_path / "two").mkdir()
    with in_process(tmp_path / "one", locked) as one, in_process(tmp_path / "two") as two:
        bring(one, Folder(write_all(tmp_path / "files", {"a.dcm": STUDY[0]})))
        url = f"http://ada:p%40ss%3Aw%C3%B6rd%2F@127.0.0.1:{one.http_port}/"
        with contextlib.closing(remote_source(url)) as source:
            source.total()
            assert bring(two, source).counts() == {Fate.KEPT: 1}
            assert source.name == f"http://127.0.0.1:{one.http_port}"
        wrong = contextlib.closing(remote_source(one.url, user="ada", password="wrong"))
        with wrong as source, pytest.raises(NotAllowed):
            source.total()


def test_an_orthanc_takes_packed_files(tmp_path: Path, orthanc: str) -> None:
    data = make_instance("CT", patient_id="PACKED")
    folder = write_all(tmp_path, {"a.dcm": data})

    (kept,) = to_orthanc(orthanc, folder, packs=True).findings

    assert kept.fate is Fate.KEPT
    assert httpx.get(f"{orthanc}/instances/{kept.instance}/file").content == data


def test_labels_and_protection_of_another_server_come_along(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remote_module, "_PAGE", 1)
    (tmp_path / "one").mkdir()
    (tmp_path / "two").mkdir()
    files = {f"{name}.dcm": make_instance("CT", patient_id=name) for name in ("a", "b", "c")}
    with in_process(tmp_path / "one") as one, in_process(tmp_path / "two") as two:
        bring(one, Folder(write_all(tmp_path / "files", files)))
        (study, *_), (first, second, _) = one.get("/studies"), one.get("/patients")
        one.ask("PUT", f"/studies/{study}/labels/teaching", b"x")
        one.ask("PUT", f"/instances/{one.get('/instances')[0]}/labels/teaching", b"x")
        for patient in (first, second):
            one.ask("PUT", f"/patients/{patient}/protected", b"1")
        with contextlib.closing(remote_source(one.url)) as source:
            bring(two, source)
            client = HttpClient(UnixConnection(two.storage / "pacsberry.sock"), name="The server")
            with contextlib.closing(client):
                told = [Notes(Server(client)).bring(source.added()) for _ in range(2)]

        assert two.get(f"/studies/{study}/labels") == ["teaching"]
        assert two.ask("GET", f"/patients/{second}/protected").body == b"1"
    assert told == [Brought(labels=2, protections=2), Brought()]


def test_an_orthanc_without_labels_is_asked_for_protection_only(orthanc: str) -> None:
    with contextlib.closing(remote_source(orthanc)) as source:
        assert list(source.added()) == []


def test_labels_that_are_none_are_not_asked_for() -> None:
    def answer(path: str) -> tuple[int, object]:
        return 200, ["../x", 7, None, {"a": 1}] if path == "/tools/labels" else []

    with answering(answer) as (url, asked), contextlib.closing(remote_source(url)) as source:
        assert list(source.added()) == []

    assert "/tools/find" not in asked


@pytest.mark.parametrize("labels", [{"a": 1}, "text", 7])
def test_a_list_of_labels_that_is_none_is_refused(labels: object) -> None:
    with answering(lambda path: (200, labels)) as (url, _):
        source = remote_source(url)
        with contextlib.closing(source), pytest.raises(PeerFailed):
            list(source.added())


@pytest.mark.parametrize("known", [{"a": 1}, [[]], 7])
def test_a_list_of_what_is_known_that_is_none_is_refused(known: object) -> None:
    with answering(lambda path: (200, known)) as (url, _), pytest.raises(PeerFailed):
        ask(url, lambda server: server.known(["a"]))


def test_what_is_there_is_not_fetched(tmp_path: Path) -> None:
    with answering(lambda path: (200, [IDENTIFIER])) as (url, asked), contextlib.closing(remote_source(url)) as source:
        told = Told()
        Importer(Recorder(known=[IDENTIFIER]), told.findings.append, Wishes()).take(source.found())

    assert told.counts() == {Fate.THERE: 1}
    assert not [path for path in asked if path.endswith("/file")]


@pytest.mark.parametrize(
    ("page", "error"),
    [
        ({}, "not understood"),
        (["../../etc/passwd"], "not understood"),
        ([1], "not understood"),
        (["x" * 44], "not understood"),
        ("no list", "not understood"),
    ],
)
def test_a_list_that_is_none_of_orthancs_is_refused(page: object, error: str) -> None:
    with answering(lambda path: (200, page)) as (url, _):
        source = remote_source(url)
        with contextlib.closing(source), pytest.raises(PeerFailed, match=error):
            list(source.found())


def test_a_file_that_cannot_be_fetched_is_told_and_the_rest_goes_on(tmp_path: Path) -> None:
    other = IDENTIFIER.replace("1", "2")

    def answer(path: str) -> tuple[int, object]:
        if path.startswith("/instances?"):
            return 200, [IDENTIFIER, other]
        return (404, {"Message": "gone"}) if other in path else (200, STUDY[0])

    with answering(answer) as (url, _), contextlib.closing(remote_source(url)) as source, in_process(tmp_path) as house:
        told = bring(house, source)

    assert told.counts() == {Fate.KEPT: 1, Fate.UNREADABLE: 1}
    assert "gone" in told.of(Fate.UNREADABLE)[0].reason


@pytest.mark.parametrize("host", ["a..b", "x" * 70 + ".org", "a\nb", "box/x", "", "a b"])
def test_what_can_be_no_host_is_told_before_it_is_asked(host: str) -> None:
    with pytest.raises(BadRequest, match="name of the host"):
        Address("http", host, 8042)


def test_a_path_with_other_letters_is_quoted() -> None:
    assert Address.of("http://box:80/räume/a b/%20").prefix == "/r%C3%A4ume/a%20b/%20"


@pytest.mark.parametrize(
    ("counts", "total"), [((4, "400"), 400), ((4, "-400"), 0), ((-4, "400"), 0), ((0, "0"), 0), ((2, "5"), 4)]
)
def test_the_total_is_what_the_server_counts(counts: tuple[object, object], total: int) -> None:
    told = dict(zip(COUNTED, counts, strict=True))
    with answering(lambda path: (200, told)) as (url, _), contextlib.closing(remote_source(url)) as source:
        assert source.total() == total


def test_counts_that_are_none_are_refused() -> None:
    told = dict(zip(COUNTED, (float("inf"), "5"), strict=True))
    with (
        answering(lambda path: (200, told)) as (url, _),
        contextlib.closing(remote_source(url)) as source,
        pytest.raises(PeerFailed, match="is no Orthanc"),
    ):
        source.total()


def test_an_address_is_told_without_its_password() -> None:
    address = Address.of("https://ada:secret@box.local:8043/orthanc/")

    assert (address.name, address.user, address.password) == ("https://box.local:8043/orthanc", "ada", "secret")
    assert Address.of("http://[::1]:8042").name == "http://[::1]:8042"
    assert Address.of("http://box").port == 80
    assert "secret" not in repr(address)


@pytest.mark.parametrize(
    "url",
    ["ftp://secret@box", "http://", "http://ada:secret@:80", "http://ada:secret@box:port", "http://ada:secret@[box"],
)
def test_an_address_that_cannot_be_read_is_not_repeated(url: str) -> None:
    with pytest.raises(BadRequest) as caught:
        Address.of(url)

    assert "secret" not in str(caught.value)


# ---- the target


def ask(url: str, act: Callable[[Server], object]) -> tuple[object, list[float]]:
    pauses: list[float] = []
    with contextlib.closing(Address.of(url).client()) as client:
        return act(Server(client, sleep=pauses.append)), pauses


class Bytes:
    """Content in memory."""

    size = 4

    def head(self, length: int) -> bytes:
        return b"DICM"[:length]

    def chunks(self) -> Iterator[bytes]:
        return iter([b"DI", b"CM"])

    def whole(self) -> None:
        return None


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (507, {"Message": "Storage is full"}, NoRoom),
        (500, {"OrthancStatus": 11, "Message": "Full storage"}, NoRoom),
        (401, "", NotAllowed),
        (403, {"Message": "read-only"}, NotAllowed),
        (503, "", PeerFailed),
        (200, [], PeerFailed),
        (200, b"<html>", PeerFailed),
    ],
)
def test_what_concerns_every_file_is_an_error(status: int, body: object, error: type[Exception]) -> None:
    with answering(lambda path: (status, body)) as (url, _), pytest.raises(error):
        ask(url, lambda server: server.send(Bytes()))


@pytest.mark.parametrize(
    ("status", "body", "fate", "reason"),
    [
        (200, {"Status": "Success", "ID": "x"}, Fate.KEPT, None),
        (200, {"Status": "AlreadyStored", "ID": "x"}, Fate.THERE, None),
        (200, {"Status": "FilteredOut", "ID": "x"}, Fate.REFUSED, "Status FilteredOut."),
        (400, {"Message": "Bad file format", "Details": "No\nSOP"}, Fate.REFUSED, "No SOP"),
        (413, "", Fate.REFUSED, "HTTP status 413 Request Entity Too Large"),
        (415, b"<html>nginx</html>", Fate.REFUSED, "HTTP status 415 Unsupported Media Type"),
        (500, {"Message": "Internal error"}, Fate.REFUSED, "Internal error"),
    ],
)
def test_what_the_server_says_about_one_file_is_told(status: int, body: object, fate: Fate, reason: str | None) -> None:
    with answering(lambda path: (status, body)) as (url, _):
        sent, _ = ask(url, lambda server: server.send(Bytes()))

    assert sent.fate is fate  # type: ignore[attr-defined]
    assert reason is None or sent.reason == reason  # type: ignore[attr-defined]


def test_an_orthanc_is_asked_one_by_one() -> None:
    def answer(path: str) -> tuple[int, object]:
        return (404, {}) if "known" in path or path.endswith("b") else (200, {})

    with answering(answer) as (url, asked):
        known, _ = ask(url, lambda server: (server.known(["a", "b"]), server.known(["c"])))

    assert known == ({"a"}, {"c"})
    assert asked == ["/pacsberry/instances/known", "/instances/a", "/instances/b", "/instances/c"]


def test_a_server_that_is_busy_is_asked_again() -> None:
    answers = iter([503, 503, 200])
    with answering(lambda path: (next(answers), {})) as (url, asked):
        _, pauses = ask(url, lambda server: server.ask("GET", "/system"))

    assert (len(asked), pauses) == (3, [1.0, 3.0])


def test_a_server_that_is_gone_is_given_up() -> None:
    pauses: list[float] = []
    client = Address("http", "127.0.0.1", 9).client()

    with pytest.raises(PeerFailed, match="nobody listens"):
        Server(client, sleep=pauses.append).ask("GET", "/system")

    assert pauses == [1.0, 3.0, 10.0]


def test_a_prefix_is_put_before_every_path() -> None:
    with answering(lambda path: (200, {})) as (url, asked):
        ask(f"{url}/orthanc/", lambda server: server.ask("GET", "/system"))

    assert asked == ["/orthanc/system"]


@contextlib.contextmanager
def answering(answer: Callable[[str], tuple[int, object]]) -> Iterator[tuple[str, list[str]]]:
    """A server that answers each path as told; its address, and what it was asked for."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _answer(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            asked.append(self.path)
            status, body = answer(self.path)
            data = body if isinstance(body, bytes) else json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_POST = do_PUT = _answer  # noqa: N815  # the library's names

        def log_message(self, format: str, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}", asked
        finally:
            server.shutdown()
            thread.join()
