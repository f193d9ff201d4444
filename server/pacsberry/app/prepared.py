"""Builds what prepares pictures."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from pacsberry.archive import Archive
from pacsberry.config import Settings
from pacsberry.imaging.pictures import Pictures
from pacsberry.imaging.prepared.kinds import GOES_FIRST, KINDS, METADATA
from pacsberry.imaging.prepared.preparer import Preparer
from pacsberry.imaging.prepared.store import PreparedStore

if TYPE_CHECKING:
    from pacsberry.imaging.prepared.making import Maker


def preparer(
    settings: Settings,
    archive: Archive,
    pictures: Pictures,
    *,
    default_encoding: Callable[[], str],
    keeps_metadata: bool,
) -> Preparer:
    """Pacsberry.PreparedPercent."""
    percent = settings.number("Pacsberry.PreparedPercent")
    folder = settings.path("StorageDirectory") / "prepared"
    store = PreparedStore(folder, archive.room, percent=percent, goes_first=GOES_FIRST)

    def make_maker() -> "Maker":
        from pacsberry.imaging.prepared.making import Maker

        return Maker(
            contents=archive.contents,
            pictures=pictures,
            store=store,
            default_encoding=default_encoding,
        )

    kinds = [kind for kind in KINDS if kind != METADATA or keeps_metadata]
    return Preparer(archive, store, make_maker, is_on=percent > 0, kinds=kinds)
