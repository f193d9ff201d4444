"""Pixel workers as processes: started on demand, few, gone when idle, and replaceable when an image kills one."""

import os
import signal
import threading
import time
from pathlib import Path

import psutil
import pytest

from pacsberry.imaging.failures import FailureMemory
from pacsberry.imaging.limits import Limits, PixelsFailed, TooManyPictures
from pacsberry.imaging.pictures import Pictures
from pacsberry.imaging.pool import WorkerPool
from pacsberry.imaging.process import WorkerProcess
from tests.imaging.aids import PREVIEW, Folder, acting, children, content
from tests.makers import make_instance


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
    pictures.stop()


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
