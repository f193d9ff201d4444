"""The minimal page: served whole, safe against hostile names, fit for an old tablet."""

import gzip
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from pacsberry.http import page
from pacsberry.http.settings import HttpSettings
from tests.http.live import Live, live_server

FOLDER = Path(page.__file__).parent / "pages"
SCRIPTS = sorted(FOLDER.glob("*.js"))


@pytest.fixture
def built(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The place of the built application, still empty."""
    folder = tmp_path / "app"
    (folder / "assets").mkdir(parents=True)
    monkeypatch.setattr(page, "BUILT", folder)
    return folder


def test_the_root_leads_to_the_page_by_a_relative_address(built: Path, server: Live) -> None:
    assert server.get("/").headers["location"] == "app/explorer.html"
    (built / "index.html").write_text("<p>built")

    answer = server.get("/")

    assert (answer.status, answer.headers["location"]) == (301, "app/index.html")
    assert answer.headers["cache-control"] == "no-cache"


def test_built_pages_are_asked_for_again_and_their_parts_never(built: Path, server: Live) -> None:
    (built / "index.html").write_text("<p>built")
    (built / "assets" / "index-abc.js").write_bytes(b"plain" * 100)
    (built / "assets" / "index-abc.js.gz").write_bytes(gzip.compress(b"plain" * 100))

    start = server.get("/app/index.html")
    plain = server.get("/app/assets/index-abc.js")
    packed = server.get("/app/assets/index-abc.js", {"Accept-Encoding": "gzip"})

    assert start.headers["cache-control"] == "no-cache"
    assert "wasm-unsafe-eval" in start.headers["content-security-policy"]
    assert plain.body == b"plain" * 100
    assert (packed.headers["content-encoding"], gzip.decompress(packed.body)) == ("gzip", plain.body)
    for answer in (plain, packed):
        assert answer.headers["content-type"] == "text/javascript; charset=utf-8"
        assert answer.headers["cache-control"] == "max-age=31536000, immutable"
    assert server.get("/app/assets/..%2findex.html").status == 404
    assert server.get("/app/assets/none.js").status == 404
    assert server.get("/app/assets").status == 404


@pytest.mark.parametrize(
    ("name", "content_type"),
    [
        ("explorer.html", "text/html; charset=utf-8"),
        ("explorer.css", "text/css; charset=utf-8"),
        ("explorer.js", "text/javascript; charset=utf-8"),
        ("berry.svg", "image/svg+xml"),
    ],
)
def test_its_files_are_served_and_kept_by_browsers(server: Live, name: str, content_type: str) -> None:
    answer = server.get(f"/app/{name}")

    assert answer.headers["content-type"] == content_type
    assert answer.body == (FOLDER / name).read_bytes()
    assert "'unsafe" not in answer.headers["content-security-policy"]
    assert server.get(f"/app/{name}", {"If-None-Match": answer.headers["etag"]}).status == 304


@pytest.mark.parametrize(
    "name", ["none.js", "..", "%2e%2e%2fpage.py", "..%2fpage.py", "explorer.html%00", "__init__.py"]
)
def test_nothing_else_is_served(server: Live, name: str) -> None:
    assert server.get(f"/app/{name}").status == 404


def test_the_page_can_be_switched_off(tmp_path: Path) -> None:
    with live_server(tmp_path, settings=HttpSettings(port=0, addresses=("127.0.0.1",), explorer=False)) as server:
        assert server.get("/").status == 404
        assert server.get("/app/explorer.html").status == 404
        assert server.get("/system").status == 200


def test_every_file_the_page_asks_for_is_there() -> None:
    texts = [path.read_text(encoding="utf-8") for path in (FOLDER / "explorer.html", *SCRIPTS)]
    asked = {name for text in texts for name in re.findall(r'(?:src|href)="([\w.]+)"|from "\./([\w.]+)"', text)}

    assert {name for pair in asked for name in pair if name} <= {path.name for path in FOLDER.iterdir()}


def test_every_address_in_the_page_is_relative() -> None:
    for path in FOLDER.iterdir():
        text = path.read_text(encoding="utf-8")
        assert not re.findall(r"""["'(](?:https?:)?//(?!www\.w3\.org)|(?:src|href|fetch\()=?["'`]/""", text), path.name


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_scripts_never_make_markup_of_text(script: Path) -> None:
    assert not re.findall(
        r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b|new Function",
        script.read_text(encoding="utf-8"),
    )


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_scripts_keep_to_what_safari_12_knows(script: Path) -> None:
    newer = (
        r"\?\.[a-zA-Z(\[]|\?\?|\|\|=|&&=|replaceChildren|replaceAll|\.at\(|\.flatMap\(|matchAll|structuredClone|#\w+\("
    )

    assert not re.findall(newer, script.read_text(encoding="utf-8"))


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_scripts_can_be_parsed(script: Path, tmp_path: Path) -> None:
    if shutil.which("node") is None:
        pytest.skip("node is not installed")
    copy = tmp_path / f"{script.stem}.mjs"
    copy.write_bytes(script.read_bytes())

    subprocess.run(["node", "--check", str(copy)], check=True, capture_output=True)


def test_the_page_has_no_inline_script_or_style() -> None:
    text = (FOLDER / "explorer.html").read_text(encoding="utf-8")

    assert not re.findall(r"<script(?![^>]*src=)|<style| style=| on\w+=", text)
