"""The program `pacsberry-portal`: reads its facts, opens port 80, tells systemd, answers until it is stopped."""

import argparse
import os
import signal
import socket
import sys
import time
from pathlib import Path

from pacsberry_appliance.errors import BoxError
from pacsberry_appliance.portal.answering import Reply, answer
from pacsberry_appliance.portal.door import Door, listen
from pacsberry_appliance.portal.facts import load
from pacsberry_appliance.portal.guests import Guests
from pacsberry_appliance.portal.request import Request


def main(arguments: list[str] | None = None) -> int:
    """Run the portal; the exit code."""
    parser = argparse.ArgumentParser(
        prog="pacsberry-portal",
        description="Answers the probes of tablets on port 80 and shows the way to Pacsberry.",
        epilog="SIGHUP reads the facts again. Exit codes: 0 stopped, 1 the facts cannot be read or the port is taken.",
    )
    parser.add_argument(
        "--facts", type=Path, default=Path("/run/pacsberry/portal.json"), help="what to answer (%(default)s)"
    )
    parser.add_argument("--port", type=int, default=80, help="the port (%(default)s)")
    options = parser.parse_args(arguments)
    try:
        facts = load(options.facts)
        listening = listen(options.port)
    except (BoxError, OSError) as error:
        print(f"pacsberry-portal: {error}", file=sys.stderr)  # noqa: T201  what systemd writes to the journal
        return 1
    guests = Guests()

    def reply(request: Request) -> Reply:
        return answer(request, facts, guests, time.monotonic())

    def again(*_: object) -> None:
        nonlocal facts
        try:
            facts = load(options.facts)
        except BoxError as error:
            print(f"pacsberry-portal: {error} Going on as before.", file=sys.stderr)  # noqa: T201  to the journal

    watchdog = int(os.environ.get("WATCHDOG_USEC", "0")) / 1e6
    door = Door(listening, reply, beat=lambda: _tell("WATCHDOG=1"), beat_seconds=watchdog / 2 or 3600)
    signal.signal(signal.SIGHUP, again)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: door.close())
    # A signal has to wake the loop, which waits in select(): the byte Python writes here does.
    door.wake_by_signals()
    _tell("READY=1")
    door.run()
    return 0


def _tell(state: str) -> None:
    """Say something to systemd (sd_notify(3)): one datagram; nobody listening is no error."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address:
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sending:
        try:
            sending.sendto(state.encode(), "\0" + address[1:] if address.startswith("@") else address)
        except OSError:
            return


if __name__ == "__main__":
    sys.exit(main())
