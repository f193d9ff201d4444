"""A plain Debian becomes a Pacsberry, a second run changes nothing, and it works under a real systemd."""

import json
import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.ansible.plain_debian import Booted, Play, bundle, play, run, unpack

pytestmark = [
    pytest.mark.proof,
    pytest.mark.skipif(os.geteuid() != 0, reason="makes a system in a folder, which only root can"),
]
SERVED = "http://127.0.0.1:8042"


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return bundle(tmp_path_factory.mktemp("program") / "bundle")


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("plain") / "root"
    unpack(folder)
    return folder


@pytest.fixture(scope="module")
def first(root: Path, program: Path) -> Play:
    return play(root, program)


def inside(root: Path, command: str) -> str:
    return run("chroot", root, "/bin/bash", "-c", f"set -euo pipefail; {command}").strip()


def mode_and_owner(root: Path, path: str) -> str:
    return inside(root, f"stat -c '%a %U:%G' {path}")


def test_a_first_run_installs_everything(root: Path, first: Play) -> None:
    assert len(first.changed) > 30
    assert (root / "opt/pacsberry/complete").exists()


@pytest.mark.usefixtures("first")
def test_a_second_run_changes_nothing(root: Path, program: Path) -> None:
    assert play(root, program).changed == []


@pytest.mark.usefixtures("first")
def test_the_settings_are_those_of_the_roles_and_the_program_takes_them(root: Path) -> None:
    told = inside(root, "PACSBERRY_LAYERED=true /opt/pacsberry/bin/pacsberry config /etc/pacsberry/server")

    for setting in ("StorageDirectory", "RemoteAccessAllowed", "AuthenticationEnabled", "RegisteredUsers"):
        assert re.search(rf"^\s*\W*{setting}\b.*", told, re.MULTILINE), told
    own = (root / "etc/pacsberry/server/10-server.json").read_text()
    settings = json.loads("\n".join(line for line in own.splitlines() if not line.startswith("//")))
    assert settings["StorageDirectory"] == "/data/pacsberry"
    assert settings["RegisteredUsers"] == {}


@pytest.mark.usefixtures("first")
@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/etc/pacsberry/server", "750 root:pacsberry"),
        ("/etc/pacsberry/server/10-server.json", "640 root:pacsberry"),
        ("/etc/sudoers.d/50-pacsberry", "440 root:root"),
        ("/usr/local/bin/pacsberry", "755 root:root"),
        ("/usr/local/sbin/pacsberry-root", "755 root:root"),
        ("/etc/systemd/system/pacsberry-server.service", "644 root:root"),
        ("/etc/NetworkManager/dispatcher.d/50-pacsberry", "755 root:root"),
        ("/opt/pacsberry/bin/pacsberry", "755 root:root"),
    ],
)
def test_files_belong_to_whom_they_should(root: Path, path: str, expected: str) -> None:
    assert mode_and_owner(root, path) == expected


@pytest.mark.usefixtures("first")
def test_nobody_has_a_password_or_a_key_and_no_host_key_is_shared(root: Path) -> None:
    passwords = inside(root, "cut -d: -f1,2 /etc/shadow").splitlines()

    assert [line for line in passwords if line.partition(":")[2][:1] not in ("!", "*")] == []
    assert inside(root, "find / -xdev -name authorized_keys") == ""
    assert [path.name for path in (root / "data").rglob("*") if path.is_file()] == []


@pytest.mark.usefixtures("first")
def test_numbers_of_users_are_fixed_so_that_a_card_can_move(root: Path) -> None:
    assert inside(root, "id -u pacsberry; id -g pacsberry; id -u pacsberry-portal").split() == ["842", "842", "843"]


@pytest.mark.usefixtures("first")
def test_nothing_of_the_build_is_left(root: Path) -> None:
    for folder in ("run", "tmp", "var/tmp", "proc", "sys"):
        assert [path.name for path in (root / folder).iterdir() if path.name != "lock"] == [], folder
    assert not (root / "root/.ansible").exists()


@pytest.mark.usefixtures("first")
def test_systemd_sshd_and_sudo_take_what_was_written_for_them(root: Path) -> None:
    units = inside(root, "cd /etc/systemd/system; ls -d pacsberry-*.service pacsberry-*.timer").split()
    instances = [unit.replace("@.", "@eth0.") for unit in units]

    told = run("systemd-analyze", "verify", f"--root={root}", *instances)
    assert len(units) >= 8
    assert "Unknown" not in told
    inside(root, "visudo --check")
    inside(
        root,
        "mkdir -p /run/sshd; ssh-keygen -q -t ed25519 -N '' -f /run/key_key;"
        "sed s,/data/system/ssh/ssh_host_ed25519,/run/key, /etc/ssh/sshd_config.d/50-pacsberry.conf >/run/sshd.conf;"
        "sshd -t -f /run/sshd.conf; rm -r /run/key* /run/sshd*",
    )


