"""Chooses the moments at which the plug is pulled, and tries them."""

import random
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from tests.power.comparing import faults_after
from tests.power.images import Images
from tests.power.log import Cut, Manner
from tests.power.recording import Recording

_AT_ONCE = 2


@dataclass(frozen=True, slots=True)
class Outcome:
    """A cut and what was wrong after it; the image is kept when something was."""

    scenario: str
    cut: Cut
    image: Path
    faults: list[str]

    def __str__(self) -> str:
        return f"{self.scenario}, {self.cut}, card kept as {self.image}:\n  " + "\n  ".join(self.faults)


def choose_cuts(recording: Recording, count: int, seed: int) -> list[Cut]:
    """In ascending order. Of three, one is anywhere, one where much is unsynced, one just after an answer."""
    choice = random.Random(seed)
    log = recording.log
    full = log.before_syncs()
    told = [position for at_ns in recording.ledger.told_moments() if (position := log.position_at(at_ns))]
    ways = (lambda: choice.randint(0, len(log.records)), lambda: choice.choice(full), lambda: choice.choice(told))
    manners = list(Manner)
    cuts = [Cut(ways[number % 3](), choice.choice(manners), choice.randrange(2**32)) for number in range(count)]
    return sorted(cuts, key=lambda cut: cut.position)


def try_cuts(recording: Recording, cuts: list[Cut]) -> list[Outcome]:
    """Those after which something was wrong."""
    images = Images(recording.log, recording.base, recording.folder)

    def attempt(number: int, cut: Cut, image: Path) -> Outcome:
        faults = faults_after(recording, cut.position, image, recording.folder / f"cut-{number}")
        if not faults:
            image.unlink()
        return Outcome(recording.scenario.name, cut, image, faults)

    outcomes = []
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        for first in range(0, len(cuts), _AT_ONCE):
            running = []
            for number, cut in enumerate(cuts[first : first + _AT_ONCE], start=first):
                image = recording.folder / f"cut-{number}.img"
                images.make(cut, image)
                running.append(pool.submit(attempt, number, cut, image))
            outcomes += [one.result() for one in running]
    return [outcome for outcome in outcomes if outcome.faults]
