"""Addresses of DICOMweb's resources as clients outside reach them."""

from urllib.parse import quote

from pacsberry.http.context import Context
from pacsberry.http.request import Request

_SEGMENTS = ("studies", "series", "instances")


def root_address(request: Request, context: Context) -> str:
    """The address of DICOMweb without a slash at its end: by the options Host, Ssl and PublicRoot, or the request."""
    settings = context.settings.dicomweb
    if settings.host:
        scheme = "https" if settings.is_https_outside else "http"
        return f"{scheme}://{settings.host}{settings.public_root}"
    return request.address(settings.public_root)


def resource_path(*uids: str) -> str:
    """The path below the root of a study, a series or an instance, by the UIDs from the study down."""
    return "".join(f"/{segment}/{quote(uid, safe='')}" for segment, uid in zip(_SEGMENTS, uids, strict=False))
