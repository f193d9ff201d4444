"""`pacsberry user`: accounts are added, listed, changed and removed, and passwords are seen nowhere."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from pacsberry.auth import Role
from pacsberry.auth.accounts import Accounts
from pacsberry.auth.users_file import read_users
from pacsberry.cli.main import pacsberry as command


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "users.json"


def run(file: Path, *arguments: str, typed: str = "") -> Result:
    return CliRunner().invoke(command, ["user", *arguments, "--file", str(file)], input=typed)


def may_enter(file: Path, name: str, password: str) -> bool:
    return Accounts(read_users(file)).verify(name, password, "127.0.0.1") is not None


def test_an_account_is_added_with_a_password_typed_twice(file: Path) -> None:
    result = run(file, "add", "alice", typed="hunter2\nhunter2\n")

    assert result.exit_code == 0
    assert may_enter(file, "alice", "hunter2")
    assert "hunter2" not in result.output + file.read_text()


def test_a_password_typed_differently_is_asked_again(file: Path) -> None:
    result = run(file, "add", "alice", typed="hunter2\nhunter3\nx\nx\n")

    assert result.exit_code == 0
    assert may_enter(file, "alice", "x")


def test_a_password_can_come_from_standard_input(file: Path) -> None:
    assert run(file, "add", "alice", "--password-stdin", typed="a b \n").exit_code == 0

    assert may_enter(file, "alice", "a b ")


@pytest.mark.parametrize("typed", ["", "\n", "x" * 2000])
def test_an_empty_or_monstrous_password_is_refused(file: Path, typed: str) -> None:
    assert run(file, "add", "alice", "--password-stdin", typed=typed).exit_code == 2

    assert not file.exists()


def test_a_second_account_of_a_name_is_refused(file: Path) -> None:
    run(file, "add", "alice", "--password-stdin", typed="x")

    result = run(file, "add", "alice", "--password-stdin", typed="y")

    assert result.exit_code == 3
    assert "set-password" in result.stderr
    assert may_enter(file, "alice", "x")


def test_a_password_is_changed(file: Path) -> None:
    run(file, "add", "alice", "--password-stdin", typed="old")

    assert run(file, "set-password", "alice", "--password-stdin", typed="new").exit_code == 0

    assert may_enter(file, "alice", "new")
    assert not may_enter(file, "alice", "old")


def test_accounts_are_listed_and_removed(file: Path) -> None:
    run(file, "add", "bob", "--password-stdin", typed="x")
    run(file, "add", "alice", "--password-stdin", typed="x")

    assert run(file, "list").output == "alice  admin\nbob  admin\n"
    assert run(file, "remove", "alice").exit_code == 0
    assert run(file, "list").output == "bob  admin\n"


def test_plain_passwords_are_pointed_out(file: Path) -> None:
    file.write_text(json.dumps({"RegisteredUsers": {"bob": "plain"}}))

    output = run(file, "list").output

    assert "set-password" in output
    assert ": plain" not in output


@pytest.mark.parametrize("arguments", [("set-password", "eve", "--password-stdin"), ("remove", "eve"), ("list",)])
def test_who_is_not_there_is_an_error(file: Path, arguments: tuple[str, ...]) -> None:
    result = run(file, *arguments, typed="x")

    assert result.exit_code == 3
    assert str(file) in result.stderr
    assert not file.exists()


@pytest.mark.parametrize("name", ["a:b", "", "a\nb", "x" * 129])
def test_a_name_http_cannot_carry_is_refused(file: Path, name: str) -> None:
    assert run(file, "add", name, "--password-stdin", typed="x").exit_code == 2

    assert not file.exists()


def test_another_configuration_file_is_never_overwritten(file: Path) -> None:
    file.write_text('{"HttpPort": 1}')

    assert run(file, "add", "alice", "--password-stdin", typed="x").exit_code == 3

    assert file.read_text() == '{"HttpPort": 1}'


def test_a_folder_that_is_not_there_is_an_error_not_a_traceback(tmp_path: Path) -> None:
    result = run(tmp_path / "no" / "users.json", "add", "alice", "--password-stdin", typed="x")

    assert result.exit_code == 1
    assert "No such file" in result.stderr


def test_a_role_is_given_and_changed(file: Path) -> None:
    assert run(file, "add", "carol", "--role", "teacher", "--password-stdin", typed="x").exit_code == 0
    assert read_users(file)["carol"].role is Role.TEACHER
    run(file, "set-password", "carol", "--password-stdin", typed="y")
    assert read_users(file)["carol"].role is Role.TEACHER

    assert run(file, "set-role", "carol", "admin").exit_code == 0

    assert read_users(file)["carol"].role is Role.ADMIN
    assert may_enter(file, "carol", "y")
    assert run(file, "set-role", "carol", "student").exit_code == 2
