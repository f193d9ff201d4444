"""The attributes of one instance as DICOMweb's metadata tell them (PS3.18 10.4.1.1.2), and the paths of resources."""

from collections.abc import Callable, Iterator
from typing import Final
from urllib.parse import quote

from pacsberry.dicom.names import TagDictionary
from pacsberry.dicom.part10 import DicomFile

Model = Callable[..., Iterator[str]]  # native_json or native_xml

CHARACTER_SET: Final = 0x00080005
_AVAILABLE_TRANSFER_SYNTAX: Final = 0x00083002
_SEGMENTS: Final = ("studies", "series", "instances")


def resource_path(*uids: str) -> str:
    """The path below the root of a study, a series or an instance, by the UIDs from the study down."""
    return "".join(f"/{segment}/{quote(uid, safe='')}" for segment, uid in zip(_SEGMENTS, uids, strict=False))


def web_model(
    file: DicomFile,
    model: Model,
    *,
    root: str,
    uids: tuple[str, str, str],
    transfer_syntax_uid: str,
    default_encoding: str,
    dictionary: TagDictionary,
) -> Iterator[str]:
    """The text of one data set in pieces; `root` is DICOMweb's address, for what is read elsewhere.

    Raises UnreadableDicom in the middle when the file is broken.
    """
    address = root + resource_path(*uids)

    def bulk_uri(path: str) -> str:
        return f"{address}/bulk/{path}"

    told = {CHARACTER_SET: "ISO_IR 192"}  # of the answer, whatever the file has
    if transfer_syntax_uid:
        told[_AVAILABLE_TRANSFER_SYNTAX] = transfer_syntax_uid
    return model(file, bulk_uri=bulk_uri, default_encoding=default_encoding, dictionary=dictionary, told=told)
