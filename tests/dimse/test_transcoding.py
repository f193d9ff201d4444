"""Peers that do not take the syntax an object is kept in get it in one that they take (TranscodeDicomProtocol)."""

import io
import itertools
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.dataset import Dataset
from pydicom.filebase import DicomBytesIO

from pacsberry.archive import Archive
from pacsberry.dicom.encoding import file_meta
from pacsberry.imaging.limits import Limits
from pacsberry.imaging.pictures import Pictures
from pacsberry.ingest import Ingest
from pacsberry.modality import Modality
from tests.dimse.aids import Door, keep, run
from tests.dimse.receiver import CT, SR, Receiver
from tests.dimse.test_get import Getter
from tests.dimse.test_move import move
from tests.imaging.transcoded import samples
from tests.makers import BIG_ENDIAN, DEFLATED, EXPLICIT, IMPLICIT, make_instance
from tests.makers.images import JPEG_2000, JPEG_BASELINE, JPEG_LS, RLE, make_image

VIDEO = "1.2.840.10008.1.2.4.102"
VALUES = [np.random.default_rng(seed).integers(0, 4096, (12, 18)).astype("u2") for seed in range(3)]
OpenDoor = Callable[..., Door]


@pytest.fixture
def pictures(archive: Archive) -> Iterator[Pictures]:
    made = Pictures(archive.files, Limits())
    yield made
    made.stop()


@pytest.fixture
def door(open_door: OpenDoor, pictures: Pictures) -> Door:
    return open_door(transcode=pictures.transcode)


@pytest.fixture
def stored(archive: Archive, ingest: Ingest) -> dict[str, bytes]:
    """Three slices in JPEG-LS and a report, by UID."""
    files = [make_image(values, JPEG_LS, bits_stored=12, instance=n) for n, values in enumerate(VALUES, start=1)]
    files.append(make_instance("SR"))
    for data in files:
        keep(archive, ingest, data)
    return {str(dataset(data).SOPInstanceUID): data for data in files}


def dataset(data: bytes) -> Dataset:
    return pydicom.dcmread(DicomBytesIO(data))


def destined(door: Door, receiver: Receiver | int, *, allow_transcoding: bool = True) -> None:
    port = receiver if isinstance(receiver, int) else receiver.port
    door.modalities["sink"] = Modality("sink", "SINK", "127.0.0.1", port, allow_transcoding=allow_transcoding)


def as_file(data: bytes, syntax: str) -> bytes:
    """A data set that came, as a file."""
    return file_meta(CT, "1.2.3", syntax) + data


def check(arrived: dict[str, bytes], stored: dict[str, bytes], syntax: str) -> None:
    """All slices came, with their values and their identity, in a syntax."""
    assert arrived.keys() == stored.keys()
    for uid, data in arrived.items():
        original = stored[uid]
        file = as_file(data, syntax)
        assert dataset(file).SOPInstanceUID == uid
        if dataset(original).Modality == "CT":
            assert np.array_equal(samples(file), samples(original))


@pytest.mark.parametrize("syntax", [EXPLICIT, IMPLICIT, BIG_ENDIAN])
def test_a_move_transcodes_to_what_the_destination_takes(door: Door, stored: dict[str, bytes], syntax: str) -> None:
    with Receiver(syntaxes=(syntax,)) as sink:
        destined(door, sink)
        final, _ = move(door, "PATIENT", PatientID="PATIENT-1")[-1]

    assert (final.Status, final.NumberOfCompletedSuboperations) == (0, 4)
    assert {arrival.transfer_syntax for arrival in sink.arrived} == {syntax}
    assert {arrival.association for arrival in sink.arrived} == {sink.arrived[0].association}
    check({arrival.sop_uid: arrival.data for arrival in sink.arrived}, stored, syntax)


def test_the_destination_chooses_the_own_syntax_first(door: Door, stored: dict[str, bytes]) -> None:
    with Receiver(syntaxes=(EXPLICIT, JPEG_LS)) as sink:
        destined(door, sink)
        move(door, "PATIENT", PatientID="PATIENT-1")

    assert {
        arrival.transfer_syntax for arrival in sink.arrived if dataset(stored[arrival.sop_uid]).Modality == "CT"
    } == {JPEG_LS}


@pytest.mark.parametrize("preferred", [RLE, JPEG_2000, DEFLATED, IMPLICIT])
def test_the_preferred_syntax_goes_before_the_uncompressed_ones(
    open_door: OpenDoor, pictures: Pictures, stored: dict[str, bytes], preferred: str
) -> None:
    door = open_door(transcode=pictures.transcode, preferred_transfer_syntax=preferred)
    with Receiver(classes=(CT,), syntaxes=(preferred, EXPLICIT)) as sink:
        destined(door, sink)
        move(door, "PATIENT", PatientID="PATIENT-1")

    assert {arrival.transfer_syntax for arrival in sink.arrived} == {preferred}
    assert len(sink.arrived) == 3


