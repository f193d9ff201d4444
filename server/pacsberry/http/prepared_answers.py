"""What is answered about prepared pictures: at once in every case, so that a whole class may ask and wait.

Addresses of prepared files hold the digest of what they were made of: they never change, and are kept by browsers.
"""

import json
import re
import zlib
from collections.abc import Mapping
from contextlib import ExitStack
from typing import Any, Final

from pacsberry.archive.contents import Contents, Member
from pacsberry.errors import DamagedFile, NotUnderstood, UnknownResource
from pacsberry.http.answers import JSON, Answer
from pacsberry.http.context import Context
from pacsberry.http.rendering import accepts_gzip
from pacsberry.http.request import Request
from pacsberry.imaging.prepared.kinds import FRAMES, METADATA, PLACES, PREVIEW, THUMBNAIL, NotPrepared
from pacsberry.imaging.prepared.making import frames_of, in_order, sources_of
from pacsberry.imaging.prepared.packfile import Pack
from pacsberry.imaging.prepared.preparer import Preparer
from pacsberry.imaging.prepared.products import JPEG_LS, MEDIA_TYPES, Kind, gains_from_packing
from pacsberry.imaging.prepared.store import Address, Opened
from pacsberry.model import Level

_SHOWN: Final = (THUMBNAIL, PREVIEW, FRAMES)  # in a manifest, with their addresses
_AT_ONCE: Final = (THUMBNAIL, PREVIEW, METADATA, PLACES)  # what asking for a manifest has made
_PATH: Final = re.compile(
    r"(?P<series>[0-9a-f]{8}(?:-[0-9a-f]{8}){4})-(?P<digest>[0-9a-f]{16})/"
    r"(?P<kind>thumbnail|preview|frames)(?:/(?P<picture>[0-9]{1,6}))?"
)
_FOR_EVER: Final = "max-age=31536000, immutable"
_AGAIN_SECONDS: Final = "1"
_GZIP_LEVEL: Final = 6
_ARRAYS: Final = ("ImagePositionPatient", "ImageOrientationPatient")


# --- the manifest --------------------------------------------------------------------------------------------------


def manifest(request: Request, context: Context, id: str) -> Answer:
    """See PICTURES.md; `make=0` only looks."""
    preparer = _preparer(context)
    contents = context.archive.contents.of(id)
    if request.truth("make", absent=True):
        missing = [kind for kind in _AT_ONCE if not preparer.store.has(Address(id, contents.digest, kind))]
        if missing:
            preparer.demand(id, contents.digest, missing)
    is_volume, members = in_order(contents)
    places = _places(preparer, contents)
    told: dict[str, object] = {
        "ID": id,
        "Digest": contents.digest,
        "IsStable": context.archive.resources.is_stable(Level.SERIES, id),
        "Type": "Volume" if is_volume else "Sequence",
        "StudyInstanceUID": contents.study_tags.get("StudyInstanceUID", ""),
        "SeriesInstanceUID": contents.tags.get("SeriesInstanceUID", ""),
        "Modality": contents.tags.get("Modality", ""),
        "SeriesDescription": contents.tags.get("SeriesDescription", ""),
        "CountPictures": sum(map(frames_of, members)),
        "Prepared": {kind: _state(preparer, contents, kind) for kind in _SHOWN},
        "IsPlaced": bool(places),
        "Shared": places.get("Shared", {}),
        "Instances": _instances(members, places.get("Instances", [])),
    }
    text = json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode(errors="replace")
    if not accepts_gzip(request):
        answer = Answer.data(text, JSON)
    else:
        answer = Answer.data(zlib.compress(text, _GZIP_LEVEL, 31), JSON).with_header("Content-Encoding", "gzip")
    return answer.with_header("Vary", "Accept-Encoding").with_header("Cache-Control", "no-cache")


