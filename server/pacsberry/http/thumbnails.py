"""The thumbnail of a series at an address that stays: what is prepared, else drawn now of the picture in its middle."""

from typing import TYPE_CHECKING, Final

from pacsberry.errors import NotUnderstood
from pacsberry.http import shown
from pacsberry.http.answers import Answer
from pacsberry.http.context import Context
from pacsberry.http.pictures import picture_answer
from pacsberry.http.request import Request
from pacsberry.http.routing import Route
from pacsberry.imaging.orders import Form, Order, Product
from pacsberry.model import Level

if TYPE_CHECKING:
    from pacsberry.archive.contents import Contents

_ORDER: Final = Order(Product.RENDERED, fit_width=256, fit_height=256, smooth=True)


def get_thumbnail(request: Request, context: Context, id: str) -> Answer:
    """A JPEG of at most 256 pixels a side; 415 when nothing in the series can be shown."""
    contents = context.archive.contents.of(id)
    answer = _prepared(context, contents)
    if answer is None:
        pictures = [member for member in contents.members if member.has_pixels]
        if not pictures:
            raise NotUnderstood("There is no picture in this series.")
        answer = picture_answer(request, context, pictures[len(pictures) // 2].id, None, _ORDER, (Form.JPEG,))
    return answer.with_header("Cache-Control", "no-cache")


def _prepared(context: Context, contents: "Contents") -> Answer | None:
    from pacsberry.imaging.prepared.kinds import THUMBNAIL
    from pacsberry.imaging.prepared.store import Address

    if context.preparer is None:
        return None
    found = context.preparer.store.open(Address(contents.id, contents.digest, THUMBNAIL))
    if found is None:
        return None
    if not found.facts.get("CountPictures"):
        found.file.close()
        return None
    return Answer.part(found.file, 0, found.length, Form.JPEG).with_etag(f"{contents.digest}-{THUMBNAIL}")


ROUTES = [
    Route("GET", "/pacsberry/series/<id>/thumbnail", get_thumbnail, waits=True, shown=shown.resource(Level.SERIES)),
]
