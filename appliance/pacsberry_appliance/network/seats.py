"""How many tablets a radio takes, by chip and firmware: what others measured, as nobody's data sheet says.

43455 (3B+, 4, 5): the stock firmware lets in 7 to 10, the one called "minimal" 19. 43430 (3B, Zero W): about 10. For
radios that are not known here the box says nothing.
"""

from dataclasses import dataclass

from pacsberry_appliance.network.radios import Radio
from pacsberry_appliance.system.running import Runner

ALTERNATIVE = "cyfmac43455-sdio.bin"  # as Raspberry Pi OS calls the choice of firmware of the 43455
_SEATS = {("43455", True): 19, ("43455", False): 8, ("43430", False): 10, ("43436", False): 10, ("43456", False): 8}


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


def seats(radio: Radio, now: Firmware) -> int | None:
    """How many tablets it takes, None when that is not known."""
    return _SEATS.get((radio.chip, now.is_minimal and radio.chip == "43455"))
