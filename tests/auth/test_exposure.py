"""No server starts open to the network by accident."""

import pytest

from pacsberry.auth import Action, Role, may
from pacsberry.auth.exposure import check_exposure, exposure_remarks
from pacsberry.errors import ConfigError

SOMEBODY = {"alice": "x"}


@pytest.mark.parametrize(
    ("remote", "authentication", "users"),
    [
        (False, False, None),
        (False, True, None),
        (False, True, {}),
        (False, True, SOMEBODY),
        (True, True, {}),
        (True, True, SOMEBODY),
        (True, False, None),
        (True, False, SOMEBODY),
    ],
)
def test_everything_else_may_start(remote: bool, authentication: bool, users: dict[str, str] | None) -> None:
    assert check_exposure(remote, authentication, users, False) is None


def test_remote_access_without_any_word_about_users_is_refused_and_says_what_to_set() -> None:
    error = check_exposure(True, True, None, False)

    assert isinstance(error, ConfigError)
    for word in ("RemoteAccessAllowed", "RegisteredUsers", "pacsberry user add"):
        assert word in str(error)


def test_what_is_allowed_but_risky_is_said() -> None:
    assert "everybody on the network" in exposure_remarks(True, False, SOMEBODY, False)[0]
    assert "Nobody can log in" in exposure_remarks(True, True, {}, False)[0]
    assert exposure_remarks(True, True, SOMEBODY, False) == []
    assert exposure_remarks(False, False, None, False) == []


def test_an_admin_may_do_everything_and_the_other_roles_less() -> None:
    assert all(may(Role.ADMIN, action) for action in Action)
    assert may(Role.STUDENT, Action.LOOK)
    assert not any(may(Role.STUDENT, action) for action in Action if action is not Action.LOOK)
    assert may(Role.TEACHER, Action.DELETE)
    assert not may(Role.TEACHER, Action.ADMINISTER)


def test_a_file_of_accounts_is_a_way_in_of_its_own() -> None:
    assert check_exposure(True, True, None, True) is None
    assert exposure_remarks(True, True, None, True) == []
