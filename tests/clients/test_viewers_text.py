"""What VIEWERS.md tells people to do works."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Final

from tests.http.live import Live
from tests.makers import make_study

TEXT: Final = (Path(__file__).parents[2] / "server" / "VIEWERS.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    """The pieces of code in one language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", TEXT, re.DOTALL | re.MULTILINE)


def test_the_script_runs_as_it_is_printed(server: Live) -> None:
    for data in make_study(patient_name="Test^Anna", series={"CT": 3}):
        server.upload(data)
    [script] = blocks("python")

    ran = subprocess.run(
        [sys.executable, "-c", script.replace("http://pacs.local:8042", server.url)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert ran.returncode == 0, ran.stderr
    assert "Test^Anna" in ran.stdout
    assert "3 slices" in ran.stdout
    assert "/dicom-web/studies/" in ran.stdout.partition("stored: http://127.0.0.1")[2]  # its Host has no port
    assert len(server.get("/instances").json) == 4


def test_the_lines_for_curl_do_what_they_say(server: Live, tmp_path: Path) -> None:
    [first, *more] = make_study(patient_name="Test^Anna", series={"CT": 3})
    (tmp_path / "slice.dcm").write_bytes(first)
    for data in more:
        server.upload(data)
    study = server.get("/studies?expand").json[0]["MainDicomTags"]["StudyInstanceUID"]
    [lines] = [block for block in blocks("sh") if "curl" in block]

    ran = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", lines.replace("http://pacs.local:8042", server.url)],
        capture_output=True,
        text=True,
        timeout=60,
        cwd=tmp_path,
        env={"STUDY": study, "PATH": "/usr/bin:/bin"},
        check=False,
    )

    assert ran.returncode == 0, ran.stderr
    assert "Test^Anna" in ran.stdout
    assert (tmp_path / "slice.png").read_bytes().startswith(b"\x89PNG")
    assert len(server.get("/instances").json) == 3
