"""A storage with files of our own, workers that misbehave, and how to look at what there is."""

from collections.abc import Callable
from pathlib import Path

import psutil

from pacsberry.archive import FileStore
from pacsberry.imaging.limits import Limits
from pacsberry.imaging.made import Made
from pacsberry.imaging.orders import Order, Product
from pacsberry.imaging.process import WorkerProcess

PREVIEW = Order(Product.PREVIEW)
# What a worker does that has started; each of these never was a decoder.
READY = """
# in the place of pacsberry.imaging.worker
import os, socket, sys, time
server = socket.socket(fileno=0)
REPLY = b'{"outcome":"%s","reason":"","length":0,"shape":[],"number_type":"","frames":1,"cpu_seconds":%d}'
server.send(REPLY % (b"ready", 0))
def take():
    message, descriptors, _, _ = socket.recv_fds(server, 65536, 2)
    if not message: sys.exit()
    for descriptor in descriptors: os.close(descriptor)
"""


class Folder(FileStore):
    """A storage whose files have names of our own."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, sync_files=False, with_md5=False, reserve_bytes=0)
        self.reported: list[str] = []
        self.report_to(self.reported.append)
        (path / "files").mkdir()

    def put(self, name: str, data: bytes) -> str:
        self.path(name).write_bytes(data)
        return name


def acting(script: str) -> Callable[[Limits], WorkerProcess]:
    """Starts workers that are ready and then run `script`."""
    return lambda limits: WorkerProcess(limits, program=("-c", READY + script))


def content(product: Made) -> bytes:
    with product.file as file:
        data = file.read()
    assert len(data) == product.length
    return data


def children() -> list[psutil.Process]:
    """The pixel workers of this process; other tests may have left other processes."""
    return [child for child in psutil.Process().children() if _is_worker(child)]


def _is_worker(child: psutil.Process) -> bool:
    try:
        return any("pacsberry.imaging" in part for part in child.cmdline())
    except psutil.NoSuchProcess:
        return False
