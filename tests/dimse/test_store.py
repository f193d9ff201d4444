"""C-ECHO and C-STORE, from DCMTK, from pynetdicom, and by hand; what was acknowledged is kept byte for byte."""

import os
import struct
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pydicom
import pytest
from pynetdicom import AE

from pacsberry.model import Level
from tests.dimse.aids import Door, run, wait_until, write_files
from tests.dimse.raw_peer import CT, EXPLICIT, RawPeer, associate_rq, command, pdv, store_rq
from tests.makers import BIG_ENDIAN, DEFLATED, IMPLICIT, KINDS, bare, make_dataset, make_instance, make_study, part10
from tests.makers import EXPLICIT as EXPLICIT_UID

RLE, JPEG, HTJ2K, MPEG4 = (
    "1.2.840.10008.1.2.5",
    "1.2.840.10008.1.2.4.50",
    "1.2.840.10008.1.2.4.201",
    "1.2.840.10008.1.2.4.102",
)
OpenDoor = Callable[..., Door]


def kept(door: Door) -> dict[str, bytes]:
    """What the archive holds: data sets by SOP instance UID."""
    resources = door.archive.resources
    found = {}
    for instance_id in list(resources.ids(Level.INSTANCE)):
        (instance,) = resources.instance_files(Level.INSTANCE, instance_id)
        content = door.archive.files.path(instance.file).read_bytes()
        meta = pydicom.filereader.read_file_meta_info(door.archive.files.path(instance.file))
        found[instance.main_tags[Level.INSTANCE]["SOPInstanceUID"]] = content[
            144 + meta.FileMetaInformationGroupLength :
        ]
    return found


def send_by_hand(
    door: Door, data: bytes, *, sop_uid: str = "1.2.3", sop_class: str = CT, syntax: str = EXPLICIT
) -> int:
    """C-STORE one data set; returns the status."""
    with RawPeer(door.port) as peer:
        peer.associate(associate_rq(contexts=[(3, CT, (syntax,))]))
        peer.send_pdata(pdv(3, 3, store_rq(sop_uid)))
        for start in range(0, len(data) or 1, 10000):
            last = 2 if start + 10000 >= len(data) else 0
            peer.send_pdata(pdv(3, last, data[start : start + 10000]))
        status = peer.read_status()
        peer.release()
    return status


def test_dcmtk_and_pynetdicom_are_echoed(road: Door) -> None:
    run("echoscu", "--repeat", 3, "127.0.0.1", road.port)
    run(sys.executable, "-m", "pynetdicom", "echoscu", "127.0.0.1", road.port)


def test_a_study_sent_by_dcmtk_is_kept_byte_for_byte(road: Door, tmp_path: Path) -> None:
    study = make_study(series={"CT": 5, "MR": 2, "SR": 1})
    files = write_files(tmp_path, study)

    run("storescu", "-aec", "PACS", "-aet", "SCANNER", "127.0.0.1", road.port, *files)

    datasets = [pydicom.dcmread(path) for path in files]
    assert kept(road) == {ds.SOPInstanceUID: bare(ds) for ds in datasets}


def test_a_study_sent_by_pynetdicom_is_kept_byte_for_byte(road: Door, tmp_path: Path) -> None:
    files = write_files(tmp_path, make_study(series={"CT": 2}))

    run(sys.executable, "-m", "pynetdicom", "storescu", "127.0.0.1", road.port, tmp_path, "-cx")

    datasets = [pydicom.dcmread(path) for path in files]
    assert kept(road) == {ds.SOPInstanceUID: bare(ds) for ds in datasets}


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_every_kind_of_object_is_kept(door: Door, tmp_path: Path, kind: str) -> None:
    ds = make_dataset(kind)
    (path,) = write_files(tmp_path, [part10(ds)])

    run("storescu", "127.0.0.1", door.port, path)

    assert kept(door) == {ds.SOPInstanceUID: bare(ds)}


@pytest.mark.parametrize("syntax", [IMPLICIT, EXPLICIT_UID, BIG_ENDIAN, DEFLATED, RLE, JPEG, HTJ2K, MPEG4])
def test_every_transfer_syntax_is_kept_as_it_comes(door: Door, syntax: str) -> None:
    ds = make_dataset("CT", transfer_syntax=syntax)
    data = bare(ds)

    assert send_by_hand(door, data, sop_uid=ds.SOPInstanceUID, syntax=syntax) == 0

    assert kept(door) == {ds.SOPInstanceUID: data}
    (instance_id,) = door.archive.resources.ids(Level.INSTANCE)
    (instance,) = door.archive.resources.instance_files(Level.INSTANCE, instance_id)
    assert instance.transfer_syntax_uid == syntax


