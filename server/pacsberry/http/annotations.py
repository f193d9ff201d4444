"""What teachers have drawn on the pictures of a study, kept as metadata of it: in notes, backups and rebuilt indexes.

Everybody who sees the study sees it.  Students' own drawings stay in their browsers.
"""

import json
import math
import re
from typing import Any, Final

from pacsberry.archive.metadata_names import ANNOTATIONS
from pacsberry.auth import Action
from pacsberry.errors import BadRequest
from pacsberry.http import shown
from pacsberry.http.answers import Answer
from pacsberry.http.context import Context
from pacsberry.http.request import Request
from pacsberry.http.routing import Route
from pacsberry.model import Level

_MOST: Final = 1000  # of one study
_MOST_POINTS: Final = 16
_MOST_TEXT: Final = 200  # characters
_TOOLS: Final = ("length", "angle", "ellipse", "rectangle", "arrow", "text")
_INSTANCE: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{8}){4}")
_NAMES: Final = {"Tool", "Instance", "Frame", "Points", "Text"}


def get_annotations(request: Request, context: Context, id: str) -> Answer:
    """{"Annotations": [{"Tool", "Instance", "Frame", "Points", "Text"}, …]}; points in mm, as the viewer draws them."""
    context.archive.catalogue.study(id)
    known = context.archive.metadata.all(Level.STUDY, id).get(ANNOTATIONS)
    told = json.loads(known.value) if known else []
    return Answer.json({"Annotations": told}).with_header("Cache-Control", "no-store")


def put_annotations(request: Request, context: Context, id: str) -> Answer:
    """Keep these, and none of those before."""
    given = request.json_object.get("Annotations")
    if not isinstance(given, list) or len(given) > _MOST:
        raise BadRequest(f"Annotations: a list of at most {_MOST} is expected.")
    found = [_checked(one, number) for number, one in enumerate(given)]
    archive, name = context.archive, str(ANNOTATIONS)
    archive.catalogue.study(id)
    known = archive.metadata.all(Level.STUDY, id).get(ANNOTATIONS)
    etag = known.etag if known else None
    if found:
        archive.metadata.put(Level.STUDY, id, name, json.dumps(found, separators=(",", ":")), if_match=etag)
    elif known:
        archive.metadata.delete(Level.STUDY, id, name, if_match=etag)
    return get_annotations(request, context, id)


def _checked(one: Any, number: int) -> dict[str, object]:
    """One annotation with nothing in it but what is known."""
    where = f"Annotations[{number}]"
    if not isinstance(one, dict) or one.keys() - _NAMES:
        raise BadRequest(f"{where}: an object of {', '.join(sorted(_NAMES))} is expected.")
    tool, instance, frame, text = one.get("Tool"), one.get("Instance"), one.get("Frame", 0), one.get("Text", "")
    if tool not in _TOOLS:
        raise BadRequest(f"{where}.Tool: one of {', '.join(_TOOLS)} is expected.")
    if not isinstance(instance, str) or not _INSTANCE.fullmatch(instance):
        raise BadRequest(f"{where}.Instance: an identifier of an instance is expected.")
    if type(frame) is not int or not 0 <= frame < 2**31:
        raise BadRequest(f"{where}.Frame: a number from 0 on is expected.")
    if not isinstance(text, str) or len(text) > _MOST_TEXT or not all(char.isprintable() for char in text):
        raise BadRequest(f"{where}.Text: a line of at most {_MOST_TEXT} characters is expected.")
    points = one.get("Points")
    if not isinstance(points, list) or not 1 <= len(points) <= _MOST_POINTS or not all(map(_is_point, points)):
        raise BadRequest(f"{where}.Points: 1 to {_MOST_POINTS} points of three numbers are expected.")
    return {"Tool": tool, "Instance": instance, "Frame": frame, "Points": points, "Text": text}


def _is_point(point: Any) -> bool:
    return (
        isinstance(point, list)
        and len(point) == 3
        and all(type(value) in (int, float) and math.isfinite(value) and abs(value) < 1e6 for value in point)
    )


_OF_STUDY: Final = "/pacsberry/studies/<id>/annotations"
ROUTES = [
    Route("GET", _OF_STUDY, get_annotations, shown=shown.resource(Level.STUDY)),
    Route("PUT", _OF_STUDY, put_annotations, needs=Action.CHANGE),
]
