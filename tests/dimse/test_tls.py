"""DICOM over TLS: in and out, with and without certificates of the peer."""

import contextlib
import os
import socket
import ssl
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from pacsberry.archive import Archive
from pacsberry.errors import PeerFailed
from pacsberry.ingest import Ingest
from pacsberry.modality import Modality
from pacsberry.model import Level
from pacsberry.peers.dicom_sender import DicomSender
from tests.dimse.aids import Door, keep, run, wait_until, write_files
from tests.dimse.raw_peer import RawPeer
from tests.makers import make_instance, make_study

OpenDoor = Callable[..., Door]


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A certificate that signed itself, and its key."""
    folder = tmp_path_factory.mktemp("tls")
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"),
            *("-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(key), "-out", str(certificate)),
        ],
        check=True,
        capture_output=True,
    )
    return certificate, key


def server_side(certificate: tuple[Path, Path], *, mutual: bool = False) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    if mutual:
        context.load_verify_locations(certificate[0])
        context.verify_mode = ssl.CERT_REQUIRED
    return context


def client_side(certificate: tuple[Path, Path], *, mutual: bool = True) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=str(certificate[0]))
    if mutual:
        context.load_cert_chain(*certificate)
    return context


def kept(door: Door) -> int:
    return len(list(door.archive.resources.ids(Level.INSTANCE)))


def sender_to(door: Door, tls: ssl.SSLContext | None) -> DicomSender:
    modality = Modality("there", "PACS", "127.0.0.1", door.port, use_dicom_tls=True)
    return DicomSender(modality, calling_aet="US", seconds=10.0, tls=tls)


def test_dcmtk_stores_a_study_over_tls(open_door: OpenDoor, certificate: tuple[Path, Path], tmp_path: Path) -> None:
    door = open_door(tls=server_side(certificate, mutual=True))
    files = write_files(
        tmp_path, [*make_study(series={"CT": 3}), make_instance("CT", patient_id="L", rows=900, columns=900)]
    )

    run(
        *("storescu", "--enable-tls", certificate[1], certificate[0], "--add-cert-file", certificate[0]),
        *("127.0.0.1", door.port, *files),
    )

    assert kept(door) == 4


def test_a_peer_without_certificate_is_refused_when_one_is_wanted(
    open_door: OpenDoor, certificate: tuple[Path, Path]
) -> None:
    strict = open_door(tls=server_side(certificate, mutual=True))
    with sender_to(strict, client_side(certificate, mutual=False)) as sender, pytest.raises(PeerFailed):
        sender.echo()

    lenient = open_door(tls=server_side(certificate))
    with sender_to(lenient, client_side(certificate, mutual=False)) as sender:
        sender.echo()


def test_a_peer_without_tls_is_refused_and_leaves_nothing(open_door: OpenDoor, certificate: tuple[Path, Path]) -> None:
    door = open_door(tls=server_side(certificate))
    run("echoscu", "127.0.0.1", door.port, fails=True)

    wait_until(lambda: door.server.associations == 0)


def test_a_peer_that_never_shakes_hands_is_let_go(open_door: OpenDoor, certificate: tuple[Path, Path]) -> None:
    door = open_door(tls=server_side(certificate), artim_seconds=0.3)
    with socket.create_connection(("127.0.0.1", door.port), timeout=10) as silent:
        started = time.monotonic()
        assert silent.recv(10) == b""
        assert time.monotonic() - started < 5


def test_a_handshake_that_drips_is_let_go(open_door: OpenDoor, certificate: tuple[Path, Path]) -> None:
    door = open_door(tls=server_side(certificate), artim_seconds=0.5)
    with socket.create_connection(("127.0.0.1", door.port), timeout=10) as slow:
        started = time.monotonic()
        with contextlib.suppress(OSError):
            for byte in b"\x16\x03\x01\x02\x00" + bytes(100):
                slow.sendall(bytes((byte,)))
                time.sleep(0.1)
        assert time.monotonic() - started < 5
    wait_until(lambda: door.server.associations == 0)


def test_a_move_goes_over_tls_when_the_modality_wants_it(
    open_door: OpenDoor, certificate: tuple[Path, Path], archive: Archive, ingest: Ingest, tmp_path: Path
) -> None:
    for content in make_study(patient_id="P1", series={"CT": 3}):
        keep(archive, ingest, content)
    destination = open_door(tls=server_side(certificate, mutual=True))
    door = open_door(client_tls=client_side(certificate))
    door.modalities["sink"] = Modality("sink", "SINK", "127.0.0.1", destination.port, use_dicom_tls=True)

    printed = run(
        *("movescu", "-v", "-P", "-aem", "SINK", "-k", "QueryRetrieveLevel=PATIENT", "-k", "PatientID=P1"),
        *("127.0.0.1", door.port),
    )

    assert "Final Move Response (Success)" in printed


def test_a_modality_that_wants_tls_is_not_talked_to_without(open_door: OpenDoor) -> None:
    door = open_door()
    with sender_to(door, None) as sender, pytest.raises(PeerFailed, match="TLS"):
        sender.echo()


def test_an_unknown_certificate_is_not_trusted(open_door: OpenDoor, certificate: tuple[Path, Path]) -> None:
    door = open_door(tls=server_side(certificate))
    with sender_to(door, ssl.create_default_context()) as sender, pytest.raises(PeerFailed, match="TLS"):
        sender.echo()


def test_stopping_ends_associations_over_tls(open_door: OpenDoor, certificate: tuple[Path, Path]) -> None:
    door = open_door(tls=server_side(certificate))
    with RawPeer(door.port) as peer:
        peer.socket = client_side(certificate).wrap_socket(peer.socket, server_hostname="127.0.0.1")
        peer.associate()
        peer.echo()
        door.server.stop()
        with contextlib.suppress(ssl.SSLError):  # OpenSSL says it by an alert of its own
            assert peer.read()[0] in (0, 7)


def test_random_bytes_over_tls_abort(open_door: OpenDoor, certificate: tuple[Path, Path]) -> None:
    door = open_door(tls=server_side(certificate))
    with RawPeer(door.port) as peer:
        peer.socket = client_side(certificate).wrap_socket(peer.socket, server_hostname="127.0.0.1")
        peer.send(b"\xff" + os.urandom(1000))
        assert peer.read()[0] == 7
