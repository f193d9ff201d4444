"""Headers of every answer, so that a browser runs nothing of what people have stored, and shows it to nobody else.

An attachment may be a page with scripts, a picture an SVG; whatever its media type, it is opened in a sandbox.  Pages
of our own bring a policy of their own (`page`).
"""

from typing import Final

Headers = list[tuple[str, str]]

_SANDBOX: Final = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src 'self' data:; media-src 'self'; "
    "frame-ancestors 'self'; sandbox"
)
_DOCUMENT: Final = "frame-ancestors 'self'"  # the viewers of PDF that browsers have do not work in a sandbox


def guard(headers: Headers, *, is_private: bool) -> None:
    """Add what is missing; `is_private`: people sign in, so the next one at this browser may not see the answer."""
    names = {name for name, _ in headers}
    headers.append(("X-Content-Type-Options", "nosniff"))
    if "Content-Security-Policy" not in names:
        is_document = ("Content-Type", "application/pdf") in headers
        headers.append(("Content-Security-Policy", _DOCUMENT if is_document else _SANDBOX))
    if "Referrer-Policy" not in names:
        headers.append(("Referrer-Policy", "same-origin"))
    if is_private and "Cache-Control" not in names:
        headers.append(("Cache-Control", "private, no-cache"))
