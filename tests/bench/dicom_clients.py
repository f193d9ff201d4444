"""DICOM loads: DCMTK's command-line programs as stock peers, and idle associations of our own.

DCMTK, and Orthanc with it, sends with Nagle's algorithm unless TCP_NODELAY=1 is in its environment. On both ends of
every load but the stock sender's it is, since otherwise most messages would wait 40 ms for an acknowledgement.
"""

import os
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from pynetdicom import AE
from pynetdicom.sop_class import Verification  # type: ignore[attr-defined]

from tests.bench.failures import BenchFailure
from tests.bench.meters import is_listening
from tests.bench.programs import Finished, find_program, run_program, run_together
from tests.bench.servers import BENCH_AET, SERVER_AET, SINK_AET, Server

_TIMEOUT_SECONDS = 300.0
_NO_DELAY = {"TCP_NODELAY": "1"}
_STUDY_KEYS = ("StudyInstanceUID", "PatientID", "PatientName", "StudyDate", "AccessionNumber", "StudyDescription")


def send_all(server: Server, folders: Sequence[Path]) -> Finished:
    """One storescu without Nagle: folder after folder in one association."""
    return send_at_once(server, [folders])


def send_at_once(server: Server, senders: Sequence[Sequence[Path]]) -> Finished:
    """Several storescu side by side without Nagle, each with its own folders."""
    return run_together(
        [_storescu("127.0.0.1", server.dicom_port, folders) for folders in senders],
        timeout_seconds=_TIMEOUT_SECONDS,
        **_NO_DELAY,
    )


def send_with_nagle(server: Server, folders: Sequence[Path], host: str, inside: Sequence[str]) -> Finished:
    """A stock storescu, Nagle on, started by the command `inside` that puts it into a network namespace."""
    command = [*inside, *_storescu(host, server.dicom_port, folders)]
    return run_program(command, timeout_seconds=_TIMEOUT_SECONDS, TCP_NODELAY="0")


def echo_from(server: Server, host: str, inside: Sequence[str]) -> None:
    """One C-ECHO by DCMTK echoscu, from a network namespace."""
    command = [*inside, find_program("echoscu"), *_titles(), host, str(server.dicom_port)]
    run_program(command, timeout_seconds=_TIMEOUT_SECONDS)


def get(server: Server, study_uids: Sequence[str]) -> None:
    """getscu of whole studies; what arrives is counted by DCMTK and thrown away."""
    for uid in study_uids:
        command = [find_program("getscu"), "-S", "--ignore", *_titles(), *_keys("STUDY", StudyInstanceUID=uid)]
        run_program([*command, *_address(server)], timeout_seconds=_TIMEOUT_SECONDS, **_NO_DELAY)


def get_to_disk(server: Server, study_uid: str) -> int:
    """getscu of a study straight to disk; returns the bytes that arrived, file meta information included."""
    with tempfile.TemporaryDirectory(dir=server.storage.parent) as folder:
        command = [find_program("getscu"), "-S", "+B", "-od", folder, *_titles()]
        run_program(
            [*command, *_keys("STUDY", StudyInstanceUID=study_uid), *_address(server)],
            timeout_seconds=_TIMEOUT_SECONDS,
            **_NO_DELAY,
        )
        return sum(path.stat().st_size for path in Path(folder).iterdir())


def move(server: Server, study_uids: Sequence[str]) -> None:
    """movescu of whole studies to the sink, which must be up."""
    for uid in study_uids:
        command = [find_program("movescu"), "-S", "-aem", SINK_AET, *_titles(), *_keys("STUDY", StudyInstanceUID=uid)]
        run_program([*command, *_address(server)], timeout_seconds=_TIMEOUT_SECONDS, **_NO_DELAY)


@contextmanager
def sink(server: Server) -> Iterator[Path]:
    """storescp at the server's modality SINK, which keeps nothing; its log has a line for each object received."""
    log = server.storage.with_suffix(".sink.log")
    with log.open("wb") as output:
        process = subprocess.Popen(
            [find_program("storescp"), "-v", "--ignore", "-aet", SINK_AET, str(server.sink_port)],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env={**os.environ, **_NO_DELAY},
        )
    try:
        deadline = time.monotonic() + 10
        while not is_listening(process.pid, server.sink_port):
            if process.poll() is not None or time.monotonic() > deadline:
                raise BenchFailure("the sink (storescp) did not start")
            time.sleep(0.01)
        yield log
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def find_all_studies(server: Server) -> int:
    """findscu of every study with the keys a viewer's list shows; returns the number of answers."""
    return _find(server, [*_keys("STUDY", **dict.fromkeys(_STUDY_KEYS, ""))])


def find_patient(server: Server, patient_id: str) -> int:
    """One study-level C-FIND for a PatientID in an association of its own; returns the number of answers."""
    return _find(server, [*_keys("STUDY", StudyInstanceUID="", PatientID=patient_id, PatientName="", StudyDate="")])


def find_each(server: Server, queries: Sequence[Path]) -> int:
    """The C-FINDs of `data.make_queries`, one after the other in one association; returns the number of answers."""
    return _find(server, [], queries)


def echo(server: Server) -> float:
    """One C-ECHO in an association of its own; returns when it was answered, as time.monotonic().

    Raises BenchFailure unless it succeeds.
    """
    association = _entity().associate("127.0.0.1", server.dicom_port, ae_title=SERVER_AET)
    if not association.is_established:
        raise BenchFailure("no association for a C-ECHO")
    try:
        status = association.send_c_echo()
        answered_at = time.monotonic()
    finally:
        association.release()
    if "Status" not in status or status.Status != 0:
        raise BenchFailure("the C-ECHO was not answered with success")
    return answered_at


@contextmanager
def idle_associations(server: Server, count: int) -> Iterator[None]:
    """Holds `count` associations open that say nothing."""
    with ExitStack() as stack:
        held = []
        for _ in range(count):
            association = _entity().associate("127.0.0.1", server.dicom_port, ae_title=SERVER_AET)
            if not association.is_established:
                raise BenchFailure("an association was not accepted")
            stack.callback(association.release)
            held.append(association)
        yield
        if not all(association.is_established for association in held):
            raise BenchFailure("the server ended an idle association before the time was over")


def _entity() -> AE:
    entity = AE(ae_title=BENCH_AET)
    entity.add_requested_context(Verification)
    return entity


def _find(server: Server, keys: Sequence[str], queries: Sequence[Path] = ()) -> int:
    command = [find_program("findscu"), "-S", *_titles(), *keys, *_address(server), *map(str, queries)]
    finished = run_program(command, timeout_seconds=_TIMEOUT_SECONDS, **_NO_DELAY)
    return finished.output.count("(Pending)")


def _storescu(host: str, port: int, folders: Sequence[Path]) -> list[str]:
    return [find_program("storescu"), "-R", "+sd", *_titles(), host, str(port), *map(str, folders)]


def _titles() -> tuple[str, ...]:
    return ("-aet", BENCH_AET, "-aec", SERVER_AET)


def _keys(level: str, **values: str) -> list[str]:
    keys = [f"QueryRetrieveLevel={level}", *(f"{name}={value}" for name, value in values.items())]
    return [part for key in keys for part in ("-k", key)]


def _address(server: Server) -> tuple[str, str]:
    return ("127.0.0.1", str(server.dicom_port))
