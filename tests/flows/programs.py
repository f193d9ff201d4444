"""The programs of others that people use with a PACS: DCMTK, pynetdicom's apps, curl."""

import contextlib
import re
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

HERE = "127.0.0.1"


def run(*command: object, fails: bool = False) -> str:
    """Run a program; what it printed.  An assertion when it fails, or does not although it should."""
    done = subprocess.run(
        [str(word) for word in command], capture_output=True, text=True, errors="replace", timeout=120, check=False
    )
    printed = done.stdout + done.stderr
    assert (done.returncode != 0) == fails, printed
    return printed


def pynetdicom(app: str, *arguments: object) -> str:
    """Run one of the apps inside pynetdicom's wheel."""
    return run(sys.executable, "-W", "ignore", "-m", "pynetdicom", app, *arguments)


def curl(*arguments: object, fails: bool = False) -> str:
    """Run curl, quiet but for errors, with a short patience and no proxy."""
    return run("curl", "-sS", "--noproxy", "*", "--max-time", "60", *arguments, fails=fails)


def keys(**query: str) -> list[str]:
    """The query of DCMTK's and pynetdicom's programs: -k Keyword=value for each."""
    words = []
    for keyword, value in query.items():
        words += ["-k", f"{keyword}={value}"]
    return words


def found(printed: str, keyword: str) -> list[str]:
    """The values of an attribute in what findscu printed of its answers, sorted."""
    answers = re.split(r"Find Response: \d+", printed)[1:]
    values = []
    for answer in answers:
        shown = re.search(rf"(?:\[(.*?)\]|\(no value available\)).*# .*\b{keyword}\b", answer)
        if shown:
            values.append((shown[1] or "").strip(" \0"))
    return sorted(values)


def write_files(folder: Path, contents: Iterable[bytes]) -> list[Path]:
    """Put each of `contents` into a file of its own, in a new folder."""
    folder.mkdir()
    paths = []
    for number, content in enumerate(contents):
        paths.append(folder / f"{number:04}.dcm")
        paths[-1].write_bytes(content)
    return paths


@contextlib.contextmanager
def storescp(folder: Path, port: int, *options: str) -> Iterator[Path]:
    """DCMTK's storescp called SINK, which writes what comes, bit by bit as it came, into `folder`."""
    folder.mkdir()
    command = ["storescp", "+xa", "+B", *options, "-aet", "SINK", "-od", str(folder), str(port)]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as process:
        try:
            wait_until(lambda: _listens(port))
            yield folder
        finally:
            process.terminate()
            process.wait(20)


def wait_until(condition: Callable[[], bool], seconds: float = 20.0) -> None:
    """Return when `condition` is true; an assertion when it takes too long."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


def _listens(port: int) -> bool:
    with socket.socket() as knocking:
        return knocking.connect_ex((HERE, port)) == 0
