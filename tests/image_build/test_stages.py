"""The stages as pi-gen takes them, and a card put together from a small tree. No image is built here."""

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.image.card import Card

BUILD = ROOT / "image-build"
STAGES = [BUILD / "stage-pacsberry", BUILD / "export-card"]
CMDLINE = "console=serial0,115200 console=tty1 root=ROOTDEV rootfstype=ext4 fsck.repair=yes rootwait"

needs_tools = pytest.mark.skipif(
    any(shutil.which(tool) is None for tool in ("mkfs.vfat", "mcopy", "sfdisk", "debugfs", "zstd", "bmaptool")),
    reason="the programs that put a card together are missing: .ci/system-packages image",
)


def packages(path: Path) -> list[str]:
    """The names that pi-gen gives to apt: comments go, blanks are blanks."""
    return re.sub(r"#[^\n]*", "", path.read_text()).split()


@pytest.mark.parametrize("stage", STAGES, ids=lambda stage: stage.name)
def test_every_file_of_a_stage_is_one_that_pi_gen_runs(stage: Path) -> None:
    """pi-gen passes over a script that is not executable, and over any name it does not know."""
    known = re.compile(r"[0-9]{2}-(run\.sh|run-chroot\.sh|packages|packages-nr|debconf)")
    folders = [folder for folder in sorted(stage.iterdir()) if folder.is_dir() and folder.name != "__pycache__"]

    assert os.access(stage / "prerun.sh", os.X_OK)
    assert folders
    for folder in folders:
        numbered = [path for path in folder.iterdir() if path.name[0].isdigit()]
        assert numbered, folder
        assert {path.name for path in numbered if not known.fullmatch(path.name)} == set()
        for path in (path for path in numbered if path.suffix == ".sh"):
            assert os.access(path, os.X_OK), path
            assert path.read_text().startswith("#!/bin/bash -e\n"), path


def test_the_stage_is_exported_and_its_packages_are_names() -> None:
    stage = BUILD / "stage-pacsberry"
    said = subprocess.run(
        ["bash", "-euc", f'source {stage}/EXPORT_IMAGE; echo "[${{IMG_SUFFIX}}]"'],
        capture_output=True,
        text=True,
        check=True,
    )

    assert re.fullmatch(r"\[[a-z0-9-]*\]\n", said.stdout)
    for path in stage.glob("*/[0-9][0-9]-packages*"):
        # Behind a last line without an end, or in a list of one line, pi-gen's own reading leaves the comments in.
        assert path.read_text().count("\n") > 1
        assert path.read_text().endswith("\n")
        assert [name for name in packages(path) if not re.fullmatch(r"[a-z0-9][a-z0-9+.-]+", name)] == []


def test_a_stage_begins_with_a_copy_of_the_one_before_it_and_only_once(tmp_path: Path) -> None:
    script = (
        'copy_previous() { echo copied; mkdir -p "$ROOTFS_DIR"; }; export -f copy_previous; ./prerun.sh; ./prerun.sh'
    )
    said = subprocess.run(
        ["bash", "-euc", script],
        cwd=BUILD / "stage-pacsberry",
        env=os.environ | {"ROOTFS_DIR": str(tmp_path / "rootfs")},
        capture_output=True,
        text=True,
        check=True,
    )

    assert said.stdout == "copied\n"


def test_a_password_that_the_build_was_given_is_on_no_card(tmp_path: Path) -> None:
    """pi-gen insists on a password of its first user: the same on every card."""
    shadow = tmp_path / "shadow"
    shadow.write_text(
        "root:*:1:0:99999:7:::\nbin:!*:1::::::\npacsadmin:$6$salt$hash:1:0:99999:7:::\nopen::1::::::\n"
        "pacsberry:!:1::::::\npi:$y$j9T$x$y:1:::::"
    )
    (tmp_path / "usermod").write_text(f'#!/bin/sh\necho "$@" >>{tmp_path}/asked\n')
    (tmp_path / "usermod").chmod(0o755)
    script = (BUILD / "stage-pacsberry/01-box/01-run-chroot.sh").read_text().replace("/etc/shadow", str(shadow))

    subprocess.run(
        ["bash", "-e"], input=script, text=True, check=True, env={"PATH": f"{tmp_path}:{os.environ['PATH']}"}
    )

    assert (tmp_path / "asked").read_text().splitlines() == [
        "--password ! pacsadmin",
        "--password ! open",
        "--password ! pi",
    ]


@pytest.mark.parametrize(
    ("fstab", "is_sealed"),
    [
        ("PARTUUID=a-02  /  ext4  noatime  0  1\nPARTUUID=a-03  /data  ext4  noatime,nofail  0  2\n", True),
        ("PARTUUID=a-02  /  ext4  noatime  0  1\n# /data is on the system partition\n", False),
        ("PARTUUID=a-02  /  ext4  noatime  0  1\nPARTUUID=a-03  /data/old  ext4  noatime  0  2\n", False),
        ("", False),
    ],
)
def test_a_system_that_holds_the_studies_itself_is_not_sealed(tmp_path: Path, fstab: str, is_sealed: bool) -> None:
    """Memory over it would take them along when the power goes."""
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/fstab").write_text(fstab)
    (tmp_path / "modprobe").write_text(f"#!/bin/sh\ntouch {tmp_path}/goes-on\nexit 1\n")
    (tmp_path / "modprobe").chmod(0o755)
    script = (
        (ROOT / "ansible/roles/storage/templates/initramfs-script.j2").read_text().replace("/dev/kmsg", "/dev/null")
    )

    subprocess.run(
        ["sh", "-u", "-s"],
        input=script,
        text=True,
        check=True,
        env={"PATH": f"{tmp_path}:{os.environ['PATH']}", "rootmnt": str(tmp_path)},
    )

    assert (tmp_path / "goes-on").exists() == is_sealed


