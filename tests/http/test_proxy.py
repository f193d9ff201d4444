"""Behind nginx, below a sub-path, as a school would put it next to other things."""

import io
import shutil
import subprocess
import time
import zipfile
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path

import pytest

from pacsberry.http.answers import Answer
from pacsberry.http.api import ROUTES
from pacsberry.http.page import is_built
from pacsberry.http.routing import Route
from tests.http.live import Live, live_server
from tests.makers.instances import make_instance

_CONFIGURATION = """
daemon off;
worker_processes 1;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{ worker_connections 64; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    client_max_body_size 0;
    server {{
        listen 127.0.0.1:{port};
        location /pacs/ {{
            proxy_pass http://127.0.0.1:{behind}/;
            proxy_request_buffering off;
            proxy_set_header Host $host:$server_port;
            proxy_set_header X-Forwarded-Proto $scheme;
            proxy_set_header X-Forwarded-Prefix /pacs;
        }}
    }}
}}
"""


@pytest.fixture
def behind_nginx(tmp_path: Path, free_port: int) -> Iterator[Live]:
    """A server, to be asked through nginx."""
    program = shutil.which("nginx", path="/usr/sbin:/usr/bin:/sbin:/bin")
    if program is None:
        pytest.skip("nginx is not installed")
    where = Route("GET", "/where", lambda request, context: Answer.text(request.address("/studies")))
    with live_server(tmp_path / "server", routes=[*ROUTES, where]) as server:
        folder = tmp_path / "nginx"
        folder.mkdir()
        configuration = folder / "nginx.conf"
        text = _CONFIGURATION.format(folder=folder, port=free_port, behind=server.port)
        configuration.write_text(text, encoding="ascii")
        proxy = subprocess.Popen([program, "-c", str(configuration), "-p", str(folder)], stderr=subprocess.DEVNULL)
        try:
            wait_for(free_port)
            yield Live(free_port, server.archive, server.pictures, server.preparer)
        finally:
            proxy.terminate()
            proxy.wait(10)


def wait_for(port: int) -> None:
    for _ in range(100):
        connection = HTTPConnection("127.0.0.1", port, timeout=5)
        try:
            connection.connect()
        except OSError:
            time.sleep(0.05)
        else:
            return
        finally:
            connection.close()
    raise AssertionError("nginx does not listen")


def test_everything_works_below_a_path(behind_nginx: Live) -> None:
    page = behind_nginx.get("/pacs/")
    assert (page.status, page.headers["location"]) == (301, f"app/{'index' if is_built() else 'explorer'}.html")
    assert behind_nginx.get("/pacs/app/explorer.js").status == 200

    data = make_instance("CT", rows=700, columns=700)
    told = behind_nginx.request(
        "POST", "/pacs/instances", data, {"Origin": f"http://127.0.0.1:{behind_nginx.port}"}
    ).json

    assert behind_nginx.get(f"/pacs/instances/{told['ID']}/file").body == data
    with zipfile.ZipFile(io.BytesIO(behind_nginx.get(f"/pacs/studies/{told['ParentStudy']}/archive").body)) as archive:
        assert archive.read(archive.namelist()[0]) == data


def test_absolute_addresses_are_those_of_the_proxy(behind_nginx: Live) -> None:
    assert behind_nginx.get("/pacs/where").text == f"http://127.0.0.1:{behind_nginx.port}/pacs/studies"