@pytest.mark.usefixtures("first")
def test_programs_of_the_roles_are_sound(root: Path) -> None:
    script = root / "etc/initramfs-tools/scripts/local-bottom/pacsberry-root"

    run("shellcheck", "--shell=dash", "--exclude=SC2154", script)  # rootmnt is set by who calls it
    check = script.parents[1] / "local-premount/pacsberry-check"
    run("shellcheck", "--shell=dash", "--exclude=SC2154", check)  # so is ROOT
    run("shellcheck", *(root / "usr/local/sbin").glob("pacsberry-*"), root / "usr/local/bin/pacsberry")


@pytest.mark.usefixtures("first")
def test_a_sealed_system_gets_a_number_of_its_own_and_does_not_mount_its_partition_again(
    root: Path, tmp_path: Path
) -> None:
    for name in ("etc/fstab", "etc/machine-id"):
        shutil.copy(root / name, tmp_path)
    try:
        (root / "etc/fstab").write_text(
            "PARTUUID=1-01  /boot/firmware  vfat  flush  0  2\n"
            "PARTUUID=1-02  /  ext4  noatime  0  1\n"
            "PARTUUID=1-03  /data  ext4  nofail  0  2\n"
        )
        (root / "etc/machine-id").write_text("uninitialized\n")
        inside(root, "/usr/local/sbin/pacsberry-settle-root board1card1")
        number = (root / "etc/machine-id").read_text()

        assert re.fullmatch(r"[0-9a-f]{32}\n", number)
        mounted = [line.split() for line in (root / "etc/fstab").read_text().splitlines() if line[0] != "#"]
        assert {fields[1]: fields[3] for fields in mounted} == {"/boot/firmware": "ro,flush", "/data": "nofail"}
        inside(root, "/usr/local/sbin/pacsberry-settle-root another")
        assert (root / "etc/machine-id").read_text() == number, "a number that is there was replaced"
        (root / "etc/machine-id").write_text("uninitialized\n")
        inside(root, "/usr/local/sbin/pacsberry-settle-root board1card2")
        assert (root / "etc/machine-id").read_text() != number
    finally:
        for name in ("fstab", "machine-id"):
            shutil.copy(tmp_path / name, root / "etc" / name)


@pytest.mark.usefixtures("first")
@pytest.mark.parametrize(("kept", "is_believed"), [("-1 years", False), ("+1 years", True), ("+30 years", False)])
def test_the_clock_goes_on_from_the_newest_thing_that_was_kept_but_not_from_nonsense(
    root: Path, kept: str, is_believed: bool
) -> None:
    # The program's own `date --set` would set the clock of this machine.
    watched = 'date() { if [[ $1 == --set ]]; then echo SET; else command date "$@"; fi; }; export -f date;'
    note = root / "data/system/clock"
    note.parent.mkdir(parents=True)
    try:
        told = inside(root, f"{watched} touch --date '{kept}' /data/system/clock; pacsberry-clock forward")
    finally:
        shutil.rmtree(root / "data/system")

    assert ("goes on" in told) == is_believed


@pytest.fixture(scope="module")
def box(root: Path, first: Play, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Booted]:
    """The Pacsberry, switched on: what the tests above have looked at, now running."""
    del first
    log = tmp_path_factory.mktemp("booted") / "console"
    booted = Booted(root, log)
    try:
        booted.wait("systemctl is-system-running --wait", seconds=90)
        yield booted
    finally:
        booted.stop()


def test_everything_runs_and_nothing_has_failed(box: Booted) -> None:
    assert box.ask("systemctl --failed --plain --no-legend") == ""
    for unit in ("data", "firstboot", "network", "portal", "server"):
        assert box.ask(f"systemctl is-active pacsberry-{unit}") == "active"
    assert "DICOM" in box.ask("systemctl show -P StatusText pacsberry-server")


def test_what_the_class_can_reach_is_confined(box: Booted) -> None:
    for unit in ("server", "portal"):
        box.ask(f"systemd-analyze security --no-pager --threshold=25 pacsberry-{unit}")


