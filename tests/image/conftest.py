"""The image under test, a copy of it with a door for the tests, and machines to put it into.

`make test-image` runs several of these tests side by side (pytest-xdist), because each of them waits most of the time.
"""

import fcntl
import json
import os
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.image.card import Card, overlay
from tests.image.door import add_door
from tests.image.guest import Guest, Machine

FIGURES = ROOT / "dist" / "image-figures.json"
"""What was measured in the last run."""

_ORDER = ("test_power", "test_boot", "test_wifi", "test_network", "test_first_boot", "test_files")
"""The modules whose tests take longest come first, so that no machine is left over at the end."""

_ONE_MACHINE = ("test_wifi", "test_boot", "test_files")
"""Modules whose tests share a machine, or a tree that takes its time to read: one process takes them all."""

_BEGUN = pytest.StashKey[float]()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything in this folder is of `make test-image`: it takes minutes and needs a built image."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            shared = item.path.stem in _ONE_MACHINE and "plug" not in getattr(item, "fixturenames", ())
            item.add_marker(pytest.mark.image)
            item.add_marker(pytest.mark.xdist_group(item.path.stem if shared else item.name))
    if all(here in item.path.parents for item in items):
        items.sort(key=lambda item: _ORDER.index(item.path.stem))


def pytest_sessionstart(session: pytest.Session) -> None:
    """Figures of another image are not mixed with those of this one."""
    if session.config.option.markexpr == "image" and not hasattr(session.config, "workerinput"):
        FIGURES.unlink(missing_ok=True)
        session.config.stash[_BEGUN] = time.monotonic()


def pytest_sessionfinish(session: pytest.Session) -> None:
    """The length of the whole run is a figure, too."""
    begun = session.config.stash.get(_BEGUN, None)
    if begun is not None and not hasattr(session.config, "workerinput"):
        note("all tests: minutes", (time.monotonic() - begun) / 60)


def note(name: str, value: float | str) -> None:
    """Note a measured figure under a name; tests that run side by side do so one after the other."""
    FIGURES.parent.mkdir(exist_ok=True)
    with FIGURES.open("a+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.seek(0)
        figures = json.loads(file.read() or "{}")
        figures[name] = round(value, 1) if isinstance(value, float) else value
        file.seek(0)
        file.truncate()
        file.write(json.dumps(figures, indent=1, sort_keys=True) + "\n")


@pytest.fixture(scope="session")
def packed() -> Path:
    """The file that is published: PACSBERRY_IMAGE, or the newest in dist/. Its papers lie beside it."""
    named = os.environ.get("PACSBERRY_IMAGE")
    found = [Path(named)] if named else [*(ROOT / "dist").glob("*.img.zst"), *(ROOT / "dist").glob("*.img.xz")]
    if not found:
        pytest.fail("There is no image to test: make image", pytrace=False)
    return max(found, key=lambda path: path.stat().st_mtime)


@pytest.fixture(scope="session")
def scratch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for cards: some GB, most of it holes."""
    return tmp_path_factory.mktemp("image")


@pytest.fixture(scope="session")
def card(packed: Path, scratch: Path) -> Card:
    """The card as somebody flashes it."""
    target = scratch / packed.stem
    tool = {".zst": ["zstd", "-dq", "--sparse"], ".xz": ["xz", "-dk"]}[packed.suffix]
    with target.open("wb") as out:
        if packed.suffix == ".xz":
            subprocess.run([*tool, "--stdout", packed], stdout=out, check=True)
        else:
            subprocess.run([*tool, "-f", packed, "-o", target], check=True)
    return Card(target)


@pytest.fixture(scope="session")
def door_key(card: Card, scratch: Path) -> Path:
    """The private key to the door of `test_card`, which is made with it."""
    return add_door(card.path, scratch / "test-card.img", scratch)


@pytest.fixture(scope="session")
def test_card(door_key: Path, scratch: Path) -> Card:
    """The card with the door of the tests in it; nobody writes to it, guests get an overlay."""
    assert door_key.exists()
    return Card(scratch / "test-card.img")


@pytest.fixture(scope="session")
def door_port() -> Callable[[], int]:
    """A function: a TCP port of 127.0.0.1 for a machine, its own until the end, also while the machine is off."""
    worker = os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")
    ports = iter(range(20000 + 500 * int(worker), 20500 + 500 * int(worker)))  # below those that the kernel gives away

    def choose() -> int:
        for port in ports:
            try:
                socket.create_server(("127.0.0.1", port)).close()
            except OSError:
                continue
            return port
        pytest.fail("No port is free.", pytrace=False)

    return choose


@pytest.fixture
def plug(
    test_card: Card,
    door_key: Path,
    tmp_path: Path,
    door_port: Callable[[], int],
) -> Iterator[Callable[..., Guest]]:
    """A function: put a card into a machine. A fresh card, unless one is given; all are off at the end."""
    machines: list[Guest] = []

    def make(machine: Machine, card: Path | None = None, network: tuple[str, ...] = (), append: str = "") -> Guest:
        place = card or overlay(test_card.path, tmp_path / f"card-{len(machines)}.qcow2")
        folder = tmp_path / f"machine-{len(machines)}"
        guest = Guest(place, test_card.path, machine, door_key, folder, door_port(), network, append)
        machines.append(guest)
        return guest

    yield make
    for guest in machines:
        guest.power_cut()


@pytest.fixture(scope="session")
def figure() -> Callable[[str, float | str], None]:
    """A function: note a measured figure under a name, in dist/image-figures.json."""
    return note
