"""What is answered about prepared pictures: at once in every case, so that a whole class may ask and wait.

Addresses of prepared files hold the digest of what they were made of: they never change, and are kept by browsers.
"""

import json
import re
from collections.abc import Mapping
from contextlib import ExitStack
from functools import partial
from typing import Any, Final

from pacsberry.auth import Role
from pacsberry.errors import DamagedFile, NotUnderstood, UnknownResource
from pacsberry.http.answers import JSON, Answer
from pacsberry.http.context import Context
from pacsberry.http.dicomweb.deflated import gzip_of, plain
from pacsberry.http.prepared_overview import Overview, Overviews
from pacsberry.http.rendering import accepts_gzip
from pacsberry.http.request import Request
from pacsberry.http.shown import hidden_person
from pacsberry.imaging.prepared.kinds import FRAMES, METADATA, PLACES, PREVIEW, THUMBNAIL
from pacsberry.imaging.prepared.packfile import Pack
from pacsberry.imaging.prepared.preparer import Preparer
from pacsberry.imaging.prepared.products import JPEG_LS, MEDIA_TYPES, Kind
from pacsberry.imaging.prepared.store import Address, Opened
from pacsberry.model import Level

_SHOWN: Final = (THUMBNAIL, PREVIEW, FRAMES)  # in a manifest, with their addresses
_AT_ONCE: Final = (THUMBNAIL, PREVIEW, METADATA, PLACES)  # what asking for a manifest has made
_PATH: Final = re.compile(
    r"(?P<series>[0-9a-f]{8}(?:-[0-9a-f]{8}){4})-(?P<digest>[0-9a-f]{16})/"
    r"(?P<kind>thumbnail|preview|frames)(?:/(?P<picture>[0-9]{1,6}))?"
)
_FOR_EVER: Final = "private, max-age=31536000, immutable"  # not in a cache for all: students may not see it for ever
_AGAIN_SECONDS: Final = "1"
_OVERVIEWS: Final = Overviews()


# --- the manifest --------------------------------------------------------------------------------------------------


def manifest(request: Request, context: Context, id: str) -> Answer:
    """See PICTURES.md; `make=0` only looks."""
    preparer = _preparer(context)
    person = partial(hidden_person, context, Level.SERIES, id) if request.role is Role.STUDENT else None
    overview = _OVERVIEWS.of(id, context.archive.contents, preparer.store, hidden_person=person)
    if request.truth("make", absent=True):
        missing = [kind for kind in _AT_ONCE if not preparer.store.has(Address(id, overview.digest, kind))]
        if missing:
            preparer.demand(id, overview.digest, missing)
    changing = {
        "IsStable": context.archive.resources.is_stable(Level.SERIES, id),
        "Prepared": {kind: _state(preparer, overview, Address(id, overview.digest, kind)) for kind in _SHOWN},
    }
    head = json.dumps(changing, separators=(",", ":")).encode()[:-1] + b","
    if accepts_gzip(request):
        pieces = gzip_of([plain(head), overview.packed, plain(b"}", is_last=True)])
        answer = Answer.data(b"".join(pieces), JSON).with_header("Content-Encoding", "gzip")
    else:
        answer = Answer.data(b"".join((head, overview.text, b"}")), JSON)
    return answer.with_header("Vary", "Accept-Encoding").with_header("Cache-Control", "no-cache")


def _state(preparer: Preparer, overview: Overview, address: Address) -> dict[str, object]:
    found = preparer.store.open(address)
    if found is not None:
        with found.file:
            return _there(address, found)
    if not preparer.is_on:
        return {"State": "Off"}
    if overview.problem:
        return {"State": "None", "Reason": overview.problem}
    if address.kind == FRAMES and not overview.gains:
        return {"State": "None", "Reason": "The frames are stored in a form that is good to send as it is."}
    problem = preparer.problem(address.series, address.digest)
    if problem:
        return {"State": "Failed", "Reason": problem}
    progress = preparer.progress(address.series)
    if progress is None:
        return {"State": "Missing", "Url": _url(address)}
    return {"State": "Making", "Url": _url(address), "Done": progress.done, "All": progress.total}


