"""Remembers very many names in little memory: 64 bits of a digest stand for each.

20 bytes for a name (as text it would be 100 and more), so a million of them fit on the smallest board.  Two names with
the same 64 bits are a matter of one in 10^7 among a million; what follows from a match is checked where it matters.
"""

import hashlib
from array import array
from bisect import bisect_left


def digest(text: str) -> int:
    """64 bits that stand for a text."""
    return int.from_bytes(hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "big")


class DigestMap:
    """Texts in the order they were added, found again by `position`.  Belongs to one thread."""

    def __init__(self) -> None:
        self._added = array("Q")
        self._sorted = array("Q")
        self._positions = array("L")

    def add(self, text: str) -> int:
        """Add a text; its position.  Of the same text twice the first counts."""
        self._added.append(digest(text))
        return len(self._added) - 1

    def position(self, text: str) -> int | None:
        """The position of a text; None when it was never added."""
        if len(self._sorted) != len(self._added):
            order = sorted(range(len(self._added)), key=self._added.__getitem__)
            self._sorted = array("Q", (self._added[at] for at in order))
            self._positions = array("L", order)
        wanted = digest(text)
        at = bisect_left(self._sorted, wanted)
        if at == len(self._sorted) or self._sorted[at] != wanted:
            return None
        return self._positions[at]

    def __contains__(self, text: str) -> bool:
        return self.position(text) is not None

    def __len__(self) -> int:
        return len(self._added)
