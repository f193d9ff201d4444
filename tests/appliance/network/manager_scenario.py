"""What the box does with a real NetworkManager, as a program inside `manager_house.sh`; prints what it saw as JSON.

1. mode external-access-point: the cable only listens; nobody answers; the class network opens; tablets get addresses
2. a DHCP server appears on the cable; the guard finds it; the box becomes its client
3. mode client: what was ours is gone
4. back again
"""

import functools
import json
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from pacsberry_appliance.box import Mode, Settings
from pacsberry_appliance.network.applying import apply, prepare
from pacsberry_appliance.network.foreign_dhcp import servers
from pacsberry_appliance.network.guard import guard
from pacsberry_appliance.network.manager import Manager
from pacsberry_appliance.network.plan import EXTERNAL, LISTEN
from pacsberry_appliance.system.places import Places
from pacsberry_appliance.system.running import Runner

FOLDER = Path(sys.argv[1])
NAMESPACE = (FOLDER / "tablet").read_text()
TABLET = Path(__file__).with_name("tablet.py")
SETTINGS = Settings(mode=Mode.EXTERNAL_ACCESS_POINT, wifi_name="Saal", wifi_password="zebra-horse")


def main() -> None:
    """Play it."""
    places = Places(root=Path("/"), boot=FOLDER / "boot", data=FOLDER / "data")
    runner = Runner()
    manager = Manager(runner)
    look = functools.partial(guard, places, SETTINGS, "eth7", manager, sleep=lambda _: None)
    ask = functools.partial(servers, seconds=1, every=0.4)
    saw: dict[str, Any] = {"runs": manager.wait(10)}

    prepare(places, SETTINGS, runner)
    manager.reload()
    saw["listening"] = manager.wait_for((LISTEN,), 10)
    saw["while listening"] = _addresses(runner)
    look(ask=ask)
    saw["opened"] = manager.wait_for((EXTERNAL,), 10)
    saw["address"] = _addresses(runner)
    saw["leases"] = json.loads(_in_tablet(sys.executable, str(TABLET), "lease", "30"))
    saw["firewall"] = "chain forward" in runner.ask("nft", "list", "table", "inet", "pacsberry").output

    _in_tablet("ip", "address", "add", "192.168.7.1/24", "dev", "tab0")
    words = [
        "dnsmasq", "--conf-file=/dev/null", "--keep-in-foreground", "--port=0", "--user=root", "--interface=tab0",
        "--no-ping", "--dhcp-range=192.168.7.20,192.168.7.99,1h", f"--dhcp-leasefile={FOLDER}/leases",
        f"--pid-file={FOLDER}/pid",
    ]  # fmt: skip
    with subprocess.Popen(["ip", "netns", "exec", NAMESPACE, *words]) as other:
        time.sleep(0.3)
        found = look(ask=ask)
        saw["foreign"] = found.foreign if found is not None else None
        saw["as a client of it"] = _addresses(runner)
        saw["dnsmasq of ours"] = "nm-dnsmasq" in runner.ask("ps", "ax").output

        client = apply(places, replace(SETTINGS, mode=Mode.CLIENT), runner, manager)
        saw["client"] = client.up
        saw["client's address"] = _addresses(runner)
        saw["firewall of a client"] = runner.ask("nft", "list", "table", "inet", "pacsberry").is_fine
        other.terminate()
    _in_tablet("ip", "address", "flush", "dev", "tab0")

    prepare(places, SETTINGS, runner)
    manager.reload()
    manager.up(LISTEN)
    look(ask=ask)
    saw["opened again"] = manager.wait_for((EXTERNAL,), 10)
    json.dump(saw, sys.stdout)


def _addresses(runner: Runner) -> list[str]:
    return runner.ask("ip", "-4", "-brief", "address", "show", "dev", "eth7").output.split()[2:]


def _in_tablet(*words: str) -> str:
    return subprocess.run(
        ["ip", "netns", "exec", NAMESPACE, *words], capture_output=True, text=True, check=True, timeout=60
    ).stdout


if __name__ == "__main__":
    main()
