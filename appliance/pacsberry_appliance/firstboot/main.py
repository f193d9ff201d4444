"""The program `pacsberry-firstboot`, run once at each boot before the network."""

import argparse
import sys
from pathlib import Path

from pacsberry_appliance.errors import BoxError
from pacsberry_appliance.firstboot.starting import start
from pacsberry_appliance.system.places import Places
from pacsberry_appliance.system.running import Runner


def main(arguments: list[str] | None = None) -> int:
    """Do it; the exit code."""
    parser = argparse.ArgumentParser(
        prog="pacsberry-firstboot",
        description="Takes pacsberry.txt and the settings of Raspberry Pi Imager, and makes the box of them.",
        epilog="May be run again at any time. Exit codes: 0 done (wrong lines are in pacsberry-result.txt), 1 failed.",
    )
    parser.add_argument("--root", type=Path, default=Path("/"), help="the root of the system (%(default)s)")
    options = parser.parse_args(arguments)
    try:
        started = start(Places.of(options.root), Runner())
    except (BoxError, OSError) as error:
        print(f"pacsberry-firstboot: {error}", file=sys.stderr)  # noqa: T201  what systemd writes to the journal
        return 1
    for remark in started.remarks:
        print(remark.text("en"))  # noqa: T201  what systemd writes to the journal
    return 0


if __name__ == "__main__":
    sys.exit(main())
