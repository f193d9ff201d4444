"""A tablet of the class: a simulated radio, or the end of a cable, in a network namespace of the guest."""

import base64
import json
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

from tests.image.guest import Guest

INSIDE = Path(__file__).parent / "inside"

_SUPPLICANT = """
network={{
    ssid="{ssid}"
    {security}
    scan_ssid=1
}}
"""


def bring_programs(guest: Guest) -> None:
    """Put what tablets run into the guest's memory."""
    guest.run("mkdir -p /run/tablets")
    for program in ("lease.py", "ask.py"):
        guest.put(f"/run/tablets/{program}", (INSIDE / program).read_bytes())


class Tablet:
    """One client, in the namespace `name`, with one interface."""

    def __init__(self, guest: Guest, name: str, interface: str) -> None:
        """`bring_programs` has to have been called."""
        self._guest = guest
        self._name = name
        self.interface = interface
        self.lease: dict[str, Any] = {}

    def inside(self, command: str) -> str:
        """A command line that runs `command` in its namespace."""
        return f"ip netns exec {self._name} {command}"

    def scan(self) -> str:
        """What `iw` hears on the air."""
        return self._guest.ask(
            f"ip -n {self._name} link set {self.interface} up; {self.inside(f'iw dev {self.interface} scan')}"
        )

    def start_joining(self, ssid: str, password: str, *, wpa3: bool = False) -> str:
        """A script that lets it try to join a Wi-Fi; returns at once."""
        security = (
            f'key_mgmt=SAE\n    sae_password="{password}"\n    ieee80211w=2'
            if wpa3
            else f'key_mgmt=WPA-PSK\n    proto=RSN\n    pairwise=CCMP\n    psk="{password}"'
        )
        settings = _SUPPLICANT.format(ssid=ssid, security=security)
        start = self.inside(
            f"wpa_supplicant -B -t -D nl80211 -i {self.interface} -c /run/tablets/{self._name}.conf "
            f"-f /run/tablets/{self._name}.log -P /run/tablets/{self._name}.pid"
        )
        write = f"cat >/run/tablets/{self._name}.conf <<'END'\n{settings}\nEND\n"
        return f"{write}rm -f /run/tablets/{self._name}.log\n{start}\n"

    def until_joined(self, seconds: int = 60) -> str:
        """A script that waits until it is in the Wi-Fi, and fails otherwise."""
        joined = f"grep -q CTRL-EVENT-CONNECTED /run/tablets/{self._name}.log"
        return f"for _ in $(seq {seconds * 2}); do {joined} && exit 0; sleep 0.5; done; exit 1"

    def join(self, ssid: str, password: str, *, wpa3: bool = False, seconds: int = 60) -> bool:
        """Join a Wi-Fi; whether it was let in."""
        self._guest.run(self.start_joining(ssid, password, wpa3=wpa3))
        return self._guest.run(self.until_joined(seconds), check=False, timeout=seconds + 60).returncode == 0

    def leave(self) -> None:
        """Leave the Wi-Fi."""
        pid = f"/run/tablets/{self._name}.pid"
        self._guest.run(f"[[ ! -e {pid} ]] || kill $(<{pid}); sleep 1; ip -n {self._name} addr flush {self.interface}")

    def said(self) -> str:
        """What its wpa_supplicant wrote."""
        return self._guest.ask(f"cat /run/tablets/{self._name}.log")

    def get_lease(self, patience: int = 60) -> dict[str, Any]:
        """Ask for an address and use it."""
        command = self.inside(f"python3 /run/tablets/lease.py {self.interface} --patience {patience}")
        self.lease = json.loads(self._guest.ask(command))
        return self.lease

    def get_leases(self, count: int) -> list[dict[str, Any]]:
        """Ask for addresses as so many other devices."""
        command = self.inside(f"python3 /run/tablets/lease.py {self.interface} --count {count}")
        found: list[dict[str, Any]] = json.loads(self._guest.ask(command, timeout=900))
        return found

    def ask(self, *questions: dict[str, Any]) -> list[dict[str, Any]]:
        """Put questions to the network, as described in inside/ask.py; the name server is the one of the lease."""
        asked = json.dumps({"dns": self.lease["dns"], "questions": questions})
        command = self.inside("python3 /run/tablets/ask.py")
        found: list[dict[str, Any]] = json.loads(self._guest.ask(f"{command} <<'END'\n{asked}\nEND\n", timeout=600))
        return found

    def get(self, url: str, **more: Any) -> dict[str, Any]:
        """One HTTP request."""
        return self.ask({"ask": "http", "url": url, **more})[0]

    def open_page(self, url: str, headers: dict[str, str]) -> dict[str, Any]:
        """A page, wherever it is by now: a browser follows a few redirections."""
        answer = self.get(url, headers=headers)
        for _ in range(4):
            if answer.get("status") not in (301, 302, 303, 307):
                break
            url = urljoin(url, answer["headers"]["location"])
            answer = self.get(url, headers=headers)
        return answer


def basic(name: str, password: str) -> dict[str, str]:
    """The header that says who one is."""
    return {"Authorization": "Basic " + base64.b64encode(f"{name}:{password}".encode()).decode()}
