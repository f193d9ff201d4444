"""HTTPS: whole answers, slow and hostile handshakes that hold nobody up, certificates."""

import concurrent.futures
import hashlib
import shutil
import socket
import ssl
import subprocess
import threading
import time
from http.client import HTTPResponse, HTTPSConnection
from pathlib import Path

import pytest

from pacsberry.errors import ConfigError
from pacsberry.http.channel import Channel
from pacsberry.http.settings import HttpSettings, TlsSettings
from pacsberry.http.tls import server_context
from tests.http.live import Live, live_server, wait_until_spool_holds
from tests.http.raw import Wire, head
from tests.http.routes import PATTERN, ROUTES, write_file


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Key and certificate in one file, as SslCertificate wants them."""
    folder = tmp_path_factory.mktemp("certificate")
    key, certificate, both = folder / "key.pem", folder / "certificate.pem", folder / "both.pem"
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    command += ["-keyout", str(key), "-out", str(certificate), "-days", "2", "-subj", "/CN=localhost"]
    subprocess.run(command, check=True, capture_output=True)
    both.write_bytes(key.read_bytes() + certificate.read_bytes())
    return both


def settings(certificate: Path, **tls: object) -> HttpSettings:
    return HttpSettings(
        port=0,
        addresses=("127.0.0.1",),
        timeout_seconds=5,
        tls=TlsSettings(certificate, **tls),  # type: ignore[arg-type]
    )


def trusting() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def ask(server: Live, method: str, path: str, body: bytes = b"", context: ssl.SSLContext | None = None) -> bytes:
    connection = HTTPSConnection("127.0.0.1", server.port, timeout=20, context=context or trusting())
    try:
        connection.request(method, path, body or None)
        answer = connection.getresponse()
        assert answer.status == 200
        return answer.read()
    finally:
        connection.close()


def test_uploads_and_downloads_pass_through_tls_unchanged(tmp_path: Path, certificate: Path) -> None:
    with live_server(tmp_path, settings=settings(certificate), routes=ROUTES) as server:
        data = PATTERN * 7 + b"end"
        write_file(tmp_path / "storage", "it", data)

        assert f'"size" : {len(data)}'.encode() in ask(server, "POST", "/measure", data)
        assert hashlib.sha256(ask(server, "GET", "/file/it")).digest() == hashlib.sha256(data).digest()
        assert ask(server, "GET", "/stream/8") == PATTERN[: 2**18] * 32
        assert b'"n": 499' in ask(server, "GET", "/items/500")


def test_curl_is_content(tmp_path: Path, certificate: Path) -> None:
    if shutil.which("curl") is None:
        pytest.skip("curl is not installed")
    with live_server(tmp_path, settings=settings(certificate), routes=ROUTES) as server:
        address = f"https://127.0.0.1:{server.port}"
        upload = tmp_path / "upload"
        upload.write_bytes(PATTERN * 3)
        command = [
            "curl",
            "-sSk",
            "--data-binary",
            f"@{upload}",
            f"{address}/measure",
            "--next",
            "-sSk",
            f"{address}/value",
        ]

        answer = subprocess.run(command, check=True, capture_output=True, timeout=60).stdout

        assert f'"size" : {len(PATTERN) * 3}'.encode() in answer


def test_one_connection_carries_many_requests_and_bodies_of_odd_lengths(tmp_path: Path, certificate: Path) -> None:
    with live_server(tmp_path, settings=settings(certificate), routes=ROUTES) as server:
        connection = HTTPSConnection("127.0.0.1", server.port, timeout=20, context=trusting())
        for size in (1, 16383, 16384, 16385, 65536, 65537, 100_001):
            connection.request("POST", "/measure", PATTERN[:size])
            assert f'"size" : {size}'.encode() in connection.getresponse().read()
        connection.close()


def test_records_are_read_by_the_listener_alone_who_knows_whether_one_is_whole(
    tmp_path: Path, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    readers = []
    received = Channel.received

    def noted(channel: Channel, data: bytes) -> bool:
        readers.append(threading.current_thread().name)
        return received(channel, data)

    monkeypatch.setattr(Channel, "received", noted)
    monkeypatch.setattr("pacsberry.http.answering._MOMENT_MILLISECONDS", 100)
    with live_server(tmp_path, settings=settings(certificate), routes=ROUTES) as server:
        connection = HTTPSConnection("127.0.0.1", server.port, timeout=20, context=trusting())
        for _ in range(5):
            connection.request("GET", "/value")
            assert connection.getresponse().read().endswith(b"}")
        connection.close()

    assert set(readers) == {"http-listener"}


def test_many_requests_in_one_record_are_all_answered(tmp_path: Path, certificate: Path) -> None:
    with live_server(tmp_path, settings=settings(certificate), routes=ROUTES) as server:
        raw = socket.create_connection(("127.0.0.1", server.port), timeout=20)
        with trusting().wrap_socket(raw) as connection:
            client = Wire(connection)
            client.send(head("GET", "/value") * 20 + head("GET", "/value", "Connection: close"))

            assert client.receive_all().count(b"200 OK") == 21


def test_a_handshake_that_never_ends_holds_nobody_up(tmp_path: Path, certificate: Path) -> None:
    with live_server(tmp_path, settings=settings(certificate), routes=ROUTES) as server:
        silent = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(20)]
        try:
            for connection in silent[:10]:
                connection.sendall(b"\x16\x03\x01\x02\x00\x01")  # the beginning of a ClientHello
            begun = time.monotonic()

            assert ask(server, "GET", "/value")

            assert time.monotonic() - begun < 5
        finally:
            for connection in silent:
                connection.close()


def test_a_handshake_that_never_ends_is_dropped(
    tmp_path: Path, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pacsberry.http.channel._HANDSHAKE_SECONDS", 0.5)
    with (
        live_server(tmp_path, settings=settings(certificate), routes=ROUTES) as server,
        socket.create_connection(("127.0.0.1", server.port), timeout=10) as silent,
    ):
        assert silent.recv(100) == b""


@pytest.mark.parametrize(
    "data", [b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", bytes(5000), b"\x16\x03\x01\x00\x05hello" * 100]
)
def test_what_is_no_tls_is_turned_away(tmp_path: Path, certificate: Path, data: bytes) -> None:
    with live_server(tmp_path, settings=settings(certificate), routes=ROUTES) as server:
        with socket.create_connection(("127.0.0.1", server.port), timeout=10) as client:
            client.sendall(data)
            assert b"HTTP" not in Wire(client).receive_all()

        assert ask(server, "GET", "/value")


def test_clients_that_reset_the_connection_at_once_do_no_harm(tmp_path: Path, certificate: Path) -> None:
    with live_server(tmp_path, settings=settings(certificate), routes=ROUTES) as server:
        for number in range(50):
            client = socket.create_connection(("127.0.0.1", server.port))
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
            if number % 2:
                client.send(b"\x16")
            client.close()

        assert ask(server, "GET", "/value")


def test_a_refused_upload_gets_its_answer_through_tls(tmp_path: Path, certificate: Path) -> None:
    with live_server(tmp_path, settings=settings(certificate), routes=ROUTES) as server:
        raw = socket.create_connection(("127.0.0.1", server.port), timeout=20)
        with trusting().wrap_socket(raw) as connection:
            client = Wire(connection)
            client.send(head("POST", "/echo", "Content-Length: 50000000"))

            assert client.receive_all().startswith(b"HTTP/1.1 413 ")


def test_a_client_that_breaks_off_leaves_no_file(tmp_path: Path, certificate: Path) -> None:
    with live_server(tmp_path, settings=settings(certificate), routes=ROUTES) as server:
        raw = socket.create_connection(("127.0.0.1", server.port), timeout=20)
        with trusting().wrap_socket(raw) as connection:
            connection.sendall(head("POST", "/measure", "Content-Length: 500000") + PATTERN[:100_000])
            assert len(wait_until_spool_holds(server, 1)) == 1

        assert wait_until_spool_holds(server, 0) == []


def test_thirty_clients_at_once_are_served(tmp_path: Path, certificate: Path) -> None:
    with (
        live_server(tmp_path, settings=settings(certificate), routes=ROUTES) as server,
        concurrent.futures.ThreadPoolExecutor(30) as pool,
    ):
        write_file(tmp_path / "storage", "it", PATTERN * 2)

        def visit(number: int) -> bool:
            size = 100_000 + number
            return (
                f'"size" : {size}'.encode() in ask(server, "POST", "/measure", PATTERN[:size])
                and ask(server, "GET", "/file/it") == PATTERN * 2
            )

        assert all(pool.map(visit, range(60)))


@pytest.mark.parametrize("path", ["/file/it", "/stream/8", "/items/60000"])
def test_a_slow_client_gets_everything_in_order(tmp_path: Path, certificate: Path, path: str) -> None:
    with live_server(tmp_path, settings=settings(certificate), routes=ROUTES) as server:
        write_file(tmp_path / "storage", "it", PATTERN * 5)
        expected = ask(server, "GET", path)
        raw = socket.socket()
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        raw.settimeout(20)
        raw.connect(("127.0.0.1", server.port))
        with trusting().wrap_socket(raw) as connection:
            connection.sendall(head("GET", path, "Connection: close"))
            answer = HTTPResponse(connection)
            answer.begin()
            received = b""
            while piece := answer.read(50_000):
                received += piece
                time.sleep(0.001)

        assert received == expected


def test_older_versions_of_tls_are_refused(tmp_path: Path, certificate: Path) -> None:
    with live_server(tmp_path, settings=settings(certificate, minimum_version=5), routes=ROUTES) as server:
        old = trusting()
        old.maximum_version = ssl.TLSVersion.TLSv1_2

        with pytest.raises((ssl.SSLError, ConnectionResetError)):
            ask(server, "GET", "/value", context=old)

        assert ask(server, "GET", "/value")


def test_clients_must_show_a_certificate_where_that_is_asked_for(tmp_path: Path, certificate: Path) -> None:
    demanding = settings(certificate, verify_clients=True, trusted_clients=certificate)
    with live_server(tmp_path, settings=demanding, routes=ROUTES) as server:
        with pytest.raises((ssl.SSLError, ConnectionResetError, BrokenPipeError)):
            ask(server, "GET", "/value")

        known = trusting()
        known.load_cert_chain(certificate)
        assert ask(server, "GET", "/value", context=known)


@pytest.mark.parametrize(
    ("tls", "words"),
    [
        (TlsSettings(Path("/nowhere/certificate.pem")), "SslCertificate.*nowhere"),
        (TlsSettings(Path(__file__)), "SslCertificate"),
        (TlsSettings(Path("CERTIFICATE"), minimum_version=9), "SslMinimumProtocolVersion"),
        (TlsSettings(Path("CERTIFICATE"), ciphers=("NONSENSE",)), "SslCiphersAccepted"),
        (TlsSettings(Path("CERTIFICATE"), verify_clients=True), "SslTrustedClientCertificates"),
        (
            TlsSettings(Path("CERTIFICATE"), verify_clients=True, trusted_clients=Path("/nowhere")),
            "SslTrustedClientCertificates",
        ),
    ],
)
def test_what_cannot_be_used_is_named(certificate: Path, tls: TlsSettings, words: str) -> None:
    path = certificate if tls.certificate == Path("CERTIFICATE") else tls.certificate
    usable = TlsSettings(path, tls.minimum_version, tls.ciphers, tls.verify_clients, tls.trusted_clients)

    with pytest.raises(ConfigError, match=words):
        server_context(usable)
