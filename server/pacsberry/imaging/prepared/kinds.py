"""What is prepared of a series, in which order it goes when room is needed, and why something is not prepared."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from pacsberry.errors import PacsberryError

METADATA: Final = "metadata"  # DICOM JSON of all instances, packed: series_metadata.py
PLACES: Final = "places"  # what places the images, as JSON
THUMBNAIL: Final = "thumbnail"
PREVIEW: Final = "preview"
FRAMES: Final = "frames"

KINDS: Final = (THUMBNAIL, PREVIEW, METADATA, PLACES, FRAMES)
GOES_FIRST: Final[Mapping[str, int]] = MappingProxyType({FRAMES: 0, PREVIEW: 1, METADATA: 2, PLACES: 2, THUMBNAIL: 3})


class NotPrepared(PacsberryError):
    """This series is not one that can be prepared; with the reason."""