def test_in_its_sandbox_the_server_takes_studies_and_shows_pictures(box: Booted) -> None:
    box.ask("install -d -m 777 /tmp/demo; pacsberry demo /tmp/demo && pacsberry import /tmp/demo")
    page = (
        "import json, socket, http.client\n"
        "def ask(path):\n"
        "    c = http.client.HTTPConnection('localhost'); c.sock = socket.socket(socket.AF_UNIX)\n"
        "    c.sock.connect('/data/pacsberry/pacsberry.sock'); c.request('GET', path)\n"
        "    r = c.getresponse(); return r.status, r.read()\n"
        "status, ids = ask('/instances')\n"
        "print(status, len(json.loads(ids)), *ask('/instances/%s/preview' % json.loads(ids)[0])[:1])\n"
    )

    assert box.ask(f'python3 -c "{page}"') == "200 13 200"


def test_in_its_sandbox_the_server_can_change_and_see_nothing_else(box: Booted) -> None:
    seen = "nsenter -t $(systemctl show -P MainPID pacsberry-server) -m -- "

    for place in ("/etc/x", "/usr/x", "/opt/x", "/data/box/x", "/var/x"):
        assert "Read-only" in box.ask(f"{seen} touch {place} 2>&1 || true"), place
    assert box.ask(f"{seen} ls /root /home 2>&1 || true").count("\n") <= 2
    assert "sda" not in box.ask(f"{seen} ls /dev")
    assert box.ask(
        "grep -E 'CapEff|NoNewPrivs|Seccomp:' /proc/$(systemctl show -P MainPID pacsberry-server)/status"
    ) == ("CapEff:\t0000000000000000\nNoNewPrivs:\t1\nSeccomp:\t2")


def test_an_account_made_over_ssh_can_be_read_by_the_server(box: Booted) -> None:
    box.ask("echo long-enough-password | pacsberry user add anna --password-stdin")

    assert box.ask("stat -c '%a %U' /data/accounts/users.json") == "600 pacsberry"
    assert "anna" in box.ask("pacsberry user list")
    box.wait(f"""python3 -c "
import urllib.request, base64
ask = urllib.request.Request('{SERVED}/system')
ask.add_header('Authorization', 'Basic ' + base64.b64encode(b'anna:long-enough-password').decode())
urllib.request.urlopen(ask)" """)


def test_a_server_that_hangs_tells_where_and_is_started_anew(box: Booted) -> None:
    box.ask(
        "mkdir -p /run/systemd/system/pacsberry-server.service.d;"
        "printf '[Service]\\nWatchdogSec=3\\n' >/run/systemd/system/pacsberry-server.service.d/test.conf;"
        "systemctl daemon-reload; systemctl restart pacsberry-server"
    )
    box.ask("kill -STOP $(systemctl show -P MainPID pacsberry-server)")

    box.wait("(( $(systemctl show -P NRestarts pacsberry-server) >= 1 ))")
    box.wait("systemctl is-active pacsberry-server")
    assert "most recent call first" in box.ask("journalctl -u pacsberry-server -b")
    box.ask("rm /run/systemd/system/pacsberry-server.service.d/test.conf; systemctl daemon-reload")


def test_a_server_that_was_killed_is_started_anew(box: Booted) -> None:
    box.ask("systemctl reset-failed pacsberry-server; systemctl restart pacsberry-server")
    before = int(box.ask("systemctl show -P NRestarts pacsberry-server"))
    box.ask("kill -KILL $(systemctl show -P MainPID pacsberry-server)")

    box.wait(f"(( $(systemctl show -P NRestarts pacsberry-server) > {before} ))")
    box.wait("pacsberry status | grep 'server runs'")


def test_a_first_boot_that_has_failed_does_not_keep_the_studies_from_the_class(box: Booted) -> None:
    box.ask(
        "mv /run/pacsberry/server.json /run/kept; systemctl restart pacsberry-server; rm /run/pacsberry/server.json"
    )
    box.ask("mv /run/kept /run/pacsberry/server.json; systemctl restart pacsberry-server")


def test_the_admin_page_is_told_how_the_box_is_and_the_journal_hears_nothing_of_it(box: Booted) -> None:
    box.wait("test -e /run/pacsberry/status.json")  # by the timer
    box.ask("systemctl start pacsberry-status.service")
    page = (
        "import json, socket, http.client\n"
        "c = http.client.HTTPConnection('localhost'); c.sock = socket.socket(socket.AF_UNIX)\n"
        "c.sock.connect('/data/pacsberry/pacsberry.sock'); c.request('GET', '/pacsberry/box')\n"
        "print(json.dumps(json.loads(c.getresponse().read())['Box']))\n"
    )
    shown = json.loads(box.ask(f'python3 -c "{page}"'))
    told = json.loads(box.ask("pacsberry-box status --json || [[ $? == 7 ]]"))

    assert box.ask("stat -c '%a %U:%G' /run/pacsberry/status.json") == "640 root:pacsberry"
    assert shown["Facts"] == told, "the sandbox hides something"
    assert shown["AgeSeconds"] < 60
    assert told["remarks"] != []  # here is no radio
    assert box.ask("journalctl -b -o cat -u pacsberry-status.service") == ""
    assert box.ask("systemctl show -P NextElapseUSecMonotonic pacsberry-status.timer") != "infinity"


