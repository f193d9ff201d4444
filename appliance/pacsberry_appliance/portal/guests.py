"""Who has seen the welcome page: addresses, in memory, for as long as a lease lasts. Not MACs: tablets change them."""

from collections import OrderedDict

_MOST = 2000  # twice the addresses there are


class Guests:
    """Addresses and until when they count."""

    def __init__(self, seconds: float = 4 * 3600) -> None:
        self._seconds = seconds
        self._until: OrderedDict[str, float] = OrderedDict()

    def welcome(self, address: str, now: float) -> None:
        """Somebody there has seen it."""
        self._until.pop(address, None)
        self._until[address] = now + self._seconds
        while len(self._until) > _MOST:
            self._until.popitem(last=False)

    def is_known(self, address: str, now: float) -> bool:
        """Whether it still counts."""
        return self._until.get(address, 0) > now
