"""Sending to DCMTK's receiver, and to peers that are not there, refuse or break off."""

import contextlib
import gzip
import io
import socket
import struct
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO, cast

import pydicom
import pytest

from pacsberry.archive.packedfile import PackedFile
from pacsberry.errors import DamagedFile, PeerFailed
from pacsberry.modality import Modality
from pacsberry.peers.dicom_sender import DicomSender, MoveOriginator, RefusedContext
from pacsberry.peers.outgoing import Outgoing
from tests.dimse.raw_peer import command, item, pdu, pdv
from tests.makers import DEFLATED, EXPLICIT, IMPLICIT, make_dataset, part10

RLE = "1.2.840.10008.1.2.5"


def sender_to(port: int, *, aet: str = "STORESCP", seconds: float = 10.0) -> DicomSender:
    return DicomSender(Modality("there", aet, "127.0.0.1", port), calling_aet="PACS", seconds=seconds)


def outgoing(
    folder: Path, kind: str = "CT", transfer_syntax: str = EXPLICIT, instance: int = 1, rows: int = 64
) -> Outgoing:
    ds = make_dataset(kind, transfer_syntax=transfer_syntax, instance=instance, rows=rows, columns=rows)
    path = folder / f"{kind}-{transfer_syntax}-{instance}.dcm"
    path.write_bytes(part10(ds))
    return Outgoing(ds.SOPClassUID, ds.SOPInstanceUID, transfer_syntax, lambda: path.open("rb"))


def packed(sent: Outgoing, damage: int = 0) -> Outgoing:
    """The same object out of a packed file, from the end of which `damage` bytes are missing."""
    with sent.open() as file:
        content = gzip.compress(file.read(), 1)
    content = content[: len(content) - damage]
    return replace(sent, open=lambda: cast("BinaryIO", PackedFile(io.BytesIO(content), "packed")))


def data_set_of(path: Path) -> bytes:
    """What follows the file meta information."""
    return path.read_bytes()[144 + pydicom.filereader.read_file_meta_info(path).FileMetaInformationGroupLength :]


def path_of(folder: Path, sent: Outgoing) -> Path:
    """Where `outgoing` has put it."""
    (path,) = (path for path in folder.glob("*.dcm") if pydicom.dcmread(path).SOPInstanceUID == sent.sop_uid)
    return path


class Receiver:
    """DCMTK's storescp and the folder it writes to."""

    def __init__(self, port: int, folder: Path, *options: str) -> None:
        self.port, self.folder = port, folder
        self.log = folder.parent / "storescp.log"
        with self.log.open("wb") as log:
            command = ["storescp", "--debug", "--bit-preserving", *options, "-od", str(folder), str(port)]
            self.process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT)
        for _ in range(500):
            with contextlib.suppress(OSError):
                socket.create_connection(("127.0.0.1", port)).close()
                return
            time.sleep(0.01)

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait()

    def received(self) -> dict[str, bytes]:
        """What came, by SOP instance UID: the bytes of the data sets."""
        found = {}
        for path in self.folder.iterdir():
            meta = pydicom.filereader.read_file_meta_info(path)
            found[str(meta.MediaStorageSOPInstanceUID)] = data_set_of(path)
        return found


@pytest.fixture
def receive(free_port: int, tmp_path: Path) -> Iterator[Callable[..., Receiver]]:
    """A function that starts a receiver with options of storescp."""
    folder = tmp_path / "received"
    folder.mkdir()
    started: list[Receiver] = []

    def start(*options: str) -> Receiver:
        started.append(Receiver(free_port, folder, *options))
        return started[-1]

    yield start
    for receiver in started:
        receiver.stop()


def test_an_echo_is_answered(receive: Callable[..., Receiver]) -> None:
    with sender_to(receive().port) as sender:
        sender.echo()
        sender.echo()


@pytest.mark.parametrize("maximum_pdu", ["4096", "16384", "131072"])
@pytest.mark.parametrize("transfer_syntax", [EXPLICIT, IMPLICIT, DEFLATED, RLE])
def test_a_data_set_arrives_byte_for_byte(
    receive: Callable[..., Receiver], tmp_path: Path, transfer_syntax: str, maximum_pdu: str
) -> None:
    receiver = receive("--accept-all", "--max-pdu", maximum_pdu)
    sent = outgoing(tmp_path, transfer_syntax=transfer_syntax)

    with sender_to(receiver.port) as sender:
        assert sender.send(sent) == 0

    (received,) = receiver.received().values()
    assert received == data_set_of(path_of(tmp_path, sent))


