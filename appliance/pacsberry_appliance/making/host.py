"""The computer's own name and time zone. Where /etc cannot be written to, the running name is set all the same."""

import contextlib
import re
import socket

from pacsberry_appliance.box import Settings
from pacsberry_appliance.system import files
from pacsberry_appliance.system.places import Places
from pacsberry_appliance.system.running import Runner
from pacsberry_appliance.words import Message, say

_LARGEST_BYTES = 64 << 10


def make(places: Places, settings: Settings, runner: Runner) -> tuple[bool, tuple[Message, ...]]:
    """Set both. Whether the name is another now, and what could not be done."""
    name = settings.host_name
    is_new = False
    with contextlib.suppress(OSError):  # a read-only /etc: the name is set at each boot anyway
        is_new = files.replace(places.root / "etc/hostname", f"{name}\n")
        _name_in_hosts(places, name)
    if places.is_live and socket.gethostname() != name:
        is_new = True
        runner.ask("hostname", name, seconds=5)
    return is_new, _time_zone(places, settings.time_zone)


def _name_in_hosts(places: Places, name: str) -> None:
    path = places.root / "etc/hosts"
    text = (files.read_small(path, _LARGEST_BYTES) or b"127.0.0.1\tlocalhost\n").decode(errors="surrogateescape")
    line = f"127.0.1.1\t{name}"
    if re.search(r"^127\.0\.1\.1\s", text, re.MULTILINE):
        text = re.sub(r"^127\.0\.1\.1\s.*$", line, text, count=1, flags=re.MULTILINE)
    else:
        text = f"{text.rstrip()}\n{line}\n"
    files.replace(path, text.encode(errors="surrogateescape"))


def _time_zone(places: Places, zone: str) -> tuple[Message, ...]:
    if not zone:
        return ()
    if not (places.root / "usr/share/zoneinfo" / zone).is_file():
        return (say("time_zone_missing", zone=zone),)
    link = places.root / "etc/localtime"
    target = f"/usr/share/zoneinfo/{zone}"
    if link.is_symlink() and str(link.readlink()).endswith(f"/zoneinfo/{zone}"):
        return ()
    with contextlib.suppress(OSError):
        temporary = link.with_name(".localtime.new")
        temporary.unlink(missing_ok=True)
        temporary.symlink_to(target)
        temporary.replace(link)
    return ()
