"""Makes what is missing of one series and hands it to the store."""

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import ExitStack
from functools import partial
from itertools import accumulate
from typing import TYPE_CHECKING, Any, BinaryIO, Final

from pacsberry.archive.contents import Contents, Member, SeriesContents
from pacsberry.dicom.slices import Slice, order
from pacsberry.errors import BadRequest, NoRoom
from pacsberry.imaging.limits import NoWorker, PixelsFailed
from pacsberry.imaging.orders import Order, Product
from pacsberry.imaging.prepared import products
from pacsberry.imaging.prepared.kinds import FRAMES, METADATA, PLACES, PREVIEW, THUMBNAIL, NotPrepared
from pacsberry.imaging.prepared.series_metadata import MetadataWriter, shared_and_own
from pacsberry.imaging.prepared.stack import MOST_FRAMES
from pacsberry.imaging.prepared.store import Address, Draft, PreparedStore

if TYPE_CHECKING:
    from pacsberry.imaging.pictures import Pictures

_OF_PIXELS: Final = frozenset((THUMBNAIL, PREVIEW, FRAMES))
_PART_OF_PREVIEW: Final = 20  # previews are smaller than this part of the files
_MOST_OF_ALL: Final = 4  # the frames of one series take no larger part of the room for all
_ROOM_LOOKS: Final = 16  # frames between two looks at the room that is left

Between = Callable[[int, int], None]


def in_order(contents: Contents) -> tuple[bool, list[Member]]:
    """Whether a series is a volume, and its instances in the order of a viewer; pictures are numbered by it."""
    slices = [
        Slice(
            member.id,
            position=member.tags.get("ImagePositionPatient", ""),
            orientation=member.tags.get("ImageOrientationPatient", ""),
            index=_number(member.tags.get("InstanceNumber", "") or member.tags.get("ImageIndex", "")),
        )
        for member in contents.members
    ]
    ordered = order(slices)
    by_id = {member.id: member for member in contents.members}
    return ordered.is_volume, [by_id[one.id] for one in ordered.slices]


def frames_of(member: Member) -> int:
    """How many pictures an instance has, as far as the index knows."""
    return max(1, _number(member.tags.get("NumberOfFrames", "")) or 1) if member.has_pixels else 0


