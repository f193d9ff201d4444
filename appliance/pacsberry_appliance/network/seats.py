"""How many tablets a radio takes, by chip and firmware: what others measured, as nobody's data sheet says.

43455 (3B+, 4, 5): the stock firmware lets in 7 to 10, the one called "minimal" 19. 43430 (3B, Zero W): about 10. For
radios that are not known here the box says nothing.
"""

import re
from dataclasses import dataclass
from pathlib import Path

from pacsberry_appliance.network.radios import Radio
from pacsberry_appliance.system.running import Runner

ALTERNATIVE = "cyfmac43455-sdio.bin"  # as Raspberry Pi OS calls the choice of firmware of the 43455
_CHIP = "43455"
_SEATS = {(_CHIP, True): 19, (_CHIP, False): 8, ("43430", False): 10, ("43436", False): 10, ("43456", False): 8}
_LAST_BYTES = 4096  # of a firmware: its last line tells what it is, "… Version: 7.45.234 … FWID 01-996384e2"
_ID = re.compile(r"\d\d-[0-9a-f]{6,8}")


@dataclass(frozen=True, slots=True)
class Firmware:
    """Which firmware of the 43455 is chosen, where there is a choice."""

    chosen: str = ""  # path; empty: there is no choice
    minimal: str = ""  # path of the one with more seats; empty: it is not installed

    @property
    def is_minimal(self) -> bool:
        """Whether the one with more seats is chosen."""
        return bool(self.minimal) and self.chosen == self.minimal


def firmware(runner: Runner) -> Firmware:
    """What update-alternatives says; nothing on Debian, which ships one variant only."""
    ran = runner.ask("update-alternatives", "--query", ALTERNATIVE, seconds=5)
    chosen = minimal = ""
    for line in ran.output.splitlines() if ran.is_fine else ():
        name, _, value = line.partition(": ")
        if name == "Value":
            chosen = value.strip()
        elif name == "Alternative" and "minimal" in value:
            minimal = value.strip()
    return Firmware(chosen, minimal)


def choose_minimal(runner: Runner, now: Firmware) -> bool:
    """Have the radio load the firmware with more seats from its next start on; whether that changed anything."""
    if not now.minimal or now.is_minimal:
        return False
    return runner.ask("update-alternatives", "--set", ALTERNATIVE, now.minimal, seconds=10).is_fine


def runs_minimal(root: Path, radio: Radio, now: Firmware, version: str) -> bool | None:
    """Whether the radio really runs the one with more seats: chosen is not loaded. None: no choice, or not to be known.

    The driver tells as `version` the number that stands at the end of the file it has loaded.
    """
    told = _ID.findall(version)
    if radio.chip != _CHIP or not now.minimal or not told:
        return None
    try:
        with (root / now.minimal.lstrip("/")).open("rb") as file:
            file.seek(max(0, file.seek(0, 2) - _LAST_BYTES))
            end = file.read()
    except OSError:
        return None
    return f"FWID {told[-1]}".encode() in end


def seats(radio: Radio, now: Firmware, *, runs_it: bool | None = None) -> int | None:
    """How many tablets it takes, None when that is not known. `runs_it`: the answer of `runs_minimal`."""
    takes_more = now.is_minimal if runs_it is None else runs_it
    return _SEATS.get((radio.chip, takes_more and radio.chip == _CHIP))
