"""The roles of ansible/ share a shape: every variable is described, checked and named after its role."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.conftest import ROOT

ANSIBLE = ROOT / "ansible"
ROLES = sorted(path.name for path in (ANSIBLE / "roles").iterdir())
IMAGE_SAYS = "{{ pacsberry_in_image | default(false) }}"
"""A default that is false but in an image."""


def read(path: Path) -> Any:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def defaults(role: str) -> dict[str, Any]:
    told: dict[str, Any] = read(ANSIBLE / "roles" / role / "defaults/main.yml")
    return told


def play() -> dict[str, Any]:
    told: dict[str, Any] = read(ANSIBLE / "site.yml")[0]
    return told


def test_the_playbook_has_every_role_once() -> None:
    named = [entry["role"] for entry in play()["roles"]]

    assert sorted(named) == ROLES
    assert ROLES == [
        "access_point",
        "base",
        "hardening",
        "pacsberry_appliance",
        "pacsberry_server",
        "portal",
        "storage",
    ]


@pytest.mark.parametrize("role", ROLES)
def test_every_variable_of_a_role_bears_its_name_and_has_a_comment(role: str) -> None:
    text = (ANSIBLE / "roles" / role / "defaults/main.yml").read_text(encoding="utf-8")

    for name in defaults(role):
        assert name.startswith(f"{role}_"), name
    for paragraph in re.split(r"\n\n+", text):
        if re.search(r"^[a-z]", paragraph, re.MULTILINE) and not paragraph.startswith("#"):
            assert re.match(r"[a-z_]+_packages(_\w+)?:", paragraph), f"nobody says what this is for: {paragraph[:60]}"


@pytest.mark.parametrize("role", ROLES)
def test_the_argument_specification_tells_the_same_as_the_defaults(role: str) -> None:
    options = read(ANSIBLE / "roles" / role / "meta/argument_specs.yml")["argument_specs"]["main"]["options"]
    kinds = {"bool": bool, "dict": dict, "int": int, "list": list, "path": str, "str": str}

    told = defaults(role)

    assert set(options) == set(told)
    for name, value in told.items():
        option = options[name]
        assert option["description"], name
        if value == IMAGE_SAYS:
            assert (option["type"], option["default"]) == ("bool", False), name
            continue
        assert isinstance(value, kinds[option["type"]]), name
        if option["default"] not in ([], {}):  # long lists are not written twice
            assert option["default"] == value, name


def test_an_image_has_all_packages_that_the_roles_want() -> None:
    """In an image the roles install nothing, because apt runs once for all: the lists must not come apart."""
    stages = ROOT / "image-build"
    lists = [stages / "stage-debian/packages", *stages.glob("stage-pacsberry/*/[0-9][0-9]-packages")]
    listed = {line.partition("#")[0].strip() for path in lists for line in path.read_text().splitlines()}

    wanted = {
        package
        for role in ROLES
        for name, packages in defaults(role).items()
        if name.endswith("_packages")
        for package in packages
    }

    assert len(wanted) > 10
    assert wanted - listed == set()


def test_every_unit_is_installed_by_a_role_and_every_unit_of_a_role_exists() -> None:
    folder = "{{ playbook_dir }}/../systemd/"
    units = {path.relative_to(ROOT / "systemd").as_posix() for path in (ROOT / "systemd").rglob("*") if path.is_file()}

    installed = set()
    for path in (ANSIBLE / "roles").glob("*/tasks/*.yml"):
        for task in read(path):
            source = task.get("ansible.builtin.copy", {}).get("src", "")
            if source.startswith(folder):
                installed |= {
                    source.removeprefix(folder).replace("{{ item }}", item) for item in task.get("loop", [""])
                }

    assert installed == units - {"README.md"}


def test_nothing_in_the_roles_is_a_secret() -> None:
    for path in sorted(ANSIBLE.rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts:
            text = path.read_text(encoding="utf-8")
            assert not re.search(r"\$(1|5|6|y|2[aby])\$|BEGIN [A-Z ]*PRIVATE KEY|^\s*\w*password\w*:\s*\S", text), path


def test_what_has_no_wheel_for_a_board_is_a_package_of_the_lock() -> None:
    locked = set(re.findall(r"^([a-z0-9-]+)==", (ROOT / "requirements.lock").read_text(), re.MULTILINE))
    rows = [line.split() for line in (ANSIBLE / "bundle-without").read_text().splitlines() if not line.startswith("#")]

    assert {row[0] for row in rows} == {"armv6l", "armv7l"}
    assert {row[1] for row in rows} <= locked
