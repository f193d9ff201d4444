"""Who gets in, how fast, and who is slowed down."""

import gc
import logging
import threading
from unittest.mock import patch

import pytest

from pacsberry.auth import Account, Role, User
from pacsberry.auth.accounts import Accounts
from pacsberry.auth.attempts import WINDOW_SECONDS, FailedAttempts
from pacsberry.auth.passwords import HashedPassword, hash_password
from pacsberry.errors import ConfigError

HERE = "127.0.0.1"
HASHED = {"alice": Account(hash_password("hunter2").to_line(), Role.TEACHER)}
PLAIN = {"bob": Account("tr0ub4dor")}


class Time:
    """A clock that goes when it is told to."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


class Counting:
    """How often a password is really computed."""

    def __init__(self) -> None:
        self.count = 0
        self.at_once = 0
        self.most_at_once = 0
        self._matches = HashedPassword.matches

    def __call__(self, kept: HashedPassword, password: str) -> bool:
        self.count += 1
        self.at_once += 1
        self.most_at_once = max(self.at_once, self.most_at_once)
        try:
            return self._matches(kept, password)
        finally:
            self.at_once -= 1


@pytest.fixture
def computed() -> Counting:
    return Counting()


@pytest.fixture(autouse=True)
def _count(monkeypatch: pytest.MonkeyPatch, computed: Counting) -> None:
    monkeypatch.setattr(HashedPassword, "matches", lambda kept, password: computed(kept, password))


@pytest.mark.parametrize(("users", "name", "password"), [(HASHED, "alice", "hunter2"), (PLAIN, "bob", "tr0ub4dor")])
def test_the_right_password_lets_in_and_everything_else_does_not(
    users: dict[str, Account], name: str, password: str
) -> None:
    accounts = Accounts(users)

    assert accounts.verify(name, password, HERE) == User(name, users[name].role)
    for wrong in (
        "",
        password + "x",
        password[:-1],
        password.upper(),
        users[name].password if "$" in users[name].password else "y",
    ):
        assert accounts.verify(name, wrong, HERE) is None
    assert accounts.verify(name.upper(), password, HERE) is None
    assert accounts.verify("", password, HERE) is None
    assert accounts.verify("nobody", password, HERE) is None


def test_an_archive_without_accounts_lets_nobody_in() -> None:
    assert Accounts({}).verify("", "", HERE) is None
    assert Accounts({}).verify("a", "b", HERE) is None


def test_a_right_password_is_computed_once_in_a_while(computed: Counting) -> None:
    time = Time()
    accounts = Accounts(HASHED, memory_seconds=300, monotonic=time)

    for _ in range(10):
        assert accounts.verify("alice", "hunter2", HERE)
    assert computed.count == 1
    time.seconds += 301
    assert accounts.verify("alice", "hunter2", HERE)
    assert computed.count == 2


def test_nothing_is_remembered_when_it_should_not_be(computed: Counting) -> None:
    accounts = Accounts(HASHED, memory_seconds=0)

    assert accounts.verify("alice", "hunter2", HERE)
    assert accounts.verify("alice", "hunter2", HERE)

    assert computed.count == 2


def test_what_is_remembered_lets_no_other_password_in() -> None:
    accounts = Accounts(HASHED)
    assert accounts.verify("alice", "hunter2", HERE)

    assert accounts.verify("alice", "hunter3", HERE) is None


def test_an_unknown_name_costs_as_much_as_a_known_one(computed: Counting) -> None:
    accounts = Accounts(HASHED)

    accounts.verify("alice", "wrong", HERE)
    accounts.verify("nobody", "wrong", HERE)

    assert computed.count == 2


def test_a_wrong_plain_password_costs_as_much_as_a_hashed_one_beside_it(computed: Counting) -> None:
    accounts = Accounts({**HASHED, **PLAIN})

    assert accounts.verify("bob", "wrong", HERE) is None
    assert computed.count == 1
    assert accounts.verify("bob", "tr0ub4dor", HERE)
    assert accounts.verify("bob", "", HERE) is None
    assert computed.count == 1


def test_one_password_is_computed_at_a_time_and_thirty_logins_of_one_user_once(computed: Counting) -> None:
    accounts = Accounts({**HASHED, "carol": Account(hash_password("c").to_line())})
    asked = [("alice", "hunter2")] * 15 + [("carol", "c")] * 15
    answers: list[User | None] = []

    def ask(name: str, password: str) -> None:
        answers.append(accounts.verify(name, password, HERE))

    threads = [threading.Thread(target=ask, args=who) for who in asked]

    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert all(answers)
    assert (computed.count, computed.most_at_once) == (2, 1)


def test_no_password_stays_in_memory() -> None:
    password = "".join(["a-very-", "particular-", "password"])
    accounts = Accounts({"bob": Account(password), **HASHED})
    assert accounts.verify("bob", password, HERE)

    held = [thing for thing in gc.get_referrers(password) if isinstance(thing, dict) and thing.get("bob") is password]

    assert held == []
    assert password not in repr(vars(accounts))


def test_too_many_wrong_passwords_are_refused_for_a_minute_and_logged_once(
    caplog: pytest.LogCaptureFixture, computed: Counting
) -> None:
    time = Time()
    accounts = Accounts(HASHED, failures_per_minute=3, monotonic=time)

    with caplog.at_level(logging.WARNING):
        for _ in range(10):
            assert accounts.verify("alice", "wrong", "10.0.0.5") is None

    assert computed.count == 3
    assert accounts.verify("alice", "hunter2", "10.0.0.5") is None
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert "10.0.0.5" in caplog.text
    assert accounts.verify("alice", "hunter2", "10.0.0.6")
    time.seconds += WINDOW_SECONDS
    assert accounts.verify("alice", "hunter2", "10.0.0.5")


def test_a_forgetful_student_does_not_lock_out_the_class_behind_the_same_address() -> None:
    accounts = Accounts({**HASHED, **PLAIN}, failures_per_minute=3)

    for _ in range(10):
        accounts.verify("alice", "wrong", "10.0.0.5")

    assert accounts.verify("bob", "tr0ub4dor", "10.0.0.5")


def test_who_is_logged_in_already_stays_so_while_others_guess() -> None:
    accounts = Accounts(HASHED, failures_per_minute=3)
    assert accounts.verify("alice", "hunter2", "10.0.0.5")

    for _ in range(10):
        accounts.verify("alice", "wrong", "10.0.0.5")

    assert accounts.verify("alice", "hunter2", "10.0.0.5")


def test_trying_many_names_is_slowed_down_too(computed: Counting) -> None:
    accounts = Accounts(HASHED, failures_per_minute=3)

    for number in range(50):
        accounts.verify(f"user{number}", "wrong", "10.0.0.5")

    assert computed.count == 15


def test_a_success_forgives_the_failures_before_it() -> None:
    accounts = Accounts(HASHED, failures_per_minute=3, memory_seconds=0)

    for _ in range(5):
        assert accounts.verify("alice", "wrong", HERE) is None
        assert accounts.verify("alice", "hunter2", HERE)


@pytest.mark.parametrize(("name", "password"), [("a" * 129, "x"), ("alice", "x" * 1025), ("alice", "\ud800")])
def test_monstrous_names_and_passwords_are_wrong(name: str, password: str) -> None:
    assert Accounts(HASHED).verify(name, password, HERE) is None


def test_addresses_of_one_customer_count_as_one() -> None:
    attempts = FailedAttempts(most_per_minute=2, monotonic=Time())

    attempts.failed("alice", "2001:db8:1:2:3::4")
    attempts.failed("alice", "2001:db8:1:2:ffff::5%eth0")

    assert attempts.is_held("alice", "2001:db8:1:2::9")
    assert not attempts.is_held("alice", "2001:db8:1:3::9")
    assert not attempts.is_held("alice", "not an address")


@pytest.mark.parametrize("network", ["fe80::{}", "fe80::{}%wlan0", "febf:1::{}", "fd12:3456::{}", "192.168.4.{}"])
def test_tablets_of_one_classroom_do_not_count_as_one(network: str) -> None:
    attempts = FailedAttempts(most_per_minute=2, monotonic=Time())
    for tablet in range(2, 22):
        attempts.failed("alice", network.format(tablet))
    attempts.failed("alice", network.format(2))

    assert attempts.is_held("alice", network.format(2))
    assert not attempts.is_held("alice", network.format(3))
    assert not attempts.is_held("bob", network.format(2))


def test_many_tries_at_once_are_no_more_than_one_after_the_other(computed: Counting) -> None:
    accounts = Accounts(HASHED, failures_per_minute=3)
    tries = [threading.Thread(target=accounts.verify, args=("alice", str(number), HERE)) for number in range(40)]
    for one in tries:
        one.start()
    for one in tries:
        one.join()

    assert computed.count == 3


def test_failures_are_counted_in_bounded_memory() -> None:
    attempts = FailedAttempts(most_per_minute=2, monotonic=Time())

    for number in range(5000):
        attempts.failed(f"user{number}", f"10.0.{number % 256}.{number // 256}")

    assert len(attempts._failures) <= 1024


def test_passwords_are_compared_in_constant_time() -> None:
    with patch("pacsberry.auth.accounts.hmac.compare_digest", return_value=True) as compared:
        assert Accounts(PLAIN).verify("bob", "anything", HERE)

    assert compared.called


def test_accounts_are_exchanged_at_once_and_what_was_remembered_is_forgotten() -> None:
    accounts = Accounts(HASHED)
    assert accounts.verify("alice", "hunter2", HERE)

    accounts.replace({"alice": Account(hash_password("new").to_line()), "bob": Account("b", Role.TEACHER)})

    assert accounts.verify("alice", "hunter2", HERE) is None
    assert accounts.verify("alice", "new", HERE) == User("alice", Role.ADMIN)
    assert accounts.verify("bob", "b", HERE) == User("bob", Role.TEACHER)
    assert len(accounts) == 2


def test_a_damaged_line_leaves_the_accounts_as_they_are() -> None:
    accounts = Accounts(PLAIN)

    with pytest.raises(ConfigError):
        accounts.replace({"bob": Account("$scrypt$nonsense")})

    assert accounts.verify("bob", "tr0ub4dor", HERE)
