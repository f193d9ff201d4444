"""Names, numbers and media types of attachments: Orthanc's own, and those of the option UserContentType."""

from collections.abc import Mapping
from typing import Final

from pacsberry.errors import BadRequest, UnknownResource

DICOM: Final = 1
FIRST_USER_NUMBER: Final = 1024
LAST_USER_NUMBER: Final = 65535
_SYSTEM: Final = {
    "dicom": (DICOM, "application/dicom"),
    "dicom-as-json": (2, "application/json"),
    "dicom-until-pixel-data": (3, "application/octet-stream"),
}
_UNKNOWN_MEDIA_TYPE: Final = "application/octet-stream"


class AttachmentNames:
    """The registry: the system's names and the configured ones."""

    def __init__(self, user_types: Mapping[str, tuple[int, str]]) -> None:
        """`user_types`: the option UserContentType, name to (number, media type or '')."""
        self._types = {**_SYSTEM, **user_types}
        self._names = {number: name for name, (number, _) in self._types.items()}
        self._media_types = dict(self._types.values())

    def number(self, name: str) -> int:
        """The number of a name, or of a number written out; UnknownResource when there is none."""
        known = self._types.get(name)
        if known is not None:
            return known[0]
        if not (name.isascii() and name.isdigit()):
            raise UnknownResource(
                f"There is no attachment called {name[:80]!r}; name it in the option UserContentType."
            )
        number = int(name) if len(name) <= len(str(LAST_USER_NUMBER)) else LAST_USER_NUMBER + 1
        if number > LAST_USER_NUMBER:
            raise BadRequest(f"Attachment {name[:80]!r}: the numbers of attachments end at {LAST_USER_NUMBER}.")
        return number

    def name(self, number: int) -> str:
        """The name of a number, or the number itself."""
        return self._names.get(number, str(number))

    def media_type(self, number: int) -> str:
        """The media type to serve an attachment with."""
        return self._media_types.get(number) or _UNKNOWN_MEDIA_TYPE
