"""The prebuilt OHIF in headless Chromium against the server: it lists a study, opens it and fetches every frame.

An optional check: OHIF_DIST names the folder `dist` of the npm package @ohif/app; server/VIEWERS.md says how to get it.
The page is served with the configuration that VIEWERS.md prints, by a proxy as small as the one it describes.
"""

import os
import shutil
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import pytest

from tests.clients.test_viewers_text import blocks
from tests.http.live import Live
from tests.makers import make_study, uid_for

DIST: Final = os.environ.get("OHIF_DIST", "")
CHROMIUM: Final = shutil.which("chromium")
_PATIENCE_SECONDS: Final = 120.0
_PASSED_ON: Final = ("Host", "Accept", "Content-Type", "Content-Length", "Origin", "Range")

pytestmark = pytest.mark.skipif(
    not DIST or CHROMIUM is None, reason="OHIF_DIST does not name a built OHIF, or there is no Chromium"
)


class Proxy(ThreadingHTTPServer):
    """Serves the viewer, and hands on what is asked of DICOMweb."""

    daemon_threads = True

    def __init__(self, upstream: str) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.upstream = urlsplit(upstream)
        self.seen: list[tuple[str, str, int]] = []  # method, path and status of what was handed on


class Handler(SimpleHTTPRequestHandler):
    """One request."""

    server: Proxy
    protocol_version = "HTTP/1.1"

    def __init__(self, *args: Any) -> None:
        super().__init__(*args, directory=DIST)

    def do_GET(self) -> None:
        path = urlsplit(self.path).path
        if path == "/app-config.js":
            self._answer(200, "text/javascript", blocks("js")[0].encode())
        elif path.startswith(("/dicom-web/", "/wado")):
            self._hand_on()
        else:
            if not (Path(DIST) / path.lstrip("/")).is_file():
                self.path = "/index.html"
            super().do_GET()

    def do_POST(self) -> None:
        self._hand_on()

    def log_message(self, format: str, *args: Any) -> None:
        """Not printed."""

    def _hand_on(self) -> None:
        upstream = HTTPConnection(self.server.upstream.hostname or "", self.server.upstream.port, timeout=60)
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        headers = {name: self.headers[name] for name in _PASSED_ON if self.headers[name]}
        upstream.request(self.command, self.path, body or None, headers)
        answer = upstream.getresponse()
        content = answer.read()
        self.server.seen.append((self.command, self.path, answer.status))
        self._answer(answer.status, answer.headers.get("Content-Type", ""), content)
        upstream.close()

    def _answer(self, status: int, content_type: str, content: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


@contextmanager
def proxy(upstream: str) -> Iterator[Proxy]:
    running = Proxy(upstream)
    thread = threading.Thread(target=running.serve_forever, daemon=True)
    thread.start()
    try:
        yield running
    finally:
        running.shutdown()
        running.server_close()
        thread.join()


@contextmanager
def browser(folder: Path, url: str) -> Iterator[None]:
    """Chromium with a page open."""
    flags = ["--headless=new", "--no-sandbox", "--disable-gpu", "--use-gl=swiftshader", "--enable-unsafe-swiftshader"]
    command = [
        str(CHROMIUM),
        *flags,
        f"--user-data-dir={folder}",
        "--window-size=1400,900",
        "--remote-debugging-port=0",
    ]
    folder.mkdir()
    with (folder / "browser.log").open("wb") as log:
        process = subprocess.Popen([*command, url], stdout=log, stderr=log)
        try:
            yield
        finally:
            process.terminate()
            process.wait(30)


def test_ohif_lists_a_study_and_shows_every_slice(server: Live, tmp_path: Path) -> None:
    study = uid_for("a study for a viewer")
    for data in make_study(patient_name="Test^Anna", study_uid=study, series={"CT": 5}):
        server.upload(data)

    with proxy(server.url) as site:
        address = f"http://127.0.0.1:{site.server_address[1]}"
        with browser(tmp_path / "list", f"{address}/"):
            wait_for(site, lambda seen: any("/dicom-web/studies?" in path for _, path, _ in seen))
        with browser(tmp_path / "viewer", f"{address}/viewer?StudyInstanceUIDs={study}"):
            wait_for(site, lambda seen: len({path for _, path, _ in seen if path.endswith("/frames/1")}) == 5)

        assert [one for one in site.seen if one[2] != 200] == []


def wait_for(site: Proxy, is_done: Any) -> None:
    until = time.monotonic() + _PATIENCE_SECONDS
    while not is_done(list(site.seen)):
        assert time.monotonic() < until, site.seen
        time.sleep(0.2)
