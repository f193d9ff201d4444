"""The accounts a running server works with: those of the configuration, and those of the file of accounts.

Only the file's can be changed here.  The file is read again when it has changed, so `pacsberry user` beside a running
server is as good as the admin page.
"""

import logging
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from pacsberry.auth.accounts import Accounts
from pacsberry.auth.passwords import LONGEST_PASSWORD, hash_password, is_hashed, read_hashed, unknown_password
from pacsberry.auth.permissions import Role
from pacsberry.auth.sessions import Sessions
from pacsberry.auth.users import LONGEST_NAME, STAFF, Account, User
from pacsberry.auth.users_file import read_users, write_users
from pacsberry.errors import BadRequest, ConfigError, NotAllowed, UnknownResource

LOGGER = logging.getLogger("pacsberry.http.accounts")
SHORTEST_PASSWORD = 8  # characters, of a password chosen on a page
_MOST_USERS = 1000


class Registry:
    """Who is registered; thread-safe."""

    def __init__(self, fixed: Mapping[str, Account], path: Path | None, accounts: Accounts, sessions: Sessions) -> None:
        """`fixed`: accounts of the configuration; `path`: the file of accounts, None when there is none to write.

        `accounts`, without any, and `sessions` are from now on for this registry to change.
        """
        self._fixed = dict(fixed)
        self._path = path
        self._accounts = accounts
        self._sessions = sessions
        self._lock = threading.Lock()  # guards _mark, _known and the file
        self._mark: tuple[int, int, int] | None = None  # of the file as it was read last
        self._known: dict[str, Account] = {}  # all accounts, as they are in force
        self._edition = 0  # how often they have been exchanged
        self._refresh()
        if not self._known:
            self._take({})

    def verify(self, name: str, password: str, address: str) -> User | None:
        """As `Accounts.verify`, by what the file says now."""
        self._refresh()
        return self._accounts.verify(name, password, address)

    def edition(self) -> int:
        """A number that is another whenever somebody's account is; who was changed is signed out by then."""
        self._refresh()
        return self._edition

    @property
    def is_empty(self) -> bool:
        """Whether nobody can log in."""
        self._refresh()
        return not self._known

    def all(self) -> dict[str, tuple[Account, bool]]:
        """By name: the account, and whether it can be changed here."""
        self._refresh()
        return {name: (account, name not in self._fixed) for name, account in sorted(self._known.items())}

    def put(self, name: str, *, password: str | None, role: Role | None) -> None:
        """Add an account, or change what is given of one; whoever has it is signed out."""
        if not 1 <= len(name) <= LONGEST_NAME or ":" in name or not name.isprintable():
            raise BadRequest(f"A name has 1 to {LONGEST_NAME} printable characters, and no ':'.")
        if role not in (None, *STAFF):
            raise BadRequest("Students need no account; a role is teacher or admin.")
        if password is not None and not SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD:
            raise BadRequest(f"A password has {SHORTEST_PASSWORD} to {LONGEST_PASSWORD} characters.")

        def change(users: dict[str, Account]) -> None:
            if name not in users:
                if password is None:
                    raise BadRequest(f"{name!r} is new and needs a password.")
                if len(users) >= _MOST_USERS:
                    raise NotAllowed(f"There are {_MOST_USERS} accounts already.")
                users[name] = Account("", Role.TEACHER)
            account = users[name]
            users[name] = replace(
                account,
                password=account.password if password is None else hash_password(password).to_line(),
                role=role or account.role,
            )

        self._change(name, change)

    def remove(self, name: str) -> None:
        """Remove an account; whoever has it is signed out."""

        def change(users: dict[str, Account]) -> None:
            if name not in users:
                raise UnknownResource(f"There is no account {name[:80]!r}.")
            del users[name]

        self._change(name, change)

    def _change(self, name: str, change: Callable[[dict[str, Account]], None]) -> None:
        if self._path is None:
            raise NotAllowed("Accounts can be changed here when Pacsberry.UsersFile names a file for them.")
        if name in self._fixed:
            raise NotAllowed(f"The account {name[:80]!r} is set in the configuration; change it there.")
        with self._lock:
            try:
                users = self._in_file()
            except ConfigError as error:
                raise NotAllowed(str(error)) from error
            had_admin = _has_admin({**self._fixed, **users})
            change(users)
            if had_admin and not _has_admin({**self._fixed, **users}):
                raise NotAllowed("Somebody has to be an admin: this is the last one.")
            try:
                write_users(self._path, users)
            except OSError as error:
                raise NotAllowed(f"{self._path} cannot be written ({error.strerror}).") from error
            self._take(users)
            self._mark = _mark_of(self._path)

    def _take(self, users: Mapping[str, Account]) -> None:
        """Have the accounts of the file in force; who has one that is another now is signed out."""
        known = {**users, **self._fixed}
        self._accounts.replace({**dict(_usable(users)), **self._fixed})
        self._edition += 1
        for name in self._known:
            if known.get(name) != self._known[name]:
                self._sessions.end_all(name)
        self._known = known

    def _in_file(self) -> dict[str, Account]:
        return {} if self._path is None else read_users(self._path)

    def _refresh(self) -> None:
        """Take in what has changed in the file since; a file that cannot be read leaves the accounts as they are."""
        if self._path is None or _mark_of(self._path) == self._mark:
            return
        with self._lock:
            mark = _mark_of(self._path)
            if mark == self._mark:
                return
            self._mark = mark
            try:
                self._take(self._in_file())
            except (ConfigError, OSError) as error:
                LOGGER.warning("The accounts stay as they were: %s", error)


def _usable(users: Mapping[str, Account]) -> Iterator[tuple[str, Account]]:
    """The accounts, with a password nobody has for who has a damaged one: the others can still sign in."""
    for name, account in users.items():
        try:
            if is_hashed(account.password):
                read_hashed(account.password, name)
            yield name, account
        except ConfigError as error:
            LOGGER.warning("%s", error)
            yield name, replace(account, password=unknown_password().to_line())


def _has_admin(users: Mapping[str, Account]) -> bool:
    return any(account.role is Role.ADMIN for account in users.values())


def _mark_of(path: Path | None) -> tuple[int, int, int] | None:
    """What changes when somebody writes the file; None when it is not there."""
    try:
        facts = path.stat() if path is not None else None
    except OSError:
        return None
    return None if facts is None else (facts.st_mtime_ns, facts.st_size, facts.st_ino)
