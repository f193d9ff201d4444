"""NetworkManager, asked through nmcli: is it there, which profiles are up, bring one up."""

import time
from collections.abc import Callable

from pacsberry_appliance.system.running import Ran, Runner


class Manager:
    """The few questions and orders there are."""

    def __init__(self, runner: Runner, *, sleep: Callable[[float], None] = time.sleep) -> None:
        self._runner = runner
        self._sleep = sleep

    def wait(self, seconds: int) -> bool:
        """Whether it answers within that time."""
        for _ in range(max(1, seconds)):
            if self._runner.ask("nmcli", "-t", "-f", "RUNNING", "general", seconds=10).output.strip() == "running":
                return True
            self._sleep(1)
        return False

    def active(self) -> set[str]:
        """The profiles that are up."""
        output = self._runner.ask(
            "nmcli", "-t", "-f", "STATE,NAME", "connection", "show", "--active", seconds=10
        ).output
        return {
            name for state, _, name in (line.partition(":") for line in output.splitlines()) if state == "activated"
        }

    def wait_for(self, profiles: tuple[str, ...], seconds: int) -> str:
        """The first of the profiles that is up within that time; empty when none is."""
        for _ in range(max(1, seconds)):
            up = self.active()
            for name in profiles:
                if name in up:
                    return name
            self._sleep(1)
        return ""

    def reload(self) -> None:
        """Have it read the profiles again."""
        self._runner.ask("nmcli", "connection", "reload", seconds=20)

    def up(self, profile: str, *, interface: str = "", seconds: int = 40) -> Ran:
        """Bring a profile up; a profile that is up already is brought up anew, with what changed in it."""
        where = ("ifname", interface) if interface else ()
        return self._runner.ask(
            "nmcli", "-w", str(seconds), "connection", "up", "id", profile, *where, seconds=seconds + 10
        )

    def down(self, profile: str) -> None:
        """Take a profile down; it need not be up."""
        self._runner.ask("nmcli", "-w", "20", "connection", "down", "id", profile, seconds=30)
