"""The pages: plain files under /app/, with `/` leading to them as Orthanc's does.

The application is built from the folder web; where that has not been done, a minimal page of the package stands in.
Both have relative links only, so they also work below a sub-path of a proxy, and no script or style but their own
(Content-Security-Policy).
"""

import hashlib
import re
from functools import lru_cache
from pathlib import Path
from typing import Final

from pacsberry.http import shown
from pacsberry.http.answers import Answer
from pacsberry.http.context import Context
from pacsberry.http.request import Request
from pacsberry.http.routing import Route

BUILT: Final = Path(__file__).parent / "app"
_MINIMAL: Final = Path(__file__).parent / "pages"
_START: Final = "index.html"
_MINIMAL_START: Final = "explorer.html"
_NAME: Final = re.compile(r"(?:assets/)?[A-Za-z0-9_][A-Za-z0-9_.-]*")
_TYPES: Final = {
    "html": "text/html; charset=utf-8",
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "svg": "image/svg+xml",
    "png": "image/png",
    "json": "application/json",
    "wasm": "application/wasm",
    "woff2": "font/woff2",
}
_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
# Decoders of images are WASM, in workers that Cornerstone starts from blobs; documents are shown in frames.
_POLICY_OF_VIEWER: Final = (
    "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self' blob:; style-src 'self'; "
    "img-src 'self' blob: data:; media-src 'self' blob:; connect-src 'self' blob:; frame-src 'self' blob:; "
    "object-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_POLICY_OF_ASSETS: Final = "frame-ancestors 'none'"  # a worker is held by the policy of its own file
_FOR_EVER: Final = "max-age=31536000, immutable"  # the name of such a file holds a digest of its content


def is_built() -> bool:
    """Whether the application is there."""
    return (BUILT / _START).is_file()


def get_root(request: Request, context: Context) -> Answer | None:
    """Lead a browser to the first page."""
    if not context.settings.explorer:
        return None
    return Answer.redirect(f"app/{_START if is_built() else _MINIMAL_START}").with_header("Cache-Control", "no-cache")


def get_icon(request: Request, context: Context) -> Answer | None:
    """Lead a browser to the icon it asks for unasked."""
    return Answer.redirect("app/berry.svg") if context.settings.explorer else None


def get_file(request: Request, context: Context, path: str) -> Answer | None:
    """One file of the pages."""
    if not context.settings.explorer or not _NAME.fullmatch(path):
        return None
    kind = _TYPES.get(path.rsplit(".", 1)[-1])
    folder = next((folder for folder in (BUILT, _MINIMAL) if (folder / path).is_file()), None)
    if kind is None or folder is None:
        return None
    if path.startswith("assets/"):
        return _asset(folder / path, kind)
    data, etag = _load(folder / path, (folder / path).stat().st_mtime_ns)
    answer = Answer.data(data, kind).with_etag(etag)
    for header, value in (
        ("Cache-Control", "no-cache"),
        ("Content-Security-Policy", _POLICY_OF_VIEWER if folder is BUILT else _POLICY),
        ("Referrer-Policy", "same-origin"),
    ):
        answer = answer.with_header(header, value)
    return answer


def _asset(path: Path, kind: str) -> Answer:
    """A file whose name tells its content: sent as it lies, packed to who takes that."""
    packed = path.with_name(path.name + ".gz")
    size = path.stat().st_size
    if packed.is_file():
        answer = Answer.packed(lambda: packed.open("rb"), packed.stat().st_size, lambda: path.open("rb"), size, kind)
    else:
        answer = Answer.part(path.open("rb"), 0, size, kind)
    answer = answer.with_header("Cache-Control", _FOR_EVER).with_etag(path.stem[-40:])
    return answer.with_header("Content-Security-Policy", _POLICY_OF_ASSETS)


@lru_cache(16)
def _load(path: Path, changed_at: int) -> tuple[bytes, str]:
    """A file and its entity tag; `changed_at` has what was built anew loaded anew."""
    del changed_at
    data = path.read_bytes()
    return data, hashlib.blake2b(data, digest_size=12).hexdigest()


ROUTES = [
    Route("GET", "/", get_root, is_public=True, shown=shown.always),
    Route("GET", "/favicon.ico", get_icon, is_public=True),
    Route("GET", "/app/<path:path>", get_file, is_public=True),
]
