"""WADO-RS: rendered images and thumbnails, made by pixel workers (PS3.18 10.4.1.1.3, 10.4.1.1.4, 8.3.5).

The picture of a series is that of the instance in its middle, of a study that of the first series that can be shown.
"""

import math
import re
from contextlib import closing
from dataclasses import replace
from itertools import islice
from typing import Final

from pacsberry.errors import BadRequest, NotUnderstood, UnknownResource
from pacsberry.http.answers import Answer
from pacsberry.http.context import Context
from pacsberry.http.dicomweb.objects import middle_objects
from pacsberry.http.dicomweb.prepared_thumbnail import prepared_thumbnail
from pacsberry.http.errors import UnknownUri
from pacsberry.http.pictures import picture_answer
from pacsberry.http.request import Request
from pacsberry.imaging.orders import Form, Order, Product

FORMS: Final = (Form.JPEG, Form.PNG)  # PS3.18 table 8.7.4-1: JPEG is the default
_THUMBNAIL: Final = Order(Product.RENDERED, fit_width=128, fit_height=128, smooth=True)
_MOST_CANDIDATES: Final = 8  # series of a study that are tried
_LARGEST: Final = 4096  # pixels of a side
_PATH: Final = re.compile(
    "studies/(?P<study>[^/]+)(/series/(?P<series>[^/]+)(/instances/(?P<instance>[^/]+)(/frames/(?P<frame>[^/]+))?)?)?"
    "/(?P<what>rendered|thumbnail)"
)


def get_rendered(request: Request, context: Context, path: str) -> Answer:
    """A picture of what the path names, as JPEG or PNG, in the window and the size asked for."""
    match = _PATH.fullmatch(path)
    if match is None:
        raise UnknownUri
    uids = [uid for uid in match.group("study", "series", "instance") if uid is not None]
    order = _THUMBNAIL if match["what"] == "thumbnail" else Order(Product.RENDERED, smooth=True)
    order = _in_viewport(_through_window(order, request), request)
    frame = None if match["frame"] is None else frame_of(match["frame"])
    if match["what"] == "thumbnail" and len(uids) < 3 and not request.arguments.keys() & {"window", "viewport"}:
        prepared = prepared_thumbnail(request, context, uids)
        if prepared is not None:
            return prepared
    refusal: NotUnderstood | None = None
    with closing(middle_objects(context, uids)) as candidates:
        for one in islice(candidates, _MOST_CANDIDATES):
            try:
                return picture_answer(request, context, one.id, frame, order, FORMS)
            except NotUnderstood as error:  # a report, say, beside the images
                refusal = refusal or error
    raise refusal or UnknownResource("There is no instance any more.")


def frame_of(text: str) -> int:
    """The number of a frame, counted from 0, of one counted from 1; BadRequest."""
    if not (text.isascii() and text.isdigit() and len(text) <= 9 and int(text)):
        raise BadRequest(f"The frame is {text[:40]!r}; one number from 1 on is expected.")
    return int(text) - 1


def _through_window(order: Order, request: Request) -> Order:
    text = request.arguments.get("window")
    if text is None:
        return order
    center, width, *function = text.split(",") if text.count(",") in (1, 2) else ("", "")
    if function and function[0].strip().lower() != "linear":
        raise BadRequest(f"The function of the window is {function[0][:40]!r}; only linear is offered.")
    return replace(order, window_center=_decimal(center, "window"), window_width=_decimal(width, "window"))


def _in_viewport(order: Order, request: Request) -> Order:
    text = request.arguments.get("viewport")
    if text is None:
        return order
    sizes = text.split(",")
    if len(sizes) != 2:
        raise BadRequest("The argument viewport takes a width and a height; a region of the image is not offered.")
    width, height = (_pixels(size) for size in sizes)
    return replace(order, fit_width=width, fit_height=height)


def _pixels(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 9 and int(text) > 0):
        raise BadRequest(f"The viewport has a side of {text[:40]!r}; whole numbers from 1 on are expected.")
    return min(int(text), _LARGEST)


def _decimal(text: str, name: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise BadRequest(f"The argument {name} has {text[:40]!r}; center,width,linear is expected.")
    return number
