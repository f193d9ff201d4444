"""Who may do what: one table for REST, DICOMweb and pages alike.

A student needs no account: whoever comes in without one is a guest, and may look at what the teachers show.
"""

from enum import Enum


class Role(Enum):
    """What a person is in the classroom."""

    STUDENT = "student"
    TEACHER = "teacher"
    ADMIN = "admin"


class Action(Enum):
    """What can be allowed or refused."""

    LOOK = "look"  # at what is shown to students, without names
    READ = "read"  # find, look at and download everything
    STORE = "store"  # send or upload images
    CHANGE = "change"  # labels, metadata, attachments, protection
    DELETE = "delete"
    SEND = "send"  # to other nodes and servers
    ADMINISTER = "administer"  # settings, accounts, log levels, restart, shutdown


_LOOKING = frozenset({Action.LOOK})
_TEACHING = frozenset({Action.LOOK, Action.READ, Action.STORE, Action.CHANGE, Action.DELETE, Action.SEND})
PERMISSIONS = {Role.STUDENT: _LOOKING, Role.TEACHER: _TEACHING, Role.ADMIN: frozenset(Action)}


def may(role: Role, action: Action) -> bool:
    """Whether somebody in a role may do something."""
    return action in PERMISSIONS[role]
