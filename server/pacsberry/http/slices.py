"""The slices of a series in the order of space, or of their numbers (`/ordered-slices`)."""

from pacsberry.archive.resources import InstanceFile
from pacsberry.dicom.slices import Slice, order
from pacsberry.errors import TooLarge
from pacsberry.http.answers import Answer
from pacsberry.http.context import Context
from pacsberry.http.request import Request
from pacsberry.http.routing import Route
from pacsberry.model import Level

_MOST_FRAMES = 200_000  # of one answer: each is an address of 80 characters


def list_ordered_slices(request: Request, context: Context, id: str) -> Answer:
    """The files and frames of a series in order, and whether they make a volume."""
    slices = [slice_of(instance) for instance in context.archive.resources.instance_files(Level.SERIES, id)]
    if sum(one.frames for one in slices) > _MOST_FRAMES:
        raise TooLarge(f"The series has more than {_MOST_FRAMES} frames.")
    ordered = order(slices)
    return Answer.json(
        {
            "Dicom": [f"/instances/{one.id}/file" for one in ordered.slices],
            "Slices": [f"/instances/{one.id}/frames/{frame}" for one in ordered.slices for frame in range(one.frames)],
            "SlicesShort": [[one.id, 0, one.frames] for one in ordered.slices],
            "Type": "Volume" if ordered.is_volume else "Sequence",
        }
    )


def slice_of(instance: InstanceFile) -> Slice:
    """An instance as the order of slices sees it."""
    tags = instance.main_tags[Level.INSTANCE]
    index = _number(tags.get("InstanceNumber", ""))
    return Slice(
        instance.id,
        position=tags.get("ImagePositionPatient", ""),
        orientation=tags.get("ImageOrientationPatient", ""),
        index=_number(tags.get("ImageIndex", "")) if index is None else index,
        frames=max(1, _number(tags.get("NumberOfFrames", "")) or 1),
    )


def _number(text: str) -> int | None:
    """An integer string (VR IS, at most 12 characters); None when it is none."""
    try:
        return int(text) if len(text) <= 16 else None
    except ValueError:
        return None


ROUTES = [Route("GET", "/series/<id>/ordered-slices", list_ordered_slices)]
