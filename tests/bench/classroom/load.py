"""`python -m tests.bench.classroom.load PLAN.json`: a class, in the network namespace this program is started in.

All pupils begin at the same moment. Who has the whole stack, or has waited long enough, waits for the others; then the
class stops together at some slices, as a teacher has it do. What each saw is printed as JSON.
"""

import asyncio
import json
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Self

from tests.bench.classroom.http import Browser
from tests.bench.classroom.packs import Prepared
from tests.bench.classroom.ways import Frames, Rendered, Series, Way, WebViewer
from tests.bench.failures import BenchFailure

WAYS: dict[str, type[Way]] = {
    "prepared": Prepared,
    "frames": Frames,
    "rendered": Rendered,
    "web-viewer": WebViewer,
}
_PAUSE_SECONDS = 1.0  # from one stop to the next
_PATIENCE_SECONDS = 120.0  # with a slice at full depth


@dataclass(frozen=True, slots=True)
class Plan:
    """What the class is to do."""

    host: str
    port: int
    way: str
    addresses: Sequence[str]  # one for each pupil
    series: Series
    longest_seconds: float  # after which the rest of the stack is not waited for
    stops: Sequence[int]  # slices
    takes_gzip: bool = True

    def to_json(self) -> str:
        """For the program's argument."""
        return json.dumps(asdict(self))

    @classmethod
    def of_json(cls, text: str) -> Self:
        """The same again."""
        told = json.loads(text)
        return cls(**{**told, "series": Series(**told["series"])})


@dataclass(slots=True)
class Pupil:
    """What one pupil saw; seconds since all began."""

    first_picture: float | None = None
    first_bytes: int = 0  # carried until then
    whole_stack: float | None = None
    slices: int = 0  # seen when the rest was not waited for any longer, or all
    slices_bytes: int = 0  # carried for these
    opened_seconds: float = 0.0  # until then
    opened_bytes: int = 0
    stops: list[float] = field(default_factory=list)  # seconds from the stop to the slice at full depth
    stops_bytes: int = 0
    connections: int = 0
    problem: str = ""


def main() -> int:
    """Runs the plan."""
    plan = Plan.of_json(Path(sys.argv[1]).read_text())
    print(json.dumps([asdict(pupil) for pupil in asyncio.run(attend(plan))]))
    return 0


def of_output(text: str) -> list[Pupil]:
    """What `main` has printed."""
    return [Pupil(**told) for told in json.loads(text)]


async def attend(plan: Plan) -> list[Pupil]:
    """The whole lesson."""
    pupils = [Pupil() for _ in plan.addresses]
    browsers = [Browser(plan.host, plan.port, address, plan.takes_gzip) for address in plan.addresses]
    ways = [WAYS[plan.way](plan.series, browser) for browser in browsers]
    begun = time.monotonic()
    await asyncio.gather(*(_open(plan, pupil, way, begun) for pupil, way in zip(pupils, ways, strict=True)))
    for number in plan.stops:
        await asyncio.sleep(_PAUSE_SECONDS)
        begun = time.monotonic()
        await asyncio.gather(*(_stop(number, pupil, way, begun) for pupil, way in zip(pupils, ways, strict=True)))
    for pupil, browser in zip(pupils, browsers, strict=True):
        pupil.stops_bytes = browser.carried_bytes - pupil.opened_bytes
        pupil.connections = browser.opened
        browser.close()
    return pupils


async def _open(plan: Plan, pupil: Pupil, way: Way, begun: float) -> None:
    try:
        async with asyncio.timeout(plan.longest_seconds):
            await way.open()
            pupil.first_picture = time.monotonic() - begun
            pupil.first_bytes = way.browser.carried_bytes
            await way.rest()
            pupil.whole_stack = time.monotonic() - begun
    except TimeoutError:
        if pupil.first_picture is None:
            pupil.problem = f"no picture within {plan.longest_seconds:.0f} s"
    except Exception as failure:  # noqa: BLE001 (the top of a pupil: the class goes on)
        pupil.problem = _reason(failure)
    pupil.slices, pupil.slices_bytes = len(way.seen), way.seen_bytes
    pupil.opened_seconds = time.monotonic() - begun
    pupil.opened_bytes = way.browser.carried_bytes


async def _stop(number: int, pupil: Pupil, way: Way, begun: float) -> None:
    if pupil.problem:
        return
    try:
        async with asyncio.timeout(_PATIENCE_SECONDS):
            await way.full_depth(number)
            pupil.stops.append(time.monotonic() - begun)
    except TimeoutError:
        pupil.problem = f"no slice at full depth within {_PATIENCE_SECONDS:.0f} s"
    except Exception as failure:  # noqa: BLE001 (as above)
        pupil.problem = _reason(failure)


def _reason(failure: BaseException) -> str:
    while isinstance(failure, BaseExceptionGroup):
        failure = failure.exceptions[0]
    return str(failure) if isinstance(failure, BenchFailure) else repr(failure)


if __name__ == "__main__":
    sys.exit(main())