class Maker:
    """Makes; for one thread at a time, several of them for several threads."""

    def __init__(
        self,
        *,
        contents: SeriesContents,
        pictures: "Pictures",
        store: PreparedStore,
        default_encoding: Callable[[], str],
    ) -> None:
        self._contents = contents
        self._pictures = pictures
        self._store = store
        self._default_encoding = default_encoding

    def make(
        self, series: str, kinds: Collection[str], between: Between, *, may_drop: bool, is_urgent: bool = False
    ) -> None:
        """Make those of `kinds` that the store has not; `between(done, all)` is called often, and may wait or raise.

        `is_urgent`: somebody waits, so all pixel workers may be busy with it.
        `may_drop`: whether others, not looked at for longer, may go for it.  PLACES come last, so they tell a series
        that is done.  Raises UnknownResource, NotPrepared, NoRoom, OSError, and what the workers do (products.py).
        """
        contents = self._contents.of(series)
        missing = {kind for kind in kinds if not self._store.has(Address(series, contents.digest, kind))}
        problem: NotPrepared | None = None
        try:
            at_once = self._pictures.pool.most if is_urgent else 1
            self._make_pictures(contents, missing & _OF_PIXELS, between, may_drop=may_drop, at_once=at_once)
        except NotPrepared as error:  # a report, say: its metadata are of use all the same
            problem = error
        if missing - _OF_PIXELS:
            self._make_metadata(contents, between, keeps_metadata=METADATA in kinds)
        if missing:
            self._store.forget(series, but=self._contents.digest(series))
        if problem is not None:
            raise problem

    def _make_pictures(
        self, contents: Contents, kinds: set[str], between: Between, *, may_drop: bool, at_once: int
    ) -> None:
        if not kinds:
            return
        sources, firsts = sources_of(contents), first_pictures(contents)
        size = sum(member.size for member in contents.members)
        kinds = kinds & {THUMBNAIL, PREVIEW} | self._frames_if_worth_it(kinds, sources, size, may_drop=may_drop)
        self._find_room(size // _PART_OF_PREVIEW, may_drop=may_drop, is_little=True)
        for together in (kinds & {THUMBNAIL}, kinds - {THUMBNAIL}):  # the list of series need not wait for packs
            if not together:
                continue
            with ExitStack() as stack:
                drafts = {kind: self._draft(stack, contents, kind) for kind in sorted(together)}
                files: dict[products.Kind, BinaryIO] = {
                    products.Kind(kind): draft.file for kind, draft in drafts.items()
                }
                made = products.make_products(
                    self._pictures,
                    sources,
                    files,
                    self._watching(between, is_little=FRAMES not in together),
                    at_once=at_once,
                )
                for kind, draft in drafts.items():
                    draft.keep(_facts(made[products.Kind(kind)], {} if kind == THUMBNAIL else firsts))

    def _frames_if_worth_it(
        self, kinds: set[str], sources: Sequence[products.Source], size: int, *, may_drop: bool
    ) -> set[str]:
        """FRAMES, when they are wanted, gain anything, and do not push everything else out."""
        if FRAMES not in kinds:
            return set()
        if not any(products.gains_from_packing(source.transfer_syntax_uid) for source in sources):
            return set()
        if not self._store.may_add(size):
            if not may_drop or size > self._store.most_bytes // _MOST_OF_ALL:
                return set()
            self._find_room(size, may_drop=True)
        return {FRAMES}

    def _find_room(self, size: int, *, may_drop: bool, is_little: bool = False) -> None:
        if may_drop:
            self._store.make_way(size, is_little=is_little)
        elif not self._store.may_add(size, is_little=is_little):
            raise NoRoom("There is no room for more prepared pictures.")

    def _make_metadata(self, contents: Contents, between: Between, *, keeps_metadata: bool) -> None:
        with ExitStack() as stack:
            packed = self._draft(stack, contents, METADATA)
            encoding = self._default_encoding()
            writer = MetadataWriter(packed.file, contents, default_encoding=encoding)
            try:
                facts = writer.write(partial(self._model, contents, encoding), self._watching(between))
            except NotPrepared as error:  # noted, so that it is not tried again
                packed.file.truncate(0)
                facts = {"Reason": str(error)}
            if keeps_metadata:
                packed.keep(facts)
            _, members = in_order(contents)
            shared, own = shared_and_own(writer.geometry.get(member.id, {}) for member in members)
            places = self._draft(stack, contents, PLACES)
            places.file.write(json.dumps({"Shared": shared, "Instances": own}).encode())
            places.keep({})

    def _model(self, contents: Contents, default_encoding: str, member: Member, mark: str) -> bytes:
        """The JSON of one instance, made by a pixel worker: the server need not know every tag of the standard."""
        uids = (contents.study_tags.get("StudyInstanceUID", ""), contents.tags.get("SeriesInstanceUID", ""))
        order = Order(
            Product.MODEL,
            transfer_syntax=member.transfer_syntax_uid,
            model=(mark, *uids, member.tags.get("SOPInstanceUID", ""), default_encoding),
        )
        try:
            made = self._pictures.make(member.file, order, size=member.size)
        except NoWorker:
            raise
        except (PixelsFailed, BadRequest) as error:
            raise NotPrepared(f"The metadata of instance {member.id} cannot be prepared: {error}") from error
        with made.file as file:
            return file.read(made.length)

    def _draft(self, stack: ExitStack, contents: Contents, kind: str) -> Draft:
        return stack.enter_context(self._store.begin(Address(contents.id, contents.digest, kind)))

    def _watching(self, between: Between, *, is_little: bool = True) -> Between:
        """The same, and NoRoom when the card fills up meanwhile."""

        def watch(done: int, total: int) -> None:
            between(done, total)
            if done % _ROOM_LOOKS == 0 and not self._store.has_spare(is_little=is_little):
                raise NoRoom("There is no room for prepared pictures any more.")

        return watch


def sources_of(contents: Contents) -> Sequence[products.Source]:
    """The files of a series as those see them who make pictures.  Raises NotPrepared."""
    _, members = in_order(contents)
    frames = [frames_of(member) for member in members]
    if sum(frames) > MOST_FRAMES:
        raise NotPrepared(f"The series has more than {MOST_FRAMES} pictures.")
    if not any(frames):
        raise NotPrepared("The series has no pictures.")
    return [
        products.Source(member.file, member.size, count, member.transfer_syntax_uid)
        for member, count in zip(members, frames, strict=True)
    ]


def first_pictures(contents: Contents) -> Mapping[str, int]:
    """The number of the first picture of each instance."""
    _, members = in_order(contents)
    ends = accumulate(map(frames_of, members), initial=0)
    return {short_of(member.id): first for member, first in zip(members, ends, strict=False)}


def short_of(instance: str) -> str:
    """An Orthanc identifier as far as it has to be known within a series: 16 digits of it."""
    return instance[:17]


def _facts(made: products.Made, firsts: Mapping[str, int]) -> Mapping[str, Any]:
    return {
        "CountPictures": made.pictures,
        "Reason": next(iter(made.holes.values()), "") if not made.pictures else "",
        "First": firsts,
    }


def _number(text: str) -> int | None:
    """An integer string (VR IS, at most 12 characters); None when it is none."""
    try:
        return int(text) if len(text) <= 16 else None
    except ValueError:
        return None
