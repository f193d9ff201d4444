"""The thumbnail of a series, or of the first series of a study that has one, as it was prepared: JPEG."""

from collections.abc import Sequence
from typing import Final

from pacsberry.errors import UnknownResource
from pacsberry.http.answers import Answer
from pacsberry.http.context import Context
from pacsberry.http.dicomweb.objects import series_of
from pacsberry.http.mediatypes import accepted_by
from pacsberry.http.request import Request
from pacsberry.imaging.orders import Form
from pacsberry.imaging.prepared.kinds import THUMBNAIL
from pacsberry.imaging.prepared.store import Address

_MOST_CANDIDATES: Final = 8  # series of a study that are looked at


def prepared_thumbnail(request: Request, context: Context, uids: Sequence[str]) -> Answer | None:
    """None when it has to be made, or the client wants it otherwise."""
    wanted = next(iter(accepted_by(request)), None)
    if context.preparer is None or wanted is None or wanted.kind not in ("*/*", "image/*", Form.JPEG):
        return None
    for series in series_of(context, uids)[:_MOST_CANDIDATES]:
        try:
            address = Address(series, context.archive.contents.digest(series), THUMBNAIL)
        except UnknownResource:
            continue
        found = context.preparer.store.open(address)
        if found is None:
            return None
        if not found.facts.get("CountPictures"):
            found.file.close()
            continue
        answer = Answer.part(found.file, 0, found.length, Form.JPEG)
        return answer.with_etag(f"{address.digest}-{address.kind}").with_header("Vary", "Accept")
    return None