@pytest.mark.parametrize("maximum_pdu", ["4096", "131072"])
def test_a_packed_file_arrives_as_its_content(
    receive: Callable[..., Receiver], tmp_path: Path, maximum_pdu: str
) -> None:
    receiver = receive("--accept-all", "--max-pdu", maximum_pdu)
    sent = outgoing(tmp_path, rows=512)

    with sender_to(receiver.port) as sender:
        assert sender.send(packed(sent)) == 0

    (received,) = receiver.received().values()
    assert received == data_set_of(path_of(tmp_path, sent))


def test_of_a_damaged_packed_file_nothing_arrives_and_the_next_object_goes_over_a_new_association(
    receive: Callable[..., Receiver], tmp_path: Path
) -> None:
    receiver = receive("--accept-all")
    whole = outgoing(tmp_path, instance=2)

    with sender_to(receiver.port) as sender:
        with pytest.raises(DamagedFile):
            sender.send(packed(outgoing(tmp_path, rows=512), damage=1))
        assert sender.send(whole) == 0

    assert set(receiver.received()) == {whole.sop_uid}


def test_many_objects_of_several_kinds_go_over_one_association(
    receive: Callable[..., Receiver], tmp_path: Path
) -> None:
    receiver = receive("--accept-all")
    files = [outgoing(tmp_path, kind, instance=n) for kind in ("CT", "MR", "SR") for n in (1, 2)]

    with sender_to(receiver.port) as sender:
        sender.expect(file.context for file in files)
        assert [sender.send(file) for file in files] == [0] * 6

    assert set(receiver.received()) == {file.sop_uid for file in files}
    assert receiver.log.read_text().count("Association Acknowledged") == 1


def test_another_association_is_made_when_an_object_needs_another_context(
    receive: Callable[..., Receiver], tmp_path: Path
) -> None:
    receiver = receive("--accept-all")

    with sender_to(receiver.port) as sender:
        for kind in ("CT", "MR", "CT"):
            assert sender.send(outgoing(tmp_path, kind)) == 0

    assert receiver.log.read_text().count("Association Acknowledged") == 2


def test_more_contexts_than_one_association_can_have_are_spread_over_several(
    receive: Callable[..., Receiver], tmp_path: Path
) -> None:
    receiver = receive("--accept-all")
    first, second = outgoing(tmp_path, "CT"), outgoing(tmp_path, "MR")

    with sender_to(receiver.port) as sender:
        sender.expect([first.context])
        sender.expect((f"1.2.3.{n}", EXPLICIT) for n in range(150))
        sender.expect([second.context])
        assert sender.send(first) == 0
        assert sender.send(second) == 0

    assert len(receiver.received()) == 2


def test_the_receiver_is_told_who_asked_for_it(receive: Callable[..., Receiver], tmp_path: Path) -> None:
    receiver = receive("--accept-all")

    with sender_to(receiver.port) as sender:
        sender.send(outgoing(tmp_path), MoveOriginator("WORKSTATION", 77))

    log = receiver.log.read_text()
    assert "Move Originator AE Title      : WORKSTATION" in log
    assert "Move Originator ID            : 77" in log


def test_a_kind_the_peer_does_not_take_is_refused_and_the_others_go_on(
    receive: Callable[..., Receiver], tmp_path: Path
) -> None:
    receiver = receive()  # uncompressed only

    with sender_to(receiver.port) as sender:
        files = [outgoing(tmp_path), outgoing(tmp_path, transfer_syntax=RLE), outgoing(tmp_path, "MR")]
        sender.expect(file.context for file in files)
        assert sender.send(files[0]) == 0
        with pytest.raises(RefusedContext, match=RLE):
            sender.send(files[1])
        assert sender.send(files[2]) == 0


def test_a_peer_that_accepts_nothing_refuses_each_object(receive: Callable[..., Receiver], tmp_path: Path) -> None:
    receiver = receive()

    with sender_to(receiver.port) as sender, pytest.raises(RefusedContext, match=RLE):
        sender.send(outgoing(tmp_path, transfer_syntax=RLE))


