"""Records a card while a server works on it, from the server's first start to its end."""

import contextlib
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from tests.flows.house import Process, as_process
from tests.power.card import make_file_system, mounted, recorded
from tests.power.images import copy
from tests.power.ledger import Ledger
from tests.power.loads import Load, Scene, program
from tests.power.log import CardLog

STORAGE = "storage"  # the storage folder's name on the card
_SECONDS_BEFORE = 0.5
_AS_LARGE_AS_NEEDED = {"Pacsberry": {"KeepFreeMB": 0, "KeepFreePercent": 0}}  # nobody goes for want of room


@dataclass(frozen=True, slots=True)
class Scenario:
    """What goes on while the card is recorded."""

    name: str
    loads: Sequence[Load]
    settings: Mapping[str, object] = field(default_factory=dict)
    seconds: float = 4.0
    before: Sequence[Load] = ()  # what had gone on before the recording
    change: Callable[[Path, Ledger], None] | None = None  # and what then became of the storage folder
    command: Sequence[str] = ()  # of ours, carried out on the stopped storage when the recording begins


@dataclass(frozen=True, slots=True)
class Recording:
    """A finished recording."""

    scenario: Scenario
    folder: Path
    log: CardLog
    base: Path  # the card before the first record
    ledger: Ledger


def record(scenario: Scenario, folder: Path) -> Recording:
    """Run the loads against a server on a fresh card."""
    folder.mkdir(exist_ok=True)
    base, image, log = folder / "base.img", folder / "card.img", folder / "card.log"
    ledger = Ledger()
    make_file_system(base)
    if scenario.before:
        with mounted(base, folder / "mounted") as point:
            with serving(folder, point, scenario.settings) as house:
                _run(scenario.before, _SECONDS_BEFORE, Scene(house, ledger, threading.Event(), point))
                house.terminate()
            if scenario.change is not None:
                scenario.change(point / STORAGE, ledger)
    copy(base, image)
    with recorded(image, log, folder / "mounted") as point:
        if scenario.command:
            program(*scenario.command, "--data", point / STORAGE)
        with serving(folder, point, scenario.settings) as house:
            _run(scenario.loads, scenario.seconds, Scene(house, ledger, threading.Event(), point))
            assert house.terminate() == 0, "".join(house.log)
    image.unlink()
    return Recording(scenario, folder, CardLog(log), base, ledger)


@contextlib.contextmanager
def serving(folder: Path, card: Path, settings: Mapping[str, object]) -> Iterator[Process]:
    """A server whose storage is on the card, its configuration beside it in `folder`."""
    with as_process(folder, {"StorageDirectory": str(card / STORAGE), **_AS_LARGE_AS_NEEDED, **settings}) as house:
        yield house


def _run(loads: Sequence[Load], seconds: float, scene: Scene) -> None:
    with ThreadPoolExecutor(len(loads)) as pool:
        running = [pool.submit(load, scene) for load in loads]
        try:
            scene.over.wait(seconds)
        finally:
            scene.over.set()
        for load in running:
            load.result()
