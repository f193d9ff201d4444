"""Pixel workers as processes: started on demand, few, gone when idle, and replaceable when an image kills one."""

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import psutil
import pytest
from pydicom.encaps import encapsulate

from pacsberry.archive import FileStore
from pacsberry.archive.forms import PACKED_SUFFIX
from pacsberry.errors import BadRequest, DamagedFile, NotUnderstood, UnknownResource
from pacsberry.imaging.failures import MOST, FailureMemory
from pacsberry.imaging.limits import Limits, PixelsFailed, TooManyPictures
from pacsberry.imaging.orders import Order, Product
from pacsberry.imaging.pictures import Made, Pictures
from pacsberry.imaging.pool import WorkerPool
from pacsberry.imaging.process import WorkerProcess
from pacsberry.imaging.waiting import WaitingProducts
from tests.makers import images as made
from tests.makers import make_instance
from tests.makers.images import make_image

PREVIEW = Order(Product.PREVIEW)
# What a worker does that has started; each of these never was a decoder.
READY = """
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


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path)


@pytest.fixture
def pictures(folder: Folder) -> Iterator[Pictures]:
    """With real workers."""
    made_here = Pictures(folder, Limits(seconds=10, idle_seconds=30))
    yield made_here
    made_here.stop()


def acting(script: str) -> Callable[[Limits], WorkerProcess]:
    """Starts workers that are ready and then run `script`."""
    return lambda limits: WorkerProcess(limits, program=("-c", READY + script))


def content(product: Made) -> bytes:
    with product.file as file:
        data = file.read()
    assert len(data) == product.length
    return data


def children() -> list[psutil.Process]:
    return [child for child in psutil.Process().children() if child.status() != psutil.STATUS_ZOMBIE]


def test_a_worker_makes_a_picture_and_stays_for_the_next(folder: Folder, pictures: Pictures) -> None:
    file = folder.put("a.dcm", make_instance("CT", rows=64, columns=64))

    first, again = content(pictures.make(file, PREVIEW)), content(pictures.make(file, PREVIEW))

    assert first.startswith(b"\x89PNG")
    assert first == again
    assert pictures.pool.count == 1


def test_a_packed_file_gives_the_same_picture(folder: Folder, pictures: Pictures) -> None:
    import gzip

    data = make_instance("CT", rows=64, columns=64)
    plain, packed = folder.put("a.dcm", data), folder.put("a.dcm" + PACKED_SUFFIX, gzip.compress(data))

    assert content(pictures.make(plain, PREVIEW)) == content(pictures.make(packed, PREVIEW))


def test_a_damaged_packed_file_is_told_as_such(folder: Folder, pictures: Pictures) -> None:
    import gzip

    packed = gzip.compress(make_instance("CT", rows=64, columns=64))
    file = folder.put("a.dcm" + PACKED_SUFFIX, packed[:-30] + packed[-8:])

    with pytest.raises(DamagedFile):
        pictures.make(file, PREVIEW)

    assert folder.reported == [file]


def test_a_file_shorter_than_the_index_says_is_damaged(folder: Folder, pictures: Pictures) -> None:
    data = make_instance("CT")
    file = folder.put("a.dcm", data[:-100])

    with pytest.raises(DamagedFile):
        pictures.make(file, PREVIEW, size=len(data))

    assert folder.reported == [file]


def test_numbers_come_with_their_type_and_shape(folder: Folder, pictures: Pictures) -> None:
    values = np.arange(12, dtype="i2").reshape(3, 4) - 5
    file = folder.put("a.dcm", make_image([values, values + 1], tags={"RescaleSlope": 2, "RescaleIntercept": 1}))

    stored = pictures.make(file, Order(Product.NUMBERS, frame=1))
    rescaled = pictures.make(file, Order(Product.NUMBERS, rescale=True))

    assert (stored.number_type, stored.shape, stored.frames) == ("<i2", (3, 4, 1), 2)
    assert np.array_equal(np.frombuffer(content(stored), "<i2").reshape(3, 4), values + 1)
    assert rescaled.number_type == "<f4"
    assert np.array_equal(np.frombuffer(content(rescaled), "<f4").reshape(3, 4), values * 2 + 1)


def _left() -> list[str]:
    """Workers, and the thread that looks after them."""
    threads = [thread.name for thread in threading.enumerate() if thread.name == "pixel-workers"]
    return [str(child.pid) for child in children()] + threads


def test_an_idle_worker_leaves_and_the_thread_that_watched_it_too(folder: Folder) -> None:
    pictures = Pictures(folder, Limits(idle_seconds=0.2))
    file = folder.put("a.dcm", make_instance("CT"))
    pictures.make(file, PREVIEW).file.close()

    assert children()
    for _ in range(200):
        if not _left():
            break
        time.sleep(0.02)

    assert not _left()
    pictures.make(file, PREVIEW).file.close()  # and one comes again
    pictures.stop()
    assert not children()


def test_there_are_never_more_workers_than_allowed_and_all_are_served(folder: Folder) -> None:
    pictures = Pictures(folder, Limits(workers=2))
    files = [folder.put(f"{n}.dcm", make_instance("CT", instance=n, rows=64, columns=64)) for n in range(12)]
    seen, done = [], []

    def ask(file: str) -> None:
        product = content(pictures.make(file, PREVIEW))
        seen.append(len(children()))
        done.append(product)

    threads = [threading.Thread(target=ask, args=(file,)) for file in files]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)

    assert len(done) == 12
    assert max(seen) <= 2
    pictures.stop()
    assert not children()


def test_an_unknown_frame_and_a_missing_file_are_unknown(folder: Folder, pictures: Pictures) -> None:
    file = folder.put("a.dcm", make_instance("CT"))

    with pytest.raises(UnknownResource):
        pictures.make(file, Order(Product.PREVIEW, frame=1))
    with pytest.raises(UnknownResource):
        pictures.make("b.dcm", PREVIEW)


HOSTILE = {
    "no DICOM at all": b"\0" * 500,
    "no pixels": make_instance("SR"),
    "a billion pixels": make_image(np.zeros((4, 4), "u1"), tags={"Rows": 65535, "Columns": 65535}),
    "a billion frames": make_image(np.zeros((4, 4), "u1"), tags={"NumberOfFrames": 10**9, "Rows": 4000}),
    "more rows than pixels": make_image(np.zeros((4, 4), "u2"), tags={"Rows": 4000, "Columns": 4000}),
    "opaque fragments": make_instance("CT", transfer_syntax=made.JPEG_2000),
    "video": make_instance("CT", transfer_syntax="1.2.840.10008.1.2.4.102"),
    "a truncated file": make_image(np.zeros((400, 400), "u2"))[:-1000],
    "a JPEG 2000 header of 4 billion columns": make_image(np.zeros((64, 64), "u1"), made.JPEG_2000).replace(
        bytes.fromhex("ff4fff5100290000") + b"\0\0\0\x40", bytes.fromhex("ff4fff5100290000") + b"\xff\xff\xff\xff"
    ),
    "a JPEG 2000 header of tiles without number": make_image(np.zeros((64, 64), "u1"), made.JPEG_2000).replace(
        b"\0\0\0\x40\0\0\0\x40\0\0\0\0\0\0\0\0\0\x01", b"\0\0\0\0\0\0\0\x01\0\0\0\0\0\0\0\0\0\x01"
    ),
    "a JPEG of 65535 x 65535": make_image(np.zeros((8, 8), "u1"), made.JPEG_BASELINE, tags={"Rows": 65535}).replace(
        b"\x08\0\x08\0\x08\x01", b"\x08\xff\xff\xff\xff\x01"
    ),
    "an RLE header that points outside": make_image(np.zeros((8, 8), "u1"), made.RLE).replace(
        b"\x01\0\0\0\x40\0\0\0", b"\x01\0\0\0\xff\xff\xff\x7f"
    ),
}


@pytest.mark.parametrize("what", HOSTILE)
def test_a_hostile_image_is_refused_with_a_reason_and_the_worker_lives_on(
    what: str, folder: Folder, pictures: Pictures
) -> None:
    good, bad = folder.put("good.dcm", make_instance("CT")), folder.put("bad.dcm", HOSTILE[what])
    before = content(pictures.make(good, PREVIEW))
    worker = children()

    with pytest.raises(NotUnderstood) as told:
        pictures.make(bad, PREVIEW)

    assert len(str(told.value)) > 10
    assert content(pictures.make(good, PREVIEW)) == before
    assert children() == worker


def test_an_image_that_takes_more_memory_than_a_worker_has_is_refused(folder: Folder) -> None:
    pictures = Pictures(folder, Limits(memory_bytes=200 << 20))
    large = folder.put("large.dcm", make_image(np.zeros((3000, 3000), "i4")))
    small = folder.put("small.dcm", make_instance("CT"))

    with pytest.raises(NotUnderstood, match="memory"):
        pictures.make(large, PREVIEW)

    assert content(pictures.make(small, PREVIEW))
    pictures.stop()


ENDS = {
    "took longer than 1": "take(); time.sleep(60)",
    "crashed (SIGSEGV)": "take(); os.kill(os.getpid(), 11)",
    "want of memory": "take(); os.kill(os.getpid(), 9)",
    "processor time": "take(); os.kill(os.getpid(), 24)",
    "ended (3)": "take(); os._exit(3)",
    "nonsense": "take(); server.send(b'[1]'); time.sleep(60)",
}


@pytest.mark.parametrize("reason", ENDS)
def test_a_worker_that_dies_of_an_image_is_replaced_and_the_image_remembered(reason: str, folder: Folder) -> None:
    now = [0.0]
    started: list[float] = []
    limits = Limits(seconds=1)

    def start(limits: Limits) -> WorkerProcess:
        started.append(now[0])
        return acting(ENDS[reason])(limits)

    failures = FailureMemory(seconds=300, clock=lambda: now[0])
    pool = WorkerPool(limits, start=start)
    pictures = Pictures(folder, limits, failures=failures, pool=pool)
    file = folder.put("a.dcm", b"x")
    begun = time.monotonic()

    told = []
    for now[0] in (0, 299, 301):
        with pytest.raises(PixelsFailed) as error:
            pictures.make(file, PREVIEW)
        told.append(str(error.value))
        assert pool.count == 0
        assert not children()

    assert reason in told[0]
    assert told == [told[0]] * 3
    assert started == [0, 301]  # in between it was remembered
    assert time.monotonic() - begun < 15
    pictures.stop()


def test_a_worker_killed_while_idle_costs_one_picture_at_most(folder: Folder, pictures: Pictures) -> None:
    file, other = folder.put("a.dcm", make_instance("CT")), folder.put("b.dcm", make_instance("CT"))
    pictures.make(file, PREVIEW).file.close()
    os.kill(children()[0].pid, signal.SIGKILL)
    time.sleep(0.05)

    assert content(pictures.make(other, PREVIEW))


def test_stopping_does_not_wait_for_an_image_that_takes_long(folder: Folder) -> None:
    pool = WorkerPool(Limits(), start=acting("take(); time.sleep(60)"))
    pictures = Pictures(folder, Limits(), pool=pool)
    file = folder.put("a.dcm", b"x")
    failed: list[PixelsFailed] = []

    def ask() -> None:
        with pytest.raises(PixelsFailed) as told:
            pictures.make(file, PREVIEW)
        failed.append(told.value)

    asking = [threading.Thread(target=ask) for _ in range(2)]  # one is served, one waits for its turn
    for thread in asking:
        thread.start()
    while not children():
        time.sleep(0.01)
    time.sleep(0.2)
    begun = time.monotonic()
    pictures.stop()
    for thread in asking:
        thread.join(5)

    assert time.monotonic() - begun < 3
    assert len(failed) == 2
    assert not children()


def test_an_order_does_not_wait_for_ever_for_a_free_worker(folder: Folder) -> None:
    pool = WorkerPool(Limits(waiting_seconds=0.1))
    pictures = Pictures(folder, Limits(), pool=pool)
    file = folder.put("a.dcm", make_instance("CT"))

    with pool.worker(), pytest.raises(TooManyPictures, match="came free"):
        pictures.make(file, PREVIEW)

    assert content(pictures.make(file, PREVIEW))
    pictures.stop()


def test_a_worker_is_the_first_to_go_and_the_last_to_be_served(folder: Folder, pictures: Pictures) -> None:
    pictures.make(folder.put("a.dcm", make_instance("CT")), PREVIEW).file.close()
    worker = children()[0]

    assert Path(f"/proc/{worker.pid}/oom_score_adj").read_text().strip() == "1000"
    assert worker.nice() > psutil.Process().nice()


def test_an_error_of_ours_in_a_worker_is_told_and_ends_it(folder: Folder) -> None:
    script = 'take(); server.send((REPLY % (b"broken", 0)).replace(b\'"reason":""\', b\'"reason":"KeyError: 7"\'))'
    pool = WorkerPool(Limits(), start=acting(script))
    pictures = Pictures(folder, Limits(), pool=pool)

    with pytest.raises(PixelsFailed, match="KeyError: 7"):
        pictures.make(folder.put("a.dcm", b"x"), PREVIEW)

    assert not children()


def test_a_worker_that_has_used_its_share_of_cpu_time_is_replaced(folder: Folder) -> None:
    script = 'while True:\n  take(); server.send(REPLY % (b"made", 21))'
    pool = WorkerPool(Limits(seconds=20), start=acting(script))
    pictures = Pictures(folder, Limits(seconds=20), pool=pool)

    pictures.make(folder.put("a.dcm", b"x"), PREVIEW).file.close()

    assert pool.count == 0
    assert not children()


def test_a_program_that_does_not_start_is_told_and_nothing_is_held_against_the_image(folder: Folder) -> None:
    limits = Limits()
    starts = [lambda limits: WorkerProcess(limits, program=("-c", "raise SystemExit(1)")), WorkerProcess]
    pool = WorkerPool(limits, start=lambda limits: starts.pop(0)(limits))
    pictures = Pictures(folder, limits, pool=pool)
    file = folder.put("a.dcm", make_instance("CT"))

    with pytest.raises(PixelsFailed, match="does not start"):
        pictures.make(file, PREVIEW)

    assert content(pictures.make(file, PREVIEW))
    pictures.stop()


def test_a_worker_ends_with_the_server(folder: Folder) -> None:
    import subprocess
    import sys

    script = (
        "from pacsberry.imaging.process import WorkerProcess; from pacsberry.imaging.limits import Limits; import os;"
        "w = WorkerProcess(Limits()); print(w.pid, flush=True); os.kill(os.getpid(), 9)"
    )
    path = str(Path(__file__).parents[2] / "server")
    done = subprocess.run([sys.executable, "-c", script], env={"PYTHONPATH": path}, capture_output=True, check=False)

    pid = int(done.stdout)
    for _ in range(200):
        if not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
            return
        time.sleep(0.02)
    pytest.fail("the worker is still there")


def test_a_size_that_is_too_large_is_a_bad_request_and_not_held_against_the_image(
    folder: Folder, pictures: Pictures
) -> None:
    file = folder.put("a.dcm", make_instance("CT"))

    with pytest.raises(BadRequest):
        pictures.make(file, Order(Product.RENDERED, fit_width=10**6))

    assert content(pictures.make(file, Order(Product.RENDERED)))


def test_what_one_product_is_refused_for_does_not_stop_another(folder: Folder, pictures: Pictures) -> None:
    file = folder.put("a.dcm", make_image(np.zeros((4, 4, 3), "u1")))

    with pytest.raises(NotUnderstood):
        pictures.make(file, Order(Product.UINT8))

    assert content(pictures.make(file, PREVIEW))


def test_pictures_that_nobody_fetches_leave_no_room_for_more(folder: Folder) -> None:
    pictures = Pictures(folder, Limits())
    pictures.waiting = WaitingProducts(most_bytes=1000)
    file = folder.put("a.dcm", make_instance("CT", rows=64, columns=64))
    first = pictures.make(file, Order(Product.NUMBERS))

    with pytest.raises(TooManyPictures, match="try again"):
        pictures.make(file, PREVIEW)
    first.file.close()

    assert pictures.waiting.bytes == 0
    assert content(pictures.make(file, PREVIEW))
    assert pictures.waiting.bytes == 0
    pictures.stop()


def test_remembered_failures_are_few() -> None:
    failures = FailureMemory()

    for number in range(MOST + 10):
        failures.remember(("file", number, "preview"), NotUnderstood("no"))

    failures.raise_remembered(("file", 9, "preview"))
    with pytest.raises(NotUnderstood):
        failures.raise_remembered(("file", 10, "preview"))


def test_one_frame_of_a_large_file_does_not_need_the_memory_of_all(folder: Folder) -> None:
    pictures = Pictures(folder, Limits(memory_bytes=200 << 20))
    head = make_image([np.full((512, 512), n, "u2") for n in (1, 2)], tags={"NumberOfFrames": 600})
    frames = 600 * 512 * 512 * 2
    start = head.index(b"\xe0\x7f\x10\x00OW") + 8
    name = folder.put("large.dcm", head[:start] + frames.to_bytes(4, "little") + head[start + 4 :])
    with folder.path(name).open("r+b") as file:
        file.truncate(start + 4 + frames)  # 300 MB, of which the card holds one

    product = pictures.make(name, Order(Product.NUMBERS, frame=599))

    assert content(product) == bytes(512 * 512 * 2)
    assert max(child.memory_info().rss for child in children()) < 60 << 20
    pictures.stop()


def test_the_server_process_imports_no_numpy_for_pictures() -> None:
    import subprocess
    import sys

    script = "import sys, pacsberry.imaging.pictures; print({'numpy', 'imagecodecs', 'subprocess'} & set(sys.modules))"
    path = str(Path(__file__).parents[2] / "server")

    done = subprocess.run(
        [sys.executable, "-c", script], env={"PYTHONPATH": path}, capture_output=True, check=True, text=True
    )

    assert done.stdout.strip() == "set()"


@pytest.mark.parametrize("syntax", [*made.LOSSLESS, made.JPEG_BASELINE, made.JPEG_EXTENDED, made.HTJ2K_LOSSY])
@pytest.mark.parametrize("rounds", [25, pytest.param(500, marks=pytest.mark.proof)])
def test_bytes_gone_bad_in_a_stream_give_a_picture_or_a_reason(rounds: int, syntax: str, folder: Folder) -> None:
    pictures = Pictures(folder, Limits(seconds=5))
    values = np.random.default_rng(1).integers(0, 200, (24, 24), dtype="u1")
    stream = made.compress(values, syntax, bits=8)
    random = np.random.default_rng(2)
    answered = 0
    for number in range(rounds):
        broken = bytearray(stream)
        for _ in range(1 + number % 4):
            broken[int(random.integers(2, len(broken)))] = int(random.integers(0, 256))
        file = folder.put(f"{number}.dcm", make_image(values, syntax, tags={"PixelData": encapsulate([bytes(broken)])}))

        try:
            answered += bool(content(pictures.make(file, PREVIEW)))
        except (NotUnderstood, PixelsFailed) as error:
            answered += len(str(error)) > 10

    assert answered == rounds
    pictures.stop()
    assert not children()
