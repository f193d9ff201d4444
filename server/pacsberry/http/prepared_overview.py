"""What a manifest says of a series that does not change with what is prepared, computed once for a class that asks.

The text of the last few series stays in memory, packed as well, so that an answer is joined and not made.
"""

import json
import threading
import zlib
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from pacsberry.archive.contents import Contents, Member, SeriesContents
from pacsberry.dicom.person import without_person
from pacsberry.http.dicomweb.deflated import Packed
from pacsberry.http.standins import with_stand_ins
from pacsberry.imaging.prepared.kinds import PLACES, NotPrepared
from pacsberry.imaging.prepared.making import frames_of, in_order, sources_of
from pacsberry.imaging.prepared.products import gains_from_packing
from pacsberry.imaging.prepared.store import Address, PreparedStore

_GZIP_LEVEL: Final = 6
_MOST_REMEMBERED: Final = 8  # series
_LONGEST_REMEMBERED: Final = 256 << 10  # bytes of text of one series
_ARRAYS: Final = ("ImagePositionPatient", "ImageOrientationPatient")


@dataclass(frozen=True, slots=True)
class Overview:
    """A series as its manifest tells it."""

    digest: str
    is_placed: bool  # whether its files have been read for it
    problem: str  # why it has no pictures, or ''
    gains: bool  # whether full-depth frames are worth making
    text: bytes  # the members of the manifest that do not change, without braces
    packed: Packed  # the same


class Overviews:
    """Makes them and remembers a few; thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()  # guards the mapping
        self._known: OrderedDict[tuple[str, str, bool, bool], Overview] = OrderedDict()

    def of(
        self,
        series: str,
        contents: SeriesContents,
        store: PreparedStore,
        *,
        hidden_person: Callable[[], Mapping[str, str]] | None = None,
    ) -> Overview:
        """That of a series as it is now.  Raises UnknownResource.

        `hidden_person` is for students: whom no text may name; UIDs have stand-ins then (`standins`).
        """
        digest = contents.digest(series)
        is_placed = store.has(Address(series, digest, PLACES))
        key = (series, digest, is_placed, hidden_person is not None)
        with self._lock:
            found = self._known.get(key)
            if found is not None:
                self._known.move_to_end(key)
                return found
        found = _overview(contents.of(series), store, hidden_person() if hidden_person is not None else None)
        if len(found.text) <= _LONGEST_REMEMBERED:
            with self._lock:
                self._known[series, found.digest, found.is_placed, hidden_person is not None] = found
                if len(self._known) > _MOST_REMEMBERED:
                    self._known.popitem(last=False)
        return found


def _overview(contents: Contents, store: PreparedStore, hidden_person: Mapping[str, str] | None) -> Overview:
    is_volume, members = in_order(contents)
    places = _places(store, contents)
    problem, gains = "", False
    try:
        gains = any(gains_from_packing(source.transfer_syntax_uid) for source in sources_of(contents) if source.frames)
    except NotPrepared as error:
        problem = str(error)
    told = {
        "ID": contents.id,
        "Digest": contents.digest,
        "Type": "Volume" if is_volume else "Sequence",
        "StudyInstanceUID": contents.study_tags.get("StudyInstanceUID", ""),
        "SeriesInstanceUID": contents.tags.get("SeriesInstanceUID", ""),
        "Modality": contents.tags.get("Modality", ""),
        "SeriesDescription": contents.tags.get("SeriesDescription", ""),
        "CountPictures": sum(map(frames_of, members)),
        "IsPlaced": bool(places),
        "Shared": places.get("Shared", {}),
        "Instances": _instances(members, places.get("Instances", ())),
    }
    if hidden_person is not None:
        told = with_stand_ins(told)
        told["SeriesDescription"] = without_person(contents.tags.get("SeriesDescription", ""), hidden_person)
    text = json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode(errors="replace")[1:-1]
    packer = zlib.compressobj(_GZIP_LEVEL, zlib.DEFLATED, -15)
    packed = packer.compress(text) + packer.flush(zlib.Z_FULL_FLUSH)
    return Overview(contents.digest, bool(places), problem, gains, text, Packed(packed, zlib.crc32(text), len(text)))


def _places(store: PreparedStore, contents: Contents) -> Mapping[str, Any]:
    """What was read from the files about where images lie; nothing before that is done."""
    found = store.open(Address(contents.id, contents.digest, PLACES))
    if found is None:
        return {}
    with found.file:
        places: Mapping[str, Any] = json.loads(found.file.read(found.length))
    return places


def _instances(members: Sequence[Member], places: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
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
            found[name] = [float(part) for part in member.tags.get(name, "").split("\\")]
        except ValueError:
            continue
    return found
