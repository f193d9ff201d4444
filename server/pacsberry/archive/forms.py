"""The forms of a kept file, told by its name alone: this is the one place that knows how names end.

<uuid>.dcm      an instance, byte for byte as it was received
<uuid>.bin      a file that a user attached
<uuid>.dcm.gz   an instance, packed: one gzip member (RFC 1952) that can be sent as it lies
<uuid>.bin.gz   an attached file, packed
"""

import re
from pathlib import PurePosixPath
from typing import Final

DICOM_SUFFIX: Final = ".dcm"
ATTACHED_SUFFIX: Final = ".bin"
PACKED_SUFFIX: Final = ".gz"

UUID: Final = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
KEPT_NAME: Final = re.compile(rf"[0-9]{{8}}/{UUID}\.(?:dcm|bin)(?:\.gz)?")  # bucket and file, for `fullmatch`
ATTACHED_NAME: Final = re.compile(rf"[0-9]{{8}}/{UUID}\.bin(?:\.gz)?")


def is_packed(name: str) -> bool:
    """Whether the file is packed; its content is what it unpacks to."""
    return name.endswith(PACKED_SUFFIX)


def is_instance(name: str) -> bool:
    """Whether the file is one of an instance, in either form."""
    return name.removesuffix(PACKED_SUFFIX).endswith(DICOM_SUFFIX)


def suffix_of(name: str) -> str:
    """How the name would end if the file were not packed: DICOM_SUFFIX or ATTACHED_SUFFIX."""
    return PurePosixPath(name.removesuffix(PACKED_SUFFIX)).suffix


def uuid_of(name: str) -> str:
    """The name without folder and suffixes."""
    return PurePosixPath(name).name.partition(".")[0]