def test_the_archive_remembers_who_brought_it(road: Door, tmp_path: Path) -> None:
    (path,) = write_files(tmp_path, [make_instance("CT")])

    run("storescu", "-aet", "SCANNER", "-aec", "CLASSROOM", "127.0.0.1", road.port, path)

    (instance_id,) = road.archive.resources.ids(Level.INSTANCE)
    metadata = road.archive.metadata.named(road.archive.metadata.all(Level.INSTANCE, instance_id))
    assert metadata["RemoteAET"] == "SCANNER"
    assert metadata["CalledAET"] == "CLASSROOM"
    assert metadata["RemoteIP"] == "127.0.0.1"
    assert metadata["Origin"] == "DicomProtocol"


def test_the_same_object_again_is_a_success(road: Door, tmp_path: Path) -> None:
    files = write_files(tmp_path, [make_instance("CT")] * 2)

    run("storescu", "127.0.0.1", road.port, *files)

    assert len(kept(road)) == 1


def test_an_object_larger_than_many_pdus_is_kept(road: Door, tmp_path: Path) -> None:
    ds = make_dataset("CT", rows=1024, columns=1024, frames=1)
    (path,) = write_files(tmp_path, [part10(ds)])

    run("storescu", "--max-send-pdu", 16384, "127.0.0.1", road.port, path)

    assert kept(road) == {ds.SOPInstanceUID: bare(ds)}


