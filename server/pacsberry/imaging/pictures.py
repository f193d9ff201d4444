"""The one way from a stored file to a picture or to numbers: have a worker make it, or say why there is none."""

import contextlib
import logging
from collections.abc import Iterator
from typing import TYPE_CHECKING, BinaryIO, Final

from pacsberry.archive.packedfile import PackedFile
from pacsberry.errors import BadRequest, DamagedFile, NotUnderstood, PacsberryError, UnknownResource
from pacsberry.imaging.failures import FailureMemory
from pacsberry.imaging.limits import Limits, NoWorker, PixelsFailed, WorkerGone
from pacsberry.imaging.made import Made
from pacsberry.imaging.orders import Order, Outcome, Reply
from pacsberry.imaging.pool import WorkerPool
from pacsberry.imaging.recent import RecentPictures
from pacsberry.imaging.waiting import Product, WaitingProducts

if TYPE_CHECKING:
    from pacsberry.archive import FileStore
    from pacsberry.imaging.transcoding import Transcoded

LOGGER = logging.getLogger("pacsberry.imaging")

_ERRORS: Final[dict[Outcome, type[PacsberryError]]] = {
    Outcome.NO_FRAME: UnknownResource,
    Outcome.BAD_ORDER: BadRequest,
    Outcome.REFUSED: NotUnderstood,
    Outcome.DAMAGED: DamagedFile,
}


class Pictures:
    """Thread-safe.  Who asks waits until the product is there, at most for the time a worker has and its turn."""

    def __init__(
        self,
        files: "FileStore",
        limits: Limits,
        *,
        failures: FailureMemory | None = None,
        pool: WorkerPool | None = None,
    ) -> None:
        self._files = files
        self._failures = failures or FailureMemory()
        self._recent = RecentPictures()
        self.pool = pool or WorkerPool(limits, when_idle=self._recent.forget)
        self.waiting = WaitingProducts()

    def stop(self) -> None:
        """Send the workers away."""
        self.pool.stop()
        self._recent.forget()

    def make(self, file: str, order: Order, *, size: int | None = None) -> Made:
        """The product of a kept file; `size` is that of its content, as the index knows it.

        Raises UnknownResource (no such file or frame), NotUnderstood (not to be shown, with the reason), PixelsFailed
        (the worker died of it, with the reason), BadRequest (the product would be too large), TooManyPictures,
        DamagedFile.
        """
        return self._recent.get((file, order), lambda: self._make(file, order, size))

    def transcode(
        self, file: str, transfer_syntax_uid: str, *, sop_uid: str, quality: int = 90, size: int | None = None
    ) -> "Transcoded":
        """A kept file, of the instance `sop_uid`, in another transfer syntax; see `transcoding`.

        Raises as `make`, NotUnderstood when that syntax cannot hold it, NoRoom when a large one finds no place.
        """
        from pacsberry.imaging.transcoding import Target, Transcoder  # few need it, and rarely

        target = Target.of(transfer_syntax_uid, sop_uid, quality)
        return Transcoder(self._files, self).transcode(file, target, size=size)

    def _make(self, file: str, order: Order, size: int | None) -> Made:
        with self.remembering(file, order), self._files.open(file, size) as opened:
            product, reply = self.work(file, order, opened)
        finished, length = product.finished()
        return Made(finished, length, reply.shape, reply.number_type, reply.frames)

    @contextlib.contextmanager
    def remembering(self, file: str, order: Order) -> Iterator[None]:
        """What fails inside for the fault of the file is told again for a while, without being tried."""
        key = (file, order.frame, f"{order.product}{order.transfer_syntax}")
        self._failures.raise_remembered(key)
        try:
            yield
        except NoWorker:
            raise
        except (NotUnderstood, PixelsFailed) as error:
            self._failures.remember(key, error)
            raise

    def work(self, file: str, order: Order, opened: BinaryIO) -> tuple[Product, Reply]:
        """Have an order done on an open file that is called `file`; raises as `make`."""
        product = self.waiting.begin()
        try:
            reply = self._work(file, order, opened, product.fileno())
            if reply.outcome is Outcome.DAMAGED:
                self._files.report(file)
            if reply.outcome is not Outcome.MADE:
                raise _ERRORS.get(reply.outcome, PixelsFailed)(reply.reason)
        except BaseException:
            product.close()
            raise
        return product, reply

    def _work(self, file: str, order: Order, opened: BinaryIO, product: int) -> Reply:
        try:
            return self._try(order, opened, product)
        except WorkerGone:  # while it was idle; the next one is new
            return self._try(order, opened, product)
        except PixelsFailed as error:
            LOGGER.warning("%s, frame %d: %s", file, order.frame, error)
            raise

    def _try(self, order: Order, opened: BinaryIO, product: int) -> Reply:
        with self.pool.worker() as worker:
            if isinstance(opened, PackedFile):
                return worker.work(order, opened.stored_descriptor, product, is_packed=True)
            return worker.work(order, opened.fileno(), product, is_packed=False)
