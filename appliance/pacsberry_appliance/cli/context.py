"""What every verb needs, built once: places, runner, NetworkManager, the settings in force."""

import os
import sys
from dataclasses import dataclass, field
from pathlib import Path

from pacsberry_appliance.box import Settings, store
from pacsberry_appliance.errors import BoxError
from pacsberry_appliance.network import trial
from pacsberry_appliance.network.manager import Manager
from pacsberry_appliance.system.places import Places
from pacsberry_appliance.system.running import Runner


class NeedsRoot(BoxError):
    """The verb changes the system."""


@dataclass(slots=True)
class Context:
    """Handed to each verb."""

    places: Places
    runner: Runner
    manager: Manager = field(init=False)
    command: str = "pacsberry-box"  # as a timer of systemd has to call it

    def __post_init__(self) -> None:
        self.manager = Manager(self.runner)

    @classmethod
    def here(cls, root: Path) -> "Context":
        """That of this computer."""
        return cls(Places.of(root), Runner(), command=str(Path(sys.argv[0]).resolve()))

    def stored(self) -> Settings:
        """The settings that hold after a reboot."""
        self.need_root()
        return store.load(self.places.settings).settings

    def settings(self) -> Settings:
        """The settings in force: those on trial, if there are any."""
        self.need_root()
        return trial.waiting(self.places) or self.stored()

    def need_root(self) -> None:
        """Raise NeedsRoot for others: the settings hold passwords."""
        if os.geteuid() != 0:
            raise NeedsRoot("This needs root: type  sudo pacsberry-box …")