def _state(preparer: Preparer, contents: Contents, kind: str) -> dict[str, object]:
    address = Address(contents.id, contents.digest, kind)
    found = preparer.store.open(address)
    if found is not None:
        with found.file:
            if not found.facts.get("CountPictures"):
                return {"State": "None", "Reason": _reason(found.facts)}
            return {
                "State": "Ready",
                "Url": _url(address),
                "MediaType": MEDIA_TYPES[Kind(kind)],
                "Size": found.length,
                "CountPictures": found.facts["CountPictures"],
            }
    if not preparer.is_on:
        return {"State": "Off"}
    try:
        sources = sources_of(contents)
    except NotPrepared as error:
        return {"State": "None", "Reason": str(error)}
    if kind == FRAMES and not any(gains_from_packing(source.transfer_syntax_uid) for source in sources):
        return {"State": "None", "Reason": "The frames are stored in a form that is good to send as it is."}
    problem = preparer.problem(contents.id, contents.digest)
    if problem:
        return {"State": "Failed", "Reason": problem}
    progress = preparer.progress(contents.id)
    if progress is None:
        return {"State": "Missing", "Url": _url(address)}
    return {"State": "Making", "Url": _url(address), "Done": progress.done, "All": progress.total}


def _places(preparer: Preparer, contents: Contents) -> Mapping[str, Any]:
    """What was read from the files about where images lie; nothing before that is done."""
    found = preparer.store.open(Address(contents.id, contents.digest, PLACES))
    if found is None:
        return {}
    with found.file:
        places: Mapping[str, Any] = json.loads(found.file.read(found.length))
    return places


def _instances(members: list[Member], places: list[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Each instance in the order of the viewer, with the number of its first picture."""
    told: list[Mapping[str, Any]] = []
    first = 0
    for number, member in enumerate(members):
        count = frames_of(member)
        told.append(
            {
                "ID": member.id,
                "SOPInstanceUID": member.tags.get("SOPInstanceUID", ""),
                "InstanceNumber": member.tags.get("InstanceNumber", ""),
                "FirstPicture": first,
                "CountPictures": count,
                **(places[number] if number < len(places) else _from_index(member)),
            }
        )
        first += count
    return told


def _from_index(member: Member) -> Mapping[str, Any]:
    """What the index knows of where an image lies."""
    found: dict[str, object] = {"SOPClassUID": member.sop_class_uid}
    for name in _ARRAYS:
        try:
            numbers = [float(part) for part in member.tags.get(name, "").split("\\")]
        except ValueError:
            continue
        found[name] = numbers
    return found


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
    if media_type == "image/jls":
        media_type += f"; transfer-syntax={JPEG_LS}"
    answer = Answer.part(found.file, offset, length, media_type)
    return answer.with_etag(f"{address.digest}-{address.kind}-{picture}")


def _not_yet(preparer: Preparer, context: Context, address: Address) -> Answer:
    """202 and how far it is; 404 for what will never be, 415 for what cannot be."""
    contents = context.archive.contents.of(address.series)
    if contents.digest != address.digest:
        raise UnknownResource("The series has changed; its manifest names the new addresses.")
    preparer.demand(address.series, address.digest, [address.kind])
    state = _state(preparer, contents, address.kind)
    if state["State"] == "Ready":  # since a moment ago
        state = {"State": "Making", "Url": _url(address), "Done": 1, "All": 1}
    if state["State"] == "Off":
        raise UnknownResource("No pictures are prepared: Pacsberry.PreparedPercent is 0.")
    if state["State"] in ("None", "Failed"):
        raise NotUnderstood(str(state["Reason"]))
    answer = Answer.json(state).with_status(202)
    return answer.with_header("Retry-After", _AGAIN_SECONDS).with_header("Cache-Control", "no-store")


def _reason(facts: Mapping[str, Any]) -> str:
    return str(facts.get("Reason") or "There is nothing to be shown.")


def _url(address: Address) -> str:
    return f"/pacsberry/pictures/{address.series}-{address.digest}/{address.kind}"


def _preparer(context: Context) -> Preparer:
    if context.preparer is None:
        raise UnknownResource("This server prepares no pictures.")
    return context.preparer
