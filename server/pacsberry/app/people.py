"""Builds what the doors know of people, where they have to sign in, and tells the way to the first account."""

import logging
from pathlib import Path

from pacsberry.app.values import registered
from pacsberry.auth.accounts import Accounts
from pacsberry.auth.registry import Registry
from pacsberry.auth.sessions import Sessions
from pacsberry.auth.setup_code import SetupCode
from pacsberry.auth.users_file import read_users
from pacsberry.config import Settings
from pacsberry.http.people import People

LOGGER = logging.getLogger("pacsberry.server")


def people(settings: Settings) -> People:
    """Accounts, sessions and, when nobody has an account and there is a file to put one into, a set-up code."""
    path: Path | None = settings["Pacsberry.UsersFile"]
    in_file = read_users(path) if path is not None else {}
    sessions = Sessions(seconds=settings.number("Pacsberry.SessionHours") * 3600.0)
    registry = Registry(
        {name: account for name, account in registered(settings).items() if name not in in_file},
        path,
        Accounts(
            {},
            memory_seconds=settings.number("Pacsberry.LoginMemorySeconds"),
            failures_per_minute=settings.number("Pacsberry.FailedLoginsPerMinute"),
        ),
        sessions,
    )
    code = SetupCode() if registry.is_empty and path is not None else None
    if code is not None:
        LOGGER.warning("Nobody has an account yet. Make the first one on the sign-in page; set-up code: %s", code.code)
    return People(registry, sessions, code)
