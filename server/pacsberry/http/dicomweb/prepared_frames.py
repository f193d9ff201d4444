"""Frames out of the pack of full-depth frames of a series, where there is one: JPEG-LS, for clients that take that."""

from collections.abc import Sequence
from contextlib import ExitStack
from typing import Final

from pacsberry.errors import DamagedFile, UnknownResource
from pacsberry.http.answers import Part
from pacsberry.http.context import Context
from pacsberry.http.dicomweb.objects import StoredObject
from pacsberry.imaging.prepared.kinds import FRAMES
from pacsberry.imaging.prepared.making import short_of
from pacsberry.imaging.prepared.packfile import Pack
from pacsberry.imaging.prepared.store import Address

JPEG_LS: Final = "1.2.840.10008.1.2.4.80"


def prepared_frames(context: Context, one: StoredObject, numbers: Sequence[int]) -> list[Part]:
    """The frames of these numbers, from 1 on, in an open file that the caller closes; nothing unless all are there."""
    if context.preparer is None:
        return []
    try:
        digest = context.archive.contents.digest(one.series)
    except UnknownResource:
        return []
    opened = context.preparer.store.open(Address(one.series, digest, FRAMES))
    if opened is None:
        return []
    with ExitStack() as stack:
        stack.enter_context(opened.file)
        first = opened.facts.get("First", {}).get(short_of(one.id))
        if first is None:
            return []
        try:
            places = Pack.read(opened.file).places
            found = [Part(opened.file, *places[first + number - 1]) for number in numbers]
        except (DamagedFile, KeyError):
            return []
        stack.pop_all()
    return found
