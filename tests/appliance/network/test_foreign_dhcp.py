"""Two DHCP servers never meet on one cable."""

import json
import shutil
import struct
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pacsberry_appliance.box import Mode, Settings
from pacsberry_appliance.network.foreign_dhcp import discover, offering_server
from pacsberry_appliance.network.guard import guard, last_found
from pacsberry_appliance.network.manager import Manager
from tests.appliance.boxes import Box
from tests.appliance.network.namespaces import Cable, cable
from tests.conftest import ROOT

EXTERNAL = Settings(mode=Mode.EXTERNAL_ACCESS_POINT, wifi_name="a", wifi_password="x" * 8)


def ask(made: Cable, own: str = "", seconds: float = 3) -> list[str]:
    program = (
        "import json; from pacsberry_appliance.network.foreign_dhcp import servers; "
        f"print(json.dumps(sorted(servers('tab0', own=frozenset({{{own!r}}}), seconds={seconds}, every=0.5))))"
    )
    answer = made.in_tablet("env", f"PYTHONPATH={ROOT / 'appliance'}", sys.executable, "-c", program)
    found: list[str] = json.loads(answer)
    return found


@pytest.mark.skipif(shutil.which("dnsmasq") is None, reason="dnsmasq is not installed")
def test_a_server_on_the_cable_is_found_and_our_own_is_not_taken_for_one(tmp_path: Path) -> None:
    with cable() as made:
        nobody = ask(made, seconds=1)
        with made.started_in_box(
            "dnsmasq", "--conf-file=/dev/null", "--keep-in-foreground", "--log-facility=-", "--port=0", "--user=root",
            "--interface=box0", "--dhcp-range=10.42.0.20,10.42.0.99,1h", f"--dhcp-leasefile={tmp_path}/leases",
            f"--pid-file={tmp_path}/pid", "--no-ping", until="IP range",
        ):  # fmt: skip
            somebody = ask(made)
            ourselves = ask(made, own="10.42.0.1", seconds=1)

    assert (nobody, somebody, ourselves) == ([], ["10.42.0.1"], [])


def offer(exchange: bytes, **changes: bytes) -> bytes:
    """What a server would answer to a question of ours."""
    question = bytearray(discover(b"\x02\0\0\0\0\1", exchange))
    question[14 + 12 : 14 + 16] = b"\xc0\xa8\x01\x01"
    question[34:38] = struct.pack("!HH", 67, 68)
    question[42] = 2
    question[42 + 240 : 42 + 252] = b"\x35\x01" + changes.get("kind", b"\x02") + b"\x36\x04\xc0\xa8\x01\xfe\xff\0\0"
    return bytes(question)


def test_an_offer_names_its_server() -> None:
    assert offering_server(offer(b"abcd"), b"abcd") == "192.168.1.254"


def test_other_traffic_is_no_offer() -> None:
    assert offering_server(offer(b"abcd"), b"else") is None
    assert offering_server(offer(b"abcd", kind=b"\x05"), b"abcd") is None
    assert offering_server(discover(b"\x02\0\0\0\0\1", b"abcd"), b"abcd") is None


@settings(deadline=None)
@given(st.binary(max_size=400), st.integers(0, 330))
def test_any_frame_is_read(noise: bytes, at: int) -> None:
    frame = offer(b"abcd")

    offering_server(noise, b"abcd")
    offering_server(frame[:at] + noise, b"abcd")
    offering_server(frame[:at], b"abcd")


class TestGuard:
    def run(self, box: Box, answers: list[set[str]], settings: Settings = EXTERNAL) -> list[str]:
        given_answers = iter(answers)
        box.places.run.mkdir(parents=True)
        guard(
            box.places,
            settings,
            "eth0",
            Manager(box.runner),
            ask=lambda *_, **__: next(given_answers),
            sleep=lambda _: box.runner.ran.append(("slept",)),
        )
        return [line.replace("nmcli -w 40 connection ", "") for line in box.runner.lines()]

    def test_with_nobody_there_the_class_network_opens_and_is_looked_at_again(self, box: Box) -> None:
        assert self.run(box, [set(), set()]) == ["up id pacsberry-external ifname eth0", "slept"]

    def test_with_somebody_there_the_box_becomes_a_client(self, box: Box) -> None:
        assert self.run(box, [{"192.168.1.1"}]) == ["up id pacsberry-ethernet ifname eth0"]
        found = last_found(box.places)
        assert found is not None
        assert found.foreign == "192.168.1.1"

    def test_a_server_that_a_switch_hid_at_first_closes_the_class_network_again(self, box: Box) -> None:
        assert self.run(box, [set(), {"192.168.1.1"}]) == [
            "up id pacsberry-external ifname eth0",
            "slept",
            "up id pacsberry-ethernet ifname eth0",
        ]

    def test_in_another_mode_nothing_happens(self, box: Box) -> None:
        assert self.run(box, [], Settings()) == []
