"""The minimal page: plain files from the package, under /app/, with `/` leading to it as Orthanc's does.

Relative links only, so it also works below a sub-path of a proxy; no script or style but its own
(Content-Security-Policy).
"""

import hashlib
from functools import lru_cache
from pathlib import Path

from pacsberry.http.answers import Answer
from pacsberry.http.context import Context
from pacsberry.http.request import Request
from pacsberry.http.routing import Route

_FOLDER = Path(__file__).parent / "pages"
_TYPES = {
    "html": "text/html; charset=utf-8",
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "svg": "image/svg+xml",
}
_NAMES = ("explorer.html", "explorer.css", "explorer.js", "api.js", "dom.js", "upload.js", "berry.svg")
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


def get_root(request: Request, context: Context) -> Answer | None:
    """Lead a browser to the page."""
    return Answer.redirect("app/explorer.html") if context.settings.explorer else None


def get_icon(request: Request, context: Context) -> Answer | None:
    """Lead a browser to the icon it asks for unasked."""
    return Answer.redirect("app/berry.svg") if context.settings.explorer else None


def get_file(request: Request, context: Context, name: str) -> Answer | None:
    """One file of the page."""
    if not context.settings.explorer or name not in _NAMES:
        return None
    data, etag = _load(name)
    answer = Answer.data(data, _TYPES[name.rsplit(".", 1)[1]]).with_etag(etag)
    for header, value in (
        ("Cache-Control", "no-cache"),
        ("Content-Security-Policy", _POLICY),
        ("Referrer-Policy", "same-origin"),
    ):
        answer = answer.with_header(header, value)
    return answer


@lru_cache(len(_NAMES))
def _load(name: str) -> tuple[bytes, str]:
    """A file and its entity tag."""
    data = (_FOLDER / name).read_bytes()
    return data, hashlib.blake2b(data, digest_size=12).hexdigest()


ROUTES = [
    Route("GET", "/", get_root),
    Route("GET", "/favicon.ico", get_icon),
    Route("GET", "/app/<name>", get_file),
]