def _there(address: Address, found: Opened) -> dict[str, object]:
    if not found.facts.get("CountPictures"):
        return {"State": "None", "Reason": _reason(found.facts)}
    return {
        "State": "Ready",
        "Url": _url(address),
        "MediaType": MEDIA_TYPES[Kind(address.kind)],
        "Size": found.length,
        "CountPictures": found.facts["CountPictures"],
    }


# --- the files -----------------------------------------------------------------------------------------------------


def prepared(request: Request, context: Context, path: str) -> Answer:
    """A prepared file, or one of its pictures by the number in the series; 202 with the progress while it is made."""
    match = _PATH.fullmatch(path)
    if match is None:
        raise UnknownResource("There is no such prepared picture.")
    preparer = _preparer(context)
    address = Address(match["series"], match["digest"], match["kind"])
    if not context.archive.contents.exists(address.series):
        raise UnknownResource(f"There is no series {address.series}.")
    found = preparer.store.open(address)
    if found is None:
        return _not_yet(preparer, context, address)
    with ExitStack() as stack:
        stack.enter_context(found.file)
        if not found.facts.get("CountPictures"):
            raise NotUnderstood(_reason(found.facts))
        answer = _file(address, found) if match["picture"] is None else _picture(address, found, int(match["picture"]))
        stack.pop_all()  # the answer closes the file
    return answer.with_header("Cache-Control", _FOR_EVER)


def _file(address: Address, found: Opened) -> Answer:
    media_type = MEDIA_TYPES[Kind(address.kind)]
    return Answer.part(found.file, 0, found.length, media_type).with_etag(f"{address.digest}-{address.kind}")


def _picture(address: Address, found: Opened, picture: int) -> Answer:
    if address.kind == THUMBNAIL:
        raise UnknownResource("There is one thumbnail of a series; it has no number.")
    try:
        pack = Pack.read(found.file)
    except DamagedFile as error:
        raise UnknownResource(f"The pack cannot be read: {error}") from error
    if picture not in pack.places:
        raise UnknownResource(f"There is no picture {picture} in it.")
    offset, length = pack.places[picture]
    media_type = str(pack.facts.get("MediaType", "application/octet-stream"))
    if address.kind == FRAMES:
        media_type += f"; transfer-syntax={JPEG_LS}"
    answer = Answer.part(found.file, offset, length, media_type)
    return answer.with_etag(f"{address.digest}-{address.kind}-{picture}")


def _not_yet(preparer: Preparer, context: Context, address: Address) -> Answer:
    """202 and how far it is; 404 for what will never be, 415 for what cannot be."""
    overview = _OVERVIEWS.of(address.series, context.archive.contents, preparer.store)
    if overview.digest != address.digest:
        raise UnknownResource("The series has changed; its manifest names the new addresses.")
    preparer.demand(address.series, address.digest, [address.kind])
    state = _state(preparer, overview, address)
    if state["State"] == "Off":
        raise UnknownResource("No pictures are prepared: Pacsberry.PreparedPercent is 0.")
    if state["State"] in ("None", "Failed"):
        raise NotUnderstood(str(state["Reason"]))
    answer = Answer.json(state).with_status(202)  # also what has been there since a moment ago
    return answer.with_header("Retry-After", _AGAIN_SECONDS).with_header("Cache-Control", "no-store")


def _reason(facts: Mapping[str, Any]) -> str:
    return str(facts.get("Reason") or "There is nothing to be shown.")


def _url(address: Address) -> str:
    return f"/pacsberry/pictures/{address.series}-{address.digest}/{address.kind}"


def _preparer(context: Context) -> Preparer:
    if context.preparer is None:
        raise UnknownResource("This server prepares no pictures.")
    return context.preparer