def test_a_rejection_is_an_error_that_says_why(receive: Callable[..., Receiver]) -> None:
    receiver = receive("--refuse")

    with sender_to(receiver.port) as sender, pytest.raises(PeerFailed, match="rejected the association"):
        sender.echo()


def test_a_peer_that_is_not_there_is_an_error_that_names_it(free_port: int) -> None:
    with sender_to(free_port) as sender, pytest.raises(PeerFailed, match=rf"STORESCP@127.0.0.1:{free_port}.*refused"):
        sender.echo()


def test_an_abort_in_the_middle_is_an_error_and_the_next_object_goes_over_a_new_association(
    receive: Callable[..., Receiver], tmp_path: Path
) -> None:
    receiver = receive("--accept-all", "--abort-after")

    with sender_to(receiver.port) as sender:
        for _ in range(2):
            with pytest.raises(PeerFailed, match="aborted"):
                sender.send(outgoing(tmp_path))


def test_a_file_that_vanished_is_an_error_and_the_association_goes_on(
    receive: Callable[..., Receiver], tmp_path: Path
) -> None:
    receiver = receive("--accept-all")
    gone = outgoing(tmp_path, instance=2)
    path_of(tmp_path, gone).unlink()

    with sender_to(receiver.port) as sender:
        assert sender.send(outgoing(tmp_path)) == 0
        with pytest.raises(FileNotFoundError):
            sender.send(gone)
        assert sender.send(outgoing(tmp_path, instance=3)) == 0

    assert len(receiver.received()) == 2


@contextlib.contextmanager
def answering(*answers: bytes | None) -> Iterator[int]:
    """The port of a peer that answers what it reads with these bytes; None: says nothing and keeps the line."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        over = threading.Event()

        def serve() -> None:
            connection, _ = listening.accept()
            with connection:
                for answer in answers:
                    connection.recv(65536)
                    if answer is None:
                        over.wait(20)
                    else:
                        connection.sendall(answer)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield listening.getsockname()[1]
        finally:
            over.set()
            thread.join()


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
        b"\x02\0\0\0\0\x04\0\0\0\0",
        b"\x02\0\xff\xff\xff\xff",
        b"\x04\0\0\0\0\x06\0\0\0\x02\x01\x03",
        b"\x07\0\0\0\0\x04\0\0\x02\0",
        b"",
    ],
)
def test_an_answer_that_is_no_answer_is_an_error(answer: bytes) -> None:
    with answering(answer) as port, sender_to(port, seconds=2.0) as sender, pytest.raises(PeerFailed):
        sender.echo()


ACCEPTS_ECHO = pdu(
    2,
    struct.pack(">HH16s16s32x", 1, 0, b"STORESCP".ljust(16), b"PACS".ljust(16))
    + item(0x10, b"1.2.840.10008.3.1.1.1")
    + item(0x21, b"\x01\0\0\0" + item(0x40, IMPLICIT.encode()))
    + item(0x50, item(0x51, b"\0\0\x40\0") + item(0x52, b"1.2.3")),
)


def echo_rsp(message_id: int, field: int = 0x8030) -> bytes:
    answer = command({0x0100: field, 0x0120: message_id, 0x0800: 0x0101, 0x0900: 0})
    return pdu(4, pdv(1, 3, answer))


def test_an_answer_that_was_asked_for_is_one() -> None:
    with answering(ACCEPTS_ECHO, echo_rsp(1)) as port, sender_to(port) as sender:
        sender.echo()


@pytest.mark.parametrize("answer", [echo_rsp(2), echo_rsp(1, 0x8001), echo_rsp(1, 0x0030)])
def test_an_answer_to_something_else_is_an_error(answer: bytes) -> None:
    with (
        answering(ACCEPTS_ECHO, answer) as port,
        sender_to(port) as sender,
        pytest.raises(PeerFailed, match="not asked"),
    ):
        sender.echo()


def test_a_peer_that_never_answers_is_an_error_after_the_time_out() -> None:
    with answering(None) as port, sender_to(port, seconds=0.3) as sender:
        started = time.monotonic()
        with pytest.raises(PeerFailed):
            sender.echo()
        assert time.monotonic() - started < 5