def test_a_partition_that_cannot_be_mounted_stops_no_boot() -> None:
    """Without nofail, systemd waits at an emergency prompt, for which nobody has a password and often no keyboard."""
    lines = (BUILD / "stage-debian/00-system/files/fstab").read_text()
    lines += "".join(re.findall(r"'(DATADEV [^']*)'", (BUILD / "export-card/00-finish/01-run.sh").read_text()))
    options = {line.split()[1]: line.split()[3].split(",") for line in lines.splitlines() if not line.startswith("#")}

    assert sorted(options) == ["/", "/boot/firmware", "/data"]
    assert "nofail" in options["/boot/firmware"]
    assert "nofail" in options["/data"]


def a_small_tree(folder: Path) -> Path:
    """What a finished stage leaves, as far as the export looks at it; with Raspberry Pi OS' files for the boot."""
    for name, text in {
        "boot/firmware/cmdline.txt": f"{CMDLINE} resize\n",
        "boot/firmware/config.txt": "arm_64bit=1\n",
        "boot/firmware/overlays/a.dtbo": "x",
        "etc/fstab": "BOOTDEV /boot/firmware vfat x 0 2\nROOTDEV / ext4 x 0 1\nDATADEV /data ext4 nofail 0 2\n",
        "etc/mke2fs.conf": Path("/etc/mke2fs.conf").read_text(),
        "var/lib/dpkg/status": "Package: base\nStatus: install ok installed\nVersion: 1\nArchitecture: all\n",
    }.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    (folder / "usr/sbin").mkdir(parents=True)
    shutil.copy(shutil.which("mke2fs") or "", folder / "usr/sbin/mke2fs")
    for path in [folder, *folder.rglob("*")]:
        os.utime(path, (1_700_000_000, 1_700_000_000))
    return folder


def exported(folder: Path) -> Path:
    """The folder with what the export made of a small tree, run as pi-gen runs it."""
    architecture = subprocess.run(["dpkg", "--print-architecture"], capture_output=True, text=True, check=True)
    (folder / "deploy").mkdir(parents=True)
    environment = os.environ | {
        "STAGE_DIR": str(BUILD / "export-card"),
        "STAGE_WORK_DIR": str(folder),
        "ROOTFS_DIR": str(a_small_tree(folder / "rootfs")),
        "DEPLOY_DIR": str(folder / "deploy"),
        "ARCH": architecture.stdout.strip(),
        "IMG_NAME": "pacsberry",
        "IMG_DATE": "2026-11-21",
        "IMG_FILENAME": "2026-11-21-pacsberry",
        "IMG_SUFFIX": "",
    }
    for sub, name in (("01-card", "00-run.sh"), ("02-papers", "00-run.sh")):
        script = f'log() {{ echo "$@"; }}; export -f log; ./{name}'
        ran = subprocess.run(
            ["bash", "-euc", script],
            cwd=BUILD / "export-card" / sub,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert ran.returncode == 0, ran.stdout + ran.stderr
    return folder


@pytest.mark.proof
@needs_tools
def test_pi_gen_s_tree_becomes_a_card_with_a_place_for_the_studies(tmp_path: Path) -> None:
    made = exported(tmp_path / "work")
    card = Card(made / "2026-11-21-pacsberry.img")

    assert [part.type for part in card.partitions] == ["c", "83", "83"]
    for number in range(3):
        card.check(number)
    line = card.boot_file("cmdline.txt").decode()
    # The system partition must not grow over the third: resize is Raspberry Pi OS' word for that.
    assert re.sub(r"PARTUUID=[0-9a-f]{8}-02", "ROOTDEV", line) == f"{CMDLINE}\n"
    assert set(card.boot_names()) >= {"cmdline.txt", "config.txt", "overlays/a.dtbo"}
    assert re.findall(r"^PARTUUID=\w+-0(\d) (\S+)", card.file("/etc/fstab").decode(), re.MULTILINE) == [
        ("1", "/boot/firmware"),
        ("2", "/"),
        ("3", "/data"),
    ]
    assert {path.name for path in (made / "deploy").iterdir()} == {
        "2026-11-21-pacsberry.img.zst",
        "2026-11-21-pacsberry.img.bmap",
        "2026-11-21-pacsberry.sha256",
        "2026-11-21-pacsberry.cdx.json",
        "2026-11-21-pacsberry.rpi-imager-manifest",
    }
    manifest = json.loads((made / "deploy/2026-11-21-pacsberry.rpi-imager-manifest").read_text())
    assert manifest["os_list"][0]["extract_size"] == card.path.stat().st_size
    # Imager 2 begins with the choice of a board, and goes no further where there is none to choose.
    boards = [tag for board in manifest["imager"]["devices"] for tag in board["tags"]]
    assert boards == manifest["os_list"][0]["devices"] != []
    assert all(board.keys() >= {"name", "icon", "description"} for board in manifest["imager"]["devices"])