def test_warnings_are_on_the_card_once_and_only_when_there_are_new_ones(box: Booted) -> None:
    box.ask("echo '<4>test: something is odd' | systemd-cat --level-prefix=true; journalctl --sync")
    box.ask("pacsberry-keep-warnings")
    kept = box.ask("cat /data/system/warnings/warnings.log")
    at = box.ask("stat -c %y /data/system/warnings/warnings.log")
    box.ask("pacsberry-keep-warnings")

    assert kept.count("something is odd") == 1
    assert box.ask("stat -c %y /data/system/warnings/warnings.log") == at


def test_the_ssh_key_of_the_box_is_its_own_and_made_anew_when_it_is_broken(box: Booted) -> None:
    key = "/data/system/ssh/ssh_host_ed25519_key"
    box.ask(f"rm -f {key}*; pacsberry-host-key")
    made = box.ask(f"cat {key}.pub")
    box.ask("pacsberry-host-key")
    assert box.ask(f"cat {key}.pub") == made

    box.ask(f": >{key}; pacsberry-host-key")

    assert box.ask(f"ssh-keygen -y -f {key}").split()[:2] == box.ask(f"cat {key}.pub").split()[:2] != made.split()[:2]


def test_a_new_program_takes_the_place_of_the_old_one_as_a_whole(
    root: Path, program: Path, box: Booted, tmp_path: Path
) -> None:
    del box  # comes last: the system is switched off after it
    newer = tmp_path / "newer"
    shutil.copytree(program, newer)
    (newer / "id").write_text("0123456789ab\n")
    run("tar", "--create", "--directory", newer, "--file", f"{newer}.tar", "id", "install", "wheels")

    as_raspberry_pi_os(root)

    told = play(root, newer)

    assert any("The program is installed" in title for title in told.changed)
    assert (root / "opt/pacsberry").readlink() == Path("pacsberry-0123456789ab")
    assert [path.name for path in (root / "opt").iterdir() if path.is_dir() and not path.is_symlink()] == [
        "pacsberry-0123456789ab"
    ]

    line = "console=tty1 root=PARTUUID=1-02 rootwait cgroup_enable=memory\n"
    assert (root / "boot/firmware/cmdline.txt").read_text() == line
    assert "Mechanism=zram" in (root / "etc/rpi/swap.conf.d/50-pacsberry.conf").read_text()
    assert (root / "etc/systemd/system/dphys-swapfile.service").readlink() == Path("/dev/null")
    (root / "var/swap").touch()
    run("systemd-tmpfiles", f"--root={root}", "--remove", "--boot", root / "etc/tmpfiles.d/pacsberry-no-swap-file.conf")
    assert not (root / "var/swap").exists()
    radio = "/usr/lib/firmware/cypress/cyfmac43455-sdio"
    assert inside(root, f"readlink -f {radio}.bin") == f"{radio}-minimal.bin"
    again = play(root, newer).changed
    assert [title for title in again if title.startswith(("base", "access_point"))] == []
    assert (root / "boot/firmware/cmdline.txt").read_text() == line


def as_raspberry_pi_os(root: Path) -> None:
    """What is different there: services' memory is not counted, swap is on the card, the firmware is a choice."""
    (root / "etc/rpi-issue").touch()
    (root / "boot/firmware/cmdline.txt").write_text("console=tty1 root=PARTUUID=1-02 rootwait\n")
    for program in ("usr/lib/systemd/system-generators/rpi-swap-generator", "usr/sbin/dphys-swapfile"):
        (root / program).write_text("#!/bin/sh\n")
    folder = root / "usr/lib/firmware/cypress"
    folder.mkdir(parents=True)
    choices = []
    for kind, priority in (("standard", 50), ("minimal", 10)):
        (folder / f"cyfmac43455-sdio-{kind}.bin").touch()
        choices.append(
            "update-alternatives --install /usr/lib/firmware/cypress/cyfmac43455-sdio.bin cyfmac43455-sdio.bin"
            f" /usr/lib/firmware/cypress/cyfmac43455-sdio-{kind}.bin {priority}"
        )
    inside(root, "; ".join(choices))
