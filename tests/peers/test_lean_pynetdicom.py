"""The server's pynetdicom is the one we need, without what we do not; each in a process of its own."""

import subprocess
import sys
from pathlib import Path

import pytest

CHECKS = """
import sys
sys.path[:0] = {path!r}
from pacsberry.lean import leave_out
sys.modules.pop("requests", None)
if {without_ssl}:
    leave_out("ssl")
from pacsberry.peers.lean_pynetdicom import import_pynetdicom
import_pynetdicom()
import pacsberry.dimse.inbound, pacsberry.peers.dicom_sender
import pynetdicom.transport
from pynetdicom.association import STORAGE_SERVICE_CLASS_STATUS
assert STORAGE_SERVICE_CLASS_STATUS == {{}}
try:
    import ssl
except ImportError:
    assert {without_ssl}
else:
    assert not {without_ssl}
    assert pynetdicom.transport.ssl is ssl
assert "requests" not in sys.modules
"""


@pytest.mark.parametrize("without_ssl", [True, False])
def test_what_is_not_needed_is_not_loaded_and_what_is_needed_works(without_ssl: bool, tmp_path: Path) -> None:
    # As the real one, whose urllib3 looks at OpenSSL's version: pydicom imports it where it is installed.
    (tmp_path / "requests.py").write_text("import ssl; ssl.OPENSSL_VERSION")
    code = CHECKS.format(path=[str(tmp_path), *sys.path], without_ssl=without_ssl)

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr


TALKS = """
import sys, tempfile, pathlib
sys.path[:0] = {path!r}
from pacsberry.lean import leave_out
leave_out("numpy", "ssl")
from pacsberry.archive import Archive, ArchiveSettings
from pacsberry.dicom.policy import DicomPolicy
from pacsberry.dimse import AccessRules, DicomServer, DicomSettings
from pacsberry.ingest import Ingest, Quarantine, Reader
from pacsberry.modality import Modality
folder = pathlib.Path(tempfile.mkdtemp())
policy = DicomPolicy()
reader = Reader(default_encoding=lambda: policy.default_encoding)
archive = Archive(storage=folder, index=folder / "index", settings=ArchiveSettings(reading=reader.reading))
archive.start()
ingest = Ingest(archive=archive, reader=reader, quarantine=Quarantine(folder / "quarantine", maximum_bytes=0))
server = DicomServer(settings=DicomSettings(port=0, bind_address="127.0.0.1"), access=AccessRules("PACS"),
    archive=archive, ingest=ingest, policy=policy, modalities=dict)
server.start()
assert not any(name.startswith(("pynetdicom", "pydicom")) for name in sys.modules)
from pacsberry.peers.lean_pynetdicom import import_pynetdicom
import_pynetdicom()
from pacsberry.peers.dicom_sender import DicomSender
with DicomSender(Modality("us", "PACS", "127.0.0.1", server.port), calling_aet="US", seconds=10.0) as sender:
    sender.echo()
server.stop()
archive.stop()
"""


def test_an_idle_server_has_not_loaded_it_and_talks_all_the_same() -> None:
    done = subprocess.run(
        [sys.executable, "-c", TALKS.format(path=sys.path)], capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stderr
