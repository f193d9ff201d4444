"""Rules for the project as a whole: its commands, folders, locks and scripts are what the documents say."""

import re
import socket
import stat
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.conftest import ROOT, LeavesTheMachine

FOLDERS = ("ansible", "appliance", "image-build", "server", "systemd", "tests", "web")
GROWN = {"run", "dist", "OrthancStorage"}  # by make run, by building, by a server started without a place for its data
FILES = {
    "CHANGELOG.md",
    "LICENSE",
    "Makefile",
    "README.md",
    "pyproject.toml",
    "requirements.lock",
    "requirements-dev.lock",
}
MADE = {".git", ".venv", "__pycache__", "node_modules"}


def project_files() -> Iterator[Path]:
    """Every file a person wrote, without what make makes."""
    for folder in (ROOT, ROOT / ".ci", *(ROOT / name for name in FOLDERS)):
        for path in sorted(folder.rglob("*") if folder != ROOT else folder.iterdir()):
            if path.is_file() and not MADE.intersection(path.relative_to(ROOT).parts):
                yield path


def text_of(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="replace")


def make_targets() -> dict[str, str]:
    """{target: its line of help} of the Makefile."""
    return dict(re.findall(r"^([a-z][a-z-]*):(?:[^#\n=]*)## (.+)$", text_of(ROOT / "Makefile"), re.MULTILINE))


def locked(name: str) -> dict[str, str]:
    lines = [line for line in text_of(ROOT / name).splitlines() if line and not line.lstrip().startswith("#")]
    pins = (line.partition(" ; ")[0].split("==") for line in lines)  # behind the semicolon: on which machines
    return {canonicalize_name(package): version for package, version in pins}


def wanted(extra: str | None = None) -> list[Requirement]:
    project = tomllib.loads(text_of(ROOT / "pyproject.toml"))["project"]
    return [
        Requirement(line) for line in (project["optional-dependencies"][extra] if extra else project["dependencies"])
    ]


def test_make_alone_lists_every_target_with_its_help() -> None:
    shown = subprocess.run(["make", "-C", ROOT, "--no-print-directory"], capture_output=True, text=True, check=True)

    phony = set(re.findall(r"^\.PHONY: (\S+)$", text_of(ROOT / "Makefile"), re.MULTILINE))
    assert set(re.findall(r"^  make (\S+)  +\S", shown.stdout, re.MULTILINE)) == phony == set(make_targets())


def test_every_target_that_is_named_anywhere_exists() -> None:
    readers = [path for path in project_files() if path.suffix in {".md", ".yml", ".yaml"} or path.parent.name == ".ci"]

    named = {
        (target, path.relative_to(ROOT).as_posix())
        for path in readers
        for target in re.findall(r"(?:`|^\s*|\$ )make ([a-z][a-z-]*)", text_of(path), re.MULTILINE)
    }

    assert len(named) >= 4, "the pattern finds no targets any more"
    assert {(target, where) for target, where in named if target not in make_targets()} == set()


def test_the_first_two_commands_of_the_readme_are_run_and_test() -> None:
    commands = re.findall(r"^ +make ([a-z-]+)", text_of(ROOT / "README.md"), re.MULTILINE)

    assert commands[:2] == ["run", "test"]


def test_the_top_level_is_the_fixed_one() -> None:
    shown = [path for path in ROOT.iterdir() if not path.name.startswith(".")]

    assert {path.name for path in shown if path.is_dir()} - GROWN == set(FOLDERS)
    assert {path.name for path in shown if path.is_file()} == FILES


@pytest.mark.parametrize("folder", FOLDERS)
def test_every_top_level_folder_says_what_it_is_on_one_page(folder: str) -> None:
    page = text_of(ROOT / folder / "README.md")

    assert page.startswith("# ")
    assert len(page.splitlines()) <= 120


def test_the_map_of_the_readme_names_every_top_level_folder() -> None:
    page = text_of(ROOT / "README.md")

    assert [folder for folder in FOLDERS if f"`{folder}/`" not in page] == []


@pytest.mark.parametrize("name", ["requirements.lock", "requirements-dev.lock"])
def test_a_lock_holds_exact_versions_and_no_place_to_get_them_from(name: str) -> None:
    for line in text_of(ROOT / name).splitlines():
        assert line.lstrip().startswith("#") or re.fullmatch(r"[a-z0-9.-]+==[A-Za-z0-9.+!-]+( ; [^;]+)?", line), line
        assert "://" not in line


def test_the_locks_satisfy_what_the_project_asks_for() -> None:
    running, testing = locked("requirements.lock"), locked("requirements-dev.lock")

    for requirement in wanted():
        assert running[canonicalize_name(requirement.name)] in requirement.specifier
    for requirement in wanted("dev"):
        assert testing[canonicalize_name(requirement.name)] in requirement.specifier
    assert running.items() <= testing.items()


def test_the_dicom_libraries_work_without_the_numpy_that_is_installed_for_the_pixel_workers() -> None:
    code = (
        "import sys; from pacsberry.lean import leave_out; leave_out('numpy')\n"
        "import pacsberry.modality, pacsberry.dimse.server, pynetdicom, pydicom, pydicom.pixels\n"
        "print(sys.modules['numpy'], 'numpy' in locked)"
    ).replace("locked", repr(sorted(locked("requirements.lock"))))

    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)

    assert shown.stdout.strip() == "None True", shown.stdout + shown.stderr


def test_shell_scripts_stop_at_the_first_error_and_can_be_executed() -> None:
    scripts = [path for path in project_files() if re.match(r"#!.*[/ ](ba)?sh\n", text_of(path))]

    assert ROOT / ".ci/run" in scripts
    for script in scripts:
        assert re.search(r"^set -euo pipefail$", text_of(script), re.MULTILINE), script
        assert script.stat().st_mode & stat.S_IXUSR, script


def test_ci_runs_the_commands_of_the_readme() -> None:
    script = text_of(ROOT / ".ci/run")

    assert script.index("\nmake check\n") < script.index("\nmake test\n")


def test_the_changelog_has_a_place_for_the_next_release() -> None:
    assert "\n## [Unreleased]\n" in text_of(ROOT / "CHANGELOG.md")


@pytest.mark.parametrize(
    "package", ["model", "errors", "dicom", "archive", "ingest", "http", "dimse", "imaging.pictures", "config", "app"]
)
def test_importing_a_package_does_not_load_the_dicom_libraries(package: str) -> None:
    heavy = "{'pydicom', 'pynetdicom', 'numpy', 'imagecodecs', 'PIL'}"
    code = f"import sys, pacsberry.{package}; print(sorted({heavy} & {{name.split('.')[0] for name in sys.modules}}))"

    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)

    assert shown.stdout.strip() == "[]", shown.stdout + shown.stderr


def test_a_test_that_leaves_the_machine_is_stopped() -> None:
    with pytest.raises(LeavesTheMachine), socket.socket() as probe:
        probe.connect(("192.0.2.1", 80))  # RFC 5737: an address for documentation
    with pytest.raises(LeavesTheMachine):
        socket.getaddrinfo("example.org", 80)
