"""What a pixel worker may use, and the errors of those that used more."""

from dataclasses import dataclass
from typing import Final

from pacsberry.errors import PacsberryError

MOST_WAITING_BYTES: Final = 64 << 20  # of finished pictures on their way to clients; a single one may be larger
MOST_PRODUCT_BYTES: Final = 160 << 20  # of one picture or frame: 32 million samples as 32-bit floats, and a little


class PixelsFailed(PacsberryError):
    """The process that decoded an image crashed, took too long, or could not be started."""


class NoWorker(PixelsFailed):
    """No process took the order, so nothing is held against the image."""


class WorkerGone(NoWorker):
    """The process had ended before it was given its order: another one may do it."""


class TooManyPictures(PacsberryError):
    """All workers are busy for long, or finished pictures fill the memory that may be used for them."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Of each worker, and of them all."""

    workers: int = 1  # at once
    memory_bytes: int = 512 << 20  # of addresses, about 100 MB of which are libraries that all workers share
    seconds: int = 20  # of the clock for one order, waiting for a free worker not counted; as many of CPU time
    waiting_seconds: float = 60.0  # how long an order waits for a free worker
    idle_seconds: float = 10.0  # after which a worker leaves
