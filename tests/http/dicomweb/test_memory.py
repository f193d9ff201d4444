"""What DICOMweb does every day needs no library that the idle server does without."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.http.dicomweb.storing_aids import STUDY, multipart

_PROGRAM = """
import sys
from pathlib import Path
from tests.http.dicomweb.storing_aids import TYPE
from tests.http.live import live_server

body, path, accept = Path(sys.argv[1]).read_bytes(), sys.argv[2], sys.argv[3]
for name in [name for name in sys.modules if name.split(".")[0] in ("pydicom", "numpy")]:
    del sys.modules[name]  # what the tests themselves import
with live_server(Path(sys.argv[1]).parent / "archive") as server:
    stored = server.post("/dicom-web/studies", body, {"Content-Type": TYPE, "Accept": accept})
    found = server.get(path, {"Accept": accept})
    print(stored.status, found.status, sorted(name for name in ("pydicom", "numpy") if name in sys.modules))
"""


@pytest.mark.parametrize("accept", ["application/dicom+json", "application/dicom+xml"])
@pytest.mark.parametrize("path", ["studies", "series", "instances"])
def test_storing_and_searching_load_no_dictionary(tmp_path: Path, path: str, accept: str) -> None:
    (tmp_path / "body").write_bytes(multipart(*STUDY, b"no DICOM", STUDY[0][:-5]))

    ran = subprocess.run(
        [sys.executable, "-c", _PROGRAM, str(tmp_path / "body"), f"/dicom-web/{path}", accept],
        capture_output=True,
        text=True,
        cwd=Path(__file__).parents[3],
        env={"PYTHONPATH": "server", "PATH": "/usr/bin:/bin"},
        timeout=60,
        check=False,
    )

    assert ran.stdout.strip() == "202 200 []", ran.stderr
