"""Takes what a source yields to a server: reads who each file is, sends what the server does not have.

Nothing is noted about how far a run has come: the server knows what it has, so a second run passes quickly over what
the first one brought.
"""

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final

from pacsberry.errors import NoRoom, NotAllowed, PacsberryError, PeerFailed
from pacsberry.importing.identifying import Identity, NoInstance, identify
from pacsberry.importing.items import Content, Fate, Finding, Found, Item, PassedOver
from pacsberry.importing.server import BATCH, Sent, Server

# Each file is synced before it is answered for; the server shares the sync of its folder among those that wait for it.
_SENDERS: Final = 4
_HEADER: Final = "The header that Orthanc keeps beside an image."
_PIXELS_MISSING: Final = (
    "It is the header that Orthanc keeps beside an image, and the image itself is neither here nor on the server."
)


@dataclass(frozen=True, slots=True)
class Wishes:
    """How to import."""

    is_rehearsal: bool = False  # --dry-run: ask, but send nothing
    sends_known: bool = False  # send also what the server has; its OverwriteInstances decides
    default_encoding: str = "Latin1"  # of the server


class Importer:
    """Works through sources; belongs to one thread."""

    def __init__(self, server: Server, report: Callable[[Finding], None], wishes: Wishes) -> None:
        """`report` is told what became of each file, about in the order of the source."""
        self._server = server
        self._report = report
        self._wishes = wishes
        self._senders = ThreadPoolExecutor(_SENDERS)  # starts no thread before it has work; `take` has its own
        self._waiting: list[tuple[Item, Identity]] = []  # whose presence on the server is not known yet

    def take(self, found: Iterable[Found]) -> None:
        """Work through one source.

        NoRoom when the server is full, NotAllowed when it does not let us in, PeerFailed when it has gone.
        """
        try:
            with ThreadPoolExecutor(_SENDERS, thread_name_prefix="sender") as self._senders:
                for one in found:
                    if isinstance(one, Finding):
                        self._report(one)
                    elif one.instance:
                        self._wait(one, Identity(one.instance))
                    else:
                        self._look_at(one)
                self._decide()
        finally:
            self._server.close_siblings()

    def _look_at(self, item: Item) -> None:
        try:
            with item.open() as content:
                identity = identify(content, item.name, default_encoding=self._wishes.default_encoding)
                if isinstance(identity, NoInstance):
                    self._tell(item, identity.fate, identity.reason)
                elif item.put_off is not None and not identity.has_pixels:
                    item.put_off()
                elif item.lasting:
                    self._wait(item, identity)
                elif not self._is_settled(item, identity, self._known([identity.instance])):
                    self._told_by_server(item, identity, self._sent(item, content))
        except (NoRoom, NotAllowed, PeerFailed):
            raise
        except PassedOver as error:
            self._tell(item, Fate.PASSED_OVER, str(error))
        except (PacsberryError, OSError) as error:
            self._tell(item, Fate.UNREADABLE, _text(error))

    def _wait(self, item: Item, identity: Identity) -> None:
        if item.lacks_pixels and self._waiting and not self._waiting[-1][0].lacks_pixels:
            self._decide()  # the image it belongs to may be among those that wait
        self._waiting.append((item, identity))
        if len(self._waiting) >= BATCH:
            self._decide()

    def _decide(self) -> None:
        """Ask the server for those that wait, and send what it does not have."""
        waiting, self._waiting = self._waiting, []
        known = self._known([identity.instance for _, identity in waiting])
        wanted = [one for one in waiting if not self._is_settled(*one, known)]
        sent = self._senders.map(self._sent_lasting, [item for item, _ in wanted])
        for (item, identity), told in zip(wanted, sent, strict=True):
            self._told_by_server(item, identity, told)

    def _sent_lasting(self, item: Item) -> Sent:
        """What became of a file; run by a sender."""
        try:
            return self._sent(item, None)
        except (NoRoom, NotAllowed, PeerFailed):
            raise
        except (PacsberryError, OSError) as error:
            return Sent(Fate.UNREADABLE, _text(error))

    def _known(self, instances: list[str]) -> set[str]:
        if self._wishes.sends_known:
            return set()
        return self._server.known([one for one in instances if one])

    def _is_settled(self, item: Item, identity: Identity, known: set[str]) -> bool:
        """Whether nothing has to be sent; then that is told."""
        is_header = item.lacks_pixels and identity.is_image
        if is_header and (identity.instance in known or self._wishes.is_rehearsal):
            self._tell(item, Fate.PASSED_OVER, _HEADER, identity.instance)
        elif identity.instance in known:
            self._tell(item, Fate.THERE, "", identity.instance)
        elif is_header and not self._wishes.sends_known:
            self._tell(item, Fate.REFUSED, _PIXELS_MISSING, identity.instance)
        elif self._wishes.is_rehearsal:
            self._tell(item, Fate.KEPT, "", identity.instance)
        else:
            return False
        return True

    def _sent(self, item: Item, content: Content | None) -> Sent:
        """Send it, from `content` when it is open already; again from a fresh start when the server breaks off."""
        if content is not None:
            try:
                return self._server.send(content)
            except PeerFailed:
                pass

        def afresh() -> Sent:
            with item.open() as reopened:
                return self._server.send(reopened)

        return self._server.patiently(afresh)

    def _told_by_server(self, item: Item, identity: Identity, sent: Sent) -> None:
        self._tell(item, sent.fate, sent.reason, sent.instance or identity.instance)

    def _tell(self, item: Item, fate: Fate, reason: str, instance: str = "") -> None:
        self._report(Finding(fate, item.name, reason, instance, item.amount))


def _text(error: Exception) -> str:
    return f"{error.strerror}." if isinstance(error, OSError) and error.strerror else str(error)