@pytest.mark.parametrize("maximum_pdu_length", [131072, 16384])
def test_a_large_object_never_lies_in_memory(open_door: OpenDoor, maximum_pdu_length: int) -> None:
    door = open_door(maximum_pdu_length=maximum_pdu_length)
    ds = make_dataset("CT")
    head = bare(ds)
    head = head[: head.index(b"\xe0\x7f\x10\x00")]
    pixels = 120 * 2**20
    piece = os.urandom(16000)
    send_by_hand(door, bare(make_dataset("CT", instance=2)), sop_uid=make_dataset("CT", instance=2).SOPInstanceUID)

    def resident() -> int:
        return int(Path("/proc/self/statm").read_text().split()[1]) * 4096

    before, peak = resident(), 0
    with RawPeer(door.port) as peer:
        peer.associate(associate_rq(contexts=[(3, CT, (EXPLICIT,))]))
        peer.send_pdata(pdv(3, 3, store_rq(ds.SOPInstanceUID)))
        peer.send_pdata(pdv(3, 0, head + b"\xe0\x7f\x10\x00OW\0\0" + struct.pack("<L", pixels)))
        for number in range(pixels // len(piece)):
            peer.send_pdata(pdv(3, 0, piece))
            if number % 200 == 0:
                peak = max(peak, resident())
        peer.send_pdata(pdv(3, 2, piece[: pixels % len(piece)]))
        assert peer.read_status() == 0
        peer.release()

    assert peak - before < 4 * 2**20


def test_an_object_that_is_not_what_was_announced_is_refused_and_quarantined(road: Door) -> None:
    data = bare(make_dataset("CT"))

    assert send_by_hand(road, data, sop_uid="1.2.3.4") == 0xA900

    assert kept(road) == {}
    assert len(list((road.storage / "quarantine").glob("*.dcm"))) == 1


@pytest.mark.parametrize("data", [b"", b"x", os.urandom(3000), b"\x08\x00\x05\x00CS\xff\xff"])
def test_what_is_no_data_set_is_refused(road: Door, data: bytes) -> None:
    assert send_by_hand(road, data) == 0xC000
    assert kept(road) == {}


def test_a_data_set_without_study_is_refused(road: Door) -> None:
    ds = make_dataset("CT", tags={"StudyInstanceUID": None})

    assert send_by_hand(road, bare(ds), sop_uid=ds.SOPInstanceUID) == 0xC000


def test_an_object_without_pixels_to_its_end_is_not_acknowledged_as_kept(road: Door) -> None:
    ds = make_dataset("CT")

    assert send_by_hand(road, bare(ds)[:-10], sop_uid=ds.SOPInstanceUID) == 0xC000
    assert kept(road) == {}


def test_a_request_without_instance_uid_or_data_set_is_refused(door: Door) -> None:
    nothing_follows = command({0x0002: CT, 0x0100: 1, 0x0110: 9, 0x0700: 0, 0x0800: 0x0101, 0x1000: "1.2.3"})
    with RawPeer(door.port) as peer:
        peer.associate()
        peer.send_pdata(pdv(3, 3, nothing_follows))
        assert peer.read_status() == 0xC000
        peer.send_pdata(pdv(3, 3, store_rq("")), pdv(3, 2, bare(make_dataset("CT"))))
        assert peer.read_status() == 0xC000
        peer.release()
    assert not (door.storage / "quarantine").exists()


def test_an_object_in_the_context_of_another_service_is_refused(door: Door) -> None:
    ds = make_dataset("CT")
    with RawPeer(door.port) as peer:
        peer.associate()
        peer.send_pdata(pdv(1, 3, store_rq(ds.SOPInstanceUID)), pdv(1, 2, bare(ds)))
        assert peer.read_status() == 0x0122
        peer.release()
    assert kept(door) == {}


def test_when_the_storage_is_full_the_peer_hears_it_and_may_go_on(
    open_door: OpenDoor, monkeypatch: pytest.MonkeyPatch
) -> None:
    door = open_door()
    ds = make_dataset("CT")
    data = bare(ds)
    monkeypatch.setattr(door.archive.files.room, "_reserve_bytes", 1 << 60)
    assert send_by_hand(door, data, sop_uid=ds.SOPInstanceUID) == 0xA700
    monkeypatch.undo()

    assert send_by_hand(door, data, sop_uid=ds.SOPInstanceUID) == 0
    assert len(kept(door)) == 1


def test_when_the_card_fills_in_the_middle_the_rest_is_received_and_refused(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = refused = 0
    write = os.write

    def full(descriptor: int, data: bytes) -> int:
        nonlocal written, refused
        if len(data) > 1000 and Path(f"/proc/self/fd/{descriptor}").readlink().suffix == ".part":
            written += len(data)
            if written > 15000:
                refused += 1
                raise OSError(28, "No space left on device")
        return write(descriptor, data)

    monkeypatch.setattr(os, "write", full)
    assert send_by_hand(door, bytes(80000)) == 0xA700
    monkeypatch.undo()
    assert refused == 4  # one piece, tried again in case others make room, and then nothing more

    wait_until(lambda: door.spooled == [])


def test_an_unknown_class_is_kept_when_that_is_wanted(door: Door) -> None:
    door.policy.unknown_sop_class_accepted = True
    ds = make_dataset("CT", tags={"SOPClassUID": "1.3.12.2.1107.5.9.1"})
    ds.file_meta.MediaStorageSOPClassUID = ds.SOPClassUID
    with RawPeer(door.port) as peer:
        peer.associate(associate_rq(contexts=[(3, "1.3.12.2.1107.5.9.1", (EXPLICIT,))]))
        peer.send_pdata(pdv(3, 3, store_rq(ds.SOPInstanceUID, "1.3.12.2.1107.5.9.1")), pdv(3, 2, bare(ds)))
        assert peer.read_status() == 0
        peer.release()

    assert len(kept(door)) == 1


def test_four_senders_at_once_lose_nothing(door: Door, tmp_path: Path) -> None:
    folders = [tmp_path / str(number) for number in range(4)]
    for number, folder in enumerate(folders):
        folder.mkdir()
        write_files(folder, make_study(patient_id=f"P{number}", series={"CT": 25}))

    senders = [
        threading.Thread(target=run, args=("storescu", "+sd", "127.0.0.1", door.port, folder)) for folder in folders
    ]
    for sender in senders:
        sender.start()
    for sender in senders:
        sender.join()

    assert len(kept(door)) == 100


def test_a_pynetdicom_sender_keeps_its_association_over_many_objects(road: Door) -> None:
    ae = AE("LONG")
    ae.add_requested_context(CT, EXPLICIT)
    association = ae.associate("127.0.0.1", road.port)
    assert association.is_established

    statuses = {association.send_c_store(make_dataset("CT", instance=n)).Status for n in range(1, 30)}

    association.release()
    assert statuses == {0}
    assert len(kept(road)) == 29
