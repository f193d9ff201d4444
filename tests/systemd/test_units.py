"""The units of systemd/: confined, explained, and about programs that exist."""

import re
import subprocess
import tomllib
from pathlib import Path

import pytest

from tests.conftest import ROOT

UNITS = ROOT / "systemd"
SERVICES = sorted(path.name for path in UNITS.glob("*.service"))
CONFINED = ("pacsberry-server.service", "pacsberry-portal.service")
"""What the class can reach."""
ROUNDS = "pacsberry-status.service"
"""Root, all day long."""


def sections(name: str) -> dict[str, list[tuple[str, str]]]:
    """{section: [(key, value)]} of a unit."""
    told: dict[str, list[tuple[str, str]]] = {}
    section = ""
    for line in (UNITS / name).read_text(encoding="utf-8").splitlines():
        if line.startswith("["):
            section = line.strip("[]")
        elif line and not line.startswith("#"):
            key, _, value = line.partition("=")
            told.setdefault(section, []).append((key, value))
    return told


@pytest.mark.parametrize("name", [*CONFINED, ROUNDS])
def test_what_the_class_can_reach_or_what_goes_its_rounds_as_root_is_confined(name: str) -> None:
    ran = subprocess.run(
        ["systemd-analyze", "security", "--no-pager", "--offline=true", "--threshold=25", UNITS / name],
        capture_output=True,
        text=True,
        check=False,
    )

    told = re.search(r"exposure level for \S+: ([\d.]+)", ran.stdout)
    assert told is not None, ran.stdout + ran.stderr
    assert float(told[1]) <= 2.5
    assert ran.returncode == 0


@pytest.mark.parametrize("name", SERVICES)
def test_every_program_that_a_unit_starts_is_one_of_the_project_or_of_debian(name: str) -> None:
    scripts = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["scripts"]
    installed = {path.name for path in (ROOT / "ansible/roles").glob("*/files/pacsberry-*")}

    for key, value in sections(name)["Service"]:
        if key.startswith("Exec") and value:
            program = Path(value.split()[0].lstrip("+!@:-"))
            match program.parent.as_posix():
                case "/opt/pacsberry/bin":
                    assert program.name in scripts
                case "/usr/local/sbin":
                    assert program.name in installed
                case folder:
                    assert folder in ("/bin", "/usr/bin"), value


@pytest.mark.parametrize("name", SERVICES)
def test_a_unit_says_what_it_is_for_before_anything_else(name: str) -> None:
    assert re.match(r"# [A-Z].+", (UNITS / name).read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", [*CONFINED, ROUNDS])
def test_each_group_of_lines_of_the_sandbox_says_what_it_stops(name: str) -> None:
    text = (UNITS / name).read_text(encoding="utf-8")
    lines = text[text.index("LimitCORE=0") :].splitlines()[1:]

    for before, line in zip(["", *lines], lines, strict=False):
        if re.match(r"[A-Z]\w+=", line) and "sandbox" not in line:
            assert before != "", f"nobody says what {line} stops"


def test_the_server_says_that_it_is_ready_and_lives_and_is_never_given_up() -> None:
    unit, service = (dict(sections("pacsberry-server.service")[name]) for name in ("Unit", "Service"))

    assert service["Type"] == "notify"
    assert int(service["WatchdogSec"]) >= 60
    assert service["Restart"] == "always"
    assert unit["StartLimitIntervalSec"] == "0"
    assert service["OOMPolicy"] == "continue"  # systemd's own default ends the server with the first worker


def test_nothing_of_the_box_waits_for_ever() -> None:
    for name in SERVICES:
        told = dict(sections(name)["Service"])
        if told["Type"] == "oneshot" and told["ExecStart"].startswith("/opt/"):
            assert "TimeoutStartSec" in told, name


def test_the_admin_page_is_told_each_minute_in_memory_and_without_a_word_to_the_journal() -> None:
    service = dict(sections(ROUNDS)["Service"])
    timer = dict(sections("pacsberry-status.timer")["Timer"])

    assert service["ReadWritePaths"] == "/run/pacsberry"
    assert service["LogLevelMax"] == "notice"
    assert "PrivateTmp" not in service  # makes a folder in /var/tmp each time
    assert "RemainAfterExit" not in service  # it would be started once and never again
    assert int(timer["OnUnitInactiveSec"].removesuffix("s")) <= 60
    assert int(service["TimeoutStartSec"]) < 600  # from then on the page calls it old


def test_the_server_of_a_box_has_the_settings_of_the_box_last() -> None:
    lines = [line for line in sections("pacsberry-server.service.d/50-box.conf")["Service"] if line[0] == "ExecStart"]

    own = dict(sections("pacsberry-server.service")["Service"])["ExecStart"]
    assert lines == [("ExecStart", ""), ("ExecStart", f"{own} /run/pacsberry/server.json")]