def test_a_preferred_syntax_that_loses_something_is_not_used(
    open_door: OpenDoor, pictures: Pictures, stored: dict[str, bytes]
) -> None:
    door = open_door(transcode=pictures.transcode, preferred_transfer_syntax=JPEG_BASELINE)
    with Receiver(classes=(CT,), syntaxes=(JPEG_BASELINE, EXPLICIT)) as sink:
        destined(door, sink)
        move(door, "PATIENT", PatientID="PATIENT-1")

    assert {arrival.transfer_syntax for arrival in sink.arrived} == {EXPLICIT}
    assert {arrival.sop_uid for arrival in sink.arrived} < stored.keys()


@pytest.mark.parametrize("why", ["the modality does not allow it", "it is switched off"])
def test_nothing_is_transcoded_where_that_is_not_wanted(
    open_door: OpenDoor, pictures: Pictures, stored: dict[str, bytes], why: str
) -> None:
    door = open_door(transcode=None if "off" in why else pictures.transcode)
    with Receiver(classes=(CT, SR)) as sink:
        destined(door, sink, allow_transcoding="off" in why)
        final, identifier = move(door, "PATIENT", PatientID="PATIENT-1")[-1]

    assert (final.Status, final.NumberOfFailedSuboperations) == (0xB000, 3)
    assert identifier is not None
    assert len(sink.arrived) == 1


def test_what_cannot_be_transcoded_is_a_failure_of_that_object(
    door: Door, archive: Archive, ingest: Ingest, stored: dict[str, bytes]
) -> None:
    video = make_instance("CT", instance=77, transfer_syntax=VIDEO)
    keep(archive, ingest, video)
    with Receiver() as sink:
        destined(door, sink)
        final, identifier = move(door, "PATIENT", PatientID="PATIENT-1")[-1]

    assert (final.NumberOfCompletedSuboperations, final.NumberOfFailedSuboperations) == (4, 1)
    assert identifier is not None
    assert identifier.FailedSOPInstanceUIDList == dataset(video).SOPInstanceUID
    check({arrival.sop_uid: arrival.data for arrival in sink.arrived}, stored, EXPLICIT)


def test_after_a_breakdown_transcoding_goes_on(door: Door, stored: dict[str, bytes]) -> None:
    with Receiver(abort_at=(2,)) as sink:
        destined(door, sink)
        final, _ = move(door, "PATIENT", PatientID="PATIENT-1")[-1]

    assert (final.NumberOfCompletedSuboperations, final.NumberOfFailedSuboperations) == (3, 1)


@pytest.mark.parametrize("syntax", [EXPLICIT, IMPLICIT, BIG_ENDIAN, DEFLATED, RLE, JPEG_2000])
def test_a_get_transcodes_to_what_the_peer_takes(door: Door, stored: dict[str, bytes], syntax: str) -> None:
    getter = Getter(door, classes=(CT,), syntaxes=(syntax,))

    final, _ = getter.get("PATIENT", "1.2.840.10008.5.1.4.1.2.1.3", PatientID="PATIENT-1")[-1]

    assert (final.NumberOfCompletedSuboperations, final.NumberOfFailedSuboperations) == (3, 1)  # no context for SR
    check(getter.arrived, {uid: stored[uid] for uid in getter.arrived}, syntax)
    assert len(getter.arrived) == 3


@pytest.mark.parametrize("allowed", [True, False])
def test_a_peer_for_which_transcoding_is_off_gets_nothing_else(
    door: Door, stored: dict[str, bytes], allowed: bool
) -> None:
    door.modalities["me"] = Modality("me", "WORKSTATION", "127.0.0.1", 1, allow_transcoding=allowed)
    getter = Getter(door, classes=(CT,))

    getter.get("PATIENT", "1.2.840.10008.5.1.4.1.2.1.3", PatientID="PATIENT-1")

    assert len(getter.arrived) == (3 if allowed else 0)


def test_storescp_of_dcmtk_that_knows_uncompressed_only_gets_all(
    door: Door, stored: dict[str, bytes], tmp_path: Path, free_port: int
) -> None:
    import subprocess

    from tests.dimse.aids import wait_until

    out = tmp_path / "out"
    out.mkdir()
    scp = subprocess.Popen(["storescp", "+x=", "-aet", "SINK", "-od", out, str(free_port)])
    try:
        wait_until(lambda: "Success" in run("sh", "-c", f"echoscu 127.0.0.1 {free_port} && echo Success || true"))
        destined(door, free_port)
        final, _ = move(door, "PATIENT", PatientID="PATIENT-1")[-1]
    finally:
        scp.kill()
        scp.wait()

    assert final.NumberOfCompletedSuboperations == 4
    files = [path.read_bytes() for path in out.iterdir()]
    uids = {str(pydicom.dcmread(io.BytesIO(data)).SOPInstanceUID) for data in files}
    assert uids == stored.keys()
    for data in files:
        ds = dataset(data)
        if ds.Modality == "CT":
            assert np.array_equal(samples(data), samples(stored[str(ds.SOPInstanceUID)]))


def test_slices_keep_their_order(door: Door, stored: dict[str, bytes]) -> None:
    with Receiver(classes=(CT,)) as sink:
        destined(door, sink)
        move(door, "PATIENT", PatientID="PATIENT-1")

    numbers = [dataset(stored[uid]).InstanceNumber for uid in sink.uids]
    assert all(one < other for one, other in itertools.pairwise(numbers))
