"""Who may do what: one table.

Every registered user is an administrator today; students and teachers get accounts of their own with the classroom. The
doors ask `may()`, so that day changes one table and no door.
"""

from enum import Enum


class Role(Enum):
    """What a person is in the classroom."""

    STUDENT = "student"
    TEACHER = "teacher"
    ADMIN = "admin"


class Action(Enum):
    """What can be allowed or refused."""

    READ = "read"  # find, look at and download
    STORE = "store"  # send or upload images
    CHANGE = "change"  # labels, metadata, attachments, protection
    DELETE = "delete"
    SEND = "send"  # to other nodes and servers
    ADMINISTER = "administer"  # settings, log levels, restart, shutdown


_READING = frozenset({Action.READ})
_TEACHING = frozenset({Action.READ, Action.STORE, Action.CHANGE, Action.DELETE, Action.SEND})
PERMISSIONS = {Role.STUDENT: _READING, Role.TEACHER: _TEACHING, Role.ADMIN: frozenset(Action)}


def may(role: Role, action: Action) -> bool:
    """Whether somebody in a role may do something."""
    return action in PERMISSIONS[role]
