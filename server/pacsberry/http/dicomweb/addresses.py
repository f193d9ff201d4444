"""Addresses of DICOMweb's resources as clients outside reach them."""

from pacsberry.dicom.web_model import resource_path
from pacsberry.http.context import Context
from pacsberry.http.request import Request

__all__ = ["resource_path", "root_address"]


def root_address(request: Request, context: Context) -> str:
    """The address of DICOMweb without a slash at its end: by the options Host, Ssl and PublicRoot, or the request."""
    settings = context.settings.dicomweb
    if settings.host:
        scheme = "https" if settings.is_https_outside else "http"
        return f"{scheme}://{settings.host}{settings.public_root}"
    return request.address(settings.public_root)
