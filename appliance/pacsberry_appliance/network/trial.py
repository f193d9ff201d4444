"""A change of the network that takes itself back: whoever made it over that network may have locked himself out.

1. the new settings are written below /run, where a reboot forgets them   2. a timer of systemd is started
3. the change is made   4. `confirm` keeps it and stops the timer; else the timer runs `revert`
"""

import json
from dataclasses import replace

from pacsberry_appliance.box import Settings, store
from pacsberry_appliance.errors import BoxError
from pacsberry_appliance.system import files
from pacsberry_appliance.system.places import Places
from pacsberry_appliance.system.running import Runner

UNIT = "pacsberry-network-revert"
_LARGEST_BYTES = 256 << 10


class NothingToConfirm(BoxError):
    """No change is waiting."""


def begin(places: Places, settings: Settings, runner: Runner, *, seconds: int, command: str) -> None:
    """Steps 1 and 2; raises CannotRun when there is no timer, and then nothing has changed."""
    files.replace(places.trial, json.dumps(store.as_json(settings)) + "\n", mode=0o600)
    _stop_timer(runner)
    try:
        runner.run(
            "systemd-run", "--quiet", "--collect", f"--unit={UNIT}", f"--on-active={seconds}",
            "--timer-property=AccuracySec=1s", command, "network", "revert",
        )  # fmt: skip
    except BoxError:
        files.remove(places.trial)
        raise


def waiting(places: Places) -> Settings | None:
    """The settings on trial, None when there are none."""
    raw = files.read_small(places.trial, _LARGEST_BYTES)
    if raw is None:
        return None
    try:
        return store.of_json(json.loads(raw))
    except (ValueError, TypeError, AttributeError):
        return None


def confirm(places: Places, runner: Runner) -> Settings:
    """Keep the change; raises NothingToConfirm."""
    settings = waiting(places)
    if settings is None:
        raise NothingToConfirm("No change is waiting to be confirmed: it was confirmed before, or has been taken back.")
    store.save(places.settings, replace(store.load(places.settings), settings=settings))
    files.remove(places.trial)
    _stop_timer(runner)
    return settings


def end(places: Places, runner: Runner) -> bool:
    """Forget the change; whether there was one. The caller then makes the stored settings so."""
    was_there = files.remove(places.trial)
    _stop_timer(runner)
    return was_there


def _stop_timer(runner: Runner) -> None:
    runner.ask("systemctl", "stop", f"{UNIT}.timer", seconds=10)
