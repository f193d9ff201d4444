"""Values of accounts: somebody who has come in, and what a file of accounts says of one name."""

from dataclasses import dataclass

from pacsberry.auth.permissions import Role

LONGEST_NAME = 128
STAFF = (Role.TEACHER, Role.ADMIN)  # roles an account can have


@dataclass(frozen=True, slots=True)
class User:
    """Somebody who has come in; `name` is '' for who needed no account."""

    name: str
    role: Role = Role.ADMIN


@dataclass(frozen=True, slots=True)
class Account:
    """One registered user."""

    password: str  # a line of passwords.py, or as it is typed
    role: Role = Role.ADMIN


GUEST = User("", Role.STUDENT)
