"""Accounts of a running server: changed here or by the command, in force at once, and never without an admin."""

from pathlib import Path

import pytest

from pacsberry.auth import Account, Role, User
from pacsberry.auth.accounts import Accounts
from pacsberry.auth.passwords import hash_password
from pacsberry.auth.registry import Registry
from pacsberry.auth.sessions import Sessions
from pacsberry.auth.users_file import read_users, write_users
from pacsberry.errors import BadRequest, NotAllowed, UnknownResource

HERE = "127.0.0.1"
FIXED = {"root": Account("from the configuration")}


class House:
    """A registry with what it works on."""

    def __init__(self, folder: Path, fixed: dict[str, Account] | None = None, *, has_file: bool = True) -> None:
        self.path = folder / "users.json"
        self.sessions = Sessions(seconds=60)
        self.registry = Registry(
            FIXED if fixed is None else fixed, self.path if has_file else None, Accounts({}), self.sessions
        )

    def enters(self, name: str, password: str) -> User | None:
        return self.registry.verify(name, password, HERE)

    def signed_in(self, name: str) -> str:
        return self.sessions.begin(User(name))[0]


def test_an_account_is_made_changed_and_removed_and_each_is_in_force_at_once(tmp_path: Path) -> None:
    house = House(tmp_path)

    house.registry.put("alice", password="correct horse", role=Role.TEACHER)
    assert house.enters("alice", "correct horse") == User("alice", Role.TEACHER)
    house.registry.put("alice", password=None, role=Role.ADMIN)
    assert house.enters("alice", "correct horse") == User("alice", Role.ADMIN)
    house.registry.put("alice", password="another one", role=None)
    assert house.enters("alice", "correct horse") is None
    assert house.enters("alice", "another one") == User("alice", Role.ADMIN)
    assert list(read_users(house.path)) == ["alice"]
    house.registry.remove("alice")

    assert house.enters("alice", "another one") is None
    assert house.enters("root", "from the configuration")
    assert read_users(house.path) == {}


def test_what_the_command_writes_beside_the_server_counts(tmp_path: Path) -> None:
    house = House(tmp_path, {})
    was_empty = house.registry.is_empty
    write_users(house.path, {"bob": Account("plain", Role.TEACHER), "eve": Account("plain")})

    assert house.enters("bob", "plain") == User("bob", Role.TEACHER)
    assert (was_empty, house.registry.is_empty) == (True, False)
    bob, eve = house.signed_in("bob"), house.signed_in("eve")
    write_users(house.path, {"eve": Account("plain")})

    assert house.enters("bob", "plain") is None
    assert house.sessions.find(bob) is None
    assert house.sessions.find(eve)


def test_an_edition_ends_sessions_of_who_was_changed_beside_the_server(tmp_path: Path) -> None:
    house = House(tmp_path, {})
    write_users(house.path, {"bob": Account("plain", Role.TEACHER), "eve": Account("plain")})
    first = house.registry.edition()
    bob, eve = house.signed_in("bob"), house.signed_in("eve")
    assert house.registry.edition() == first
    write_users(house.path, {"bob": Account("plain", Role.ADMIN), "eve": Account("plain")})

    assert house.registry.edition() != first
    assert house.sessions.find(bob) is None
    assert house.sessions.find(eve)


def test_a_file_gone_bad_leaves_the_accounts_as_they_were(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    house = House(tmp_path)
    house.registry.put("alice", password="correct horse", role=None)

    house.path.write_text("not JSON")

    assert house.enters("alice", "correct horse")
    assert house.enters("root", "from the configuration")
    assert "stay as they were" in caplog.text


def test_a_damaged_password_keeps_nobody_else_out_and_can_be_set_anew(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    good = hash_password("correct horse").to_line()
    write_users(tmp_path / "users.json", {"anna": Account(good), "eve": Account("$scrypt$ln=13,r=8")})
    house = House(tmp_path, {})

    assert house.enters("anna", "correct horse")
    assert house.enters("eve", "$scrypt$ln=13,r=8") is None
    assert "eve" in house.registry.all()
    assert "RegisteredUsers.eve: the hashed password is damaged" in caplog.text
    house.registry.put("eve", password="another one", role=None)
    assert house.enters("eve", "another one")


def test_where_every_password_is_damaged_nobody_is_asked_to_make_the_first_account(tmp_path: Path) -> None:
    write_users(tmp_path / "users.json", {"eve": Account("$scrypt$ln=13,r=8")})

    assert not House(tmp_path, {}).registry.is_empty


def test_a_file_gone_bad_is_not_written_over(tmp_path: Path) -> None:
    house = House(tmp_path)
    house.path.write_text("not JSON")

    with pytest.raises(NotAllowed, match="left as it is"):
        house.registry.put("alice", password="correct horse", role=None)

    assert house.path.read_text() == "not JSON"


def test_who_was_changed_is_signed_out_and_nobody_else(tmp_path: Path) -> None:
    house = House(tmp_path)
    house.registry.put("alice", password="correct horse", role=None)
    alice, root = house.signed_in("alice"), house.signed_in("root")

    house.registry.put("alice", password="another one", role=None)

    assert house.sessions.find(alice) is None
    assert house.sessions.find(root)


def test_accounts_of_the_configuration_are_shown_and_left_alone(tmp_path: Path) -> None:
    house = House(tmp_path)
    house.registry.put("alice", password="correct horse", role=None)

    assert {name: changeable for name, (_, changeable) in house.registry.all().items()} == {
        "alice": True,
        "root": False,
    }
    with pytest.raises(NotAllowed, match="configuration"):
        house.registry.remove("root")
    with pytest.raises(NotAllowed, match="configuration"):
        house.registry.put("root", password="x" * 8, role=None)
    assert house.enters("root", "from the configuration")


def test_the_last_admin_stays(tmp_path: Path) -> None:
    house = House(tmp_path, {})
    house.registry.put("alice", password="correct horse", role=Role.ADMIN)
    house.registry.put("bob", password="correct horse", role=Role.TEACHER)

    with pytest.raises(NotAllowed, match="last one"):
        house.registry.remove("alice")
    with pytest.raises(NotAllowed, match="last one"):
        house.registry.put("alice", password=None, role=Role.TEACHER)
    house.registry.remove("bob")

    assert house.enters("alice", "correct horse") == User("alice", Role.ADMIN)


def test_without_a_file_accounts_cannot_be_changed(tmp_path: Path) -> None:
    house = House(tmp_path, has_file=False)

    with pytest.raises(NotAllowed, match=r"Pacsberry\.UsersFile"):
        house.registry.put("alice", password="correct horse", role=None)

    assert not house.path.exists()


@pytest.mark.parametrize("name", ["", "a:b", "a\nb", "x" * 129, "\udcff"])
def test_a_name_that_cannot_log_in_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(BadRequest):
        House(tmp_path).registry.put(name, password="correct horse", role=None)


@pytest.mark.parametrize(
    ("password", "role"), [("short", None), ("x" * 1025, None), (None, None), ("x" * 8, Role.STUDENT)]
)
def test_what_is_no_account_is_refused_and_nothing_is_written(
    tmp_path: Path, password: str | None, role: Role | None
) -> None:
    house = House(tmp_path)

    with pytest.raises(BadRequest):
        house.registry.put("alice", password=password, role=role)
    with pytest.raises(UnknownResource):
        house.registry.remove("alice")

    assert not house.path.exists()


def test_a_place_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    house = House(tmp_path / "gone")

    with pytest.raises(NotAllowed, match="cannot be written"):
        house.registry.put("alice", password="correct horse", role=None)

    assert house.enters("alice", "correct horse") is None
