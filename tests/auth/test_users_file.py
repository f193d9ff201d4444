"""The file of accounts: closed to others, replaced in one step, never something else's end."""

import json
import stat
from pathlib import Path

import pytest

from pacsberry.auth import Account, Role
from pacsberry.auth.users_file import read_users, write_users
from pacsberry.errors import ConfigError


def test_what_is_written_can_be_read(tmp_path: Path) -> None:
    path = tmp_path / "users.json"

    write_users(path, {"bob": Account("x", Role.TEACHER), "älice": Account("y")})

    assert read_users(path) == {"bob": Account("x", Role.TEACHER), "älice": Account("y")}
    assert json.loads(path.read_bytes()) == {
        "RegisteredUsers": {"bob": "x", "älice": "y"},
        "Pacsberry": {"UserRoles": {"bob": "teacher"}},
    }


def test_only_the_owner_can_read_it_even_when_an_open_file_was_there(tmp_path: Path) -> None:
    path = tmp_path / "users.json"
    path.write_text("{}")
    path.chmod(0o666)

    write_users(path, {})

    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_file_that_is_not_there_has_no_users(tmp_path: Path) -> None:
    assert read_users(tmp_path / "users.json") == {}


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b'{"HttpPort": 1}',
        b'{"RegisteredUsers": {}, "HttpPort": 1}',
        b'{"RegisteredUsers": []}',
        b'{"RegisteredUsers": {"a": 5}}',
        b'{"RegisteredUsers": {"a": "b"}, "Pacsberry": {"KeepFreeMB": 1}}',
        b'{"RegisteredUsers": {"a": "b"}, "Pacsberry": {"UserRoles": {"a": "student"}}}',
        b'{"RegisteredUsers": {"a": "b"}, "Pacsberry": 5}',
        b'// comment\n{"RegisteredUsers": {}}',
        b"\xff",
        b"[" * 100_000,
        b" " * (5 << 20),
    ],
)
def test_another_file_is_refused_and_left_as_it_is(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "orthanc.json"
    path.write_bytes(content)

    with pytest.raises(ConfigError, match="left as it is"):
        read_users(path)

    assert path.read_bytes() == content


def test_a_failure_leaves_the_old_file_and_nothing_beside_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "users.json"
    write_users(path, {"bob": Account("x")})

    def no_room(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("pacsberry.auth.users_file.os.fsync", no_room)
    with pytest.raises(OSError, match="No space"):
        write_users(path, {})

    assert read_users(path) == {"bob": Account("x")}
    assert [entry.name for entry in tmp_path.iterdir()] == ["users.json"]


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    real = tmp_path / "real.json"
    write_users(real, {})
    link = tmp_path / "users.json"
    link.symlink_to(real)

    write_users(link, {"bob": Account("x")})

    assert link.is_symlink()
    assert read_users(real) == {"bob": Account("x")}
