"""Two DHCP servers on one cable bring a school's network down, so ours starts only where there is none.

1. the cable carries nothing but our question   2. nobody answers: ours starts   3. half a minute later, asked again
(a switch may have been deaf at first)           4. somebody answers: ours stops, the box becomes a client there
"""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass

from pacsberry_appliance.box import Mode, Settings
from pacsberry_appliance.network import foreign_dhcp
from pacsberry_appliance.network.manager import Manager
from pacsberry_appliance.network.plan import ETHERNET, EXTERNAL
from pacsberry_appliance.system import files
from pacsberry_appliance.system.places import Places

_DEAF_SECONDS = 30  # spanning tree: 15 s listening and 15 s learning


@dataclass(frozen=True, slots=True)
class Guarded:
    """What was found behind a cable."""

    interface: str
    foreign: str = ""  # address of the other server


def guard(
    places: Places,
    settings: Settings,
    interface: str,
    manager: Manager,
    *,
    ask: Callable[..., set[str]] = foreign_dhcp.servers,
    sleep: Callable[[float], None] = time.sleep,
) -> Guarded | None:
    """Open the class network on a cable, or not; None when the mode is another one."""
    if settings.mode is not Mode.EXTERNAL_ACCESS_POINT:
        return None
    own = frozenset({settings.address})
    foreign = ask(interface, own=own)
    if not foreign:
        manager.up(EXTERNAL, interface=interface)
        sleep(_DEAF_SECONDS)
        foreign = ask(interface, own=own)
    if foreign:
        manager.up(ETHERNET, interface=interface)  # which takes the other profile down on this interface
    found = Guarded(interface, min(foreign, default=""))
    files.replace(places.run / "guard.json", json.dumps({"interface": interface, "foreign": found.foreign}) + "\n")
    return found


def last_found(places: Places) -> Guarded | None:
    """What the guard wrote down in this boot."""
    raw = files.read_small(places.run / "guard.json", 4096)
    if raw is None:
        return None
    try:
        content = json.loads(raw)
        return Guarded(str(content["interface"]), str(content["foreign"]))
    except (ValueError, KeyError, TypeError):
        return None
