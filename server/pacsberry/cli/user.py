"""`pacsberry user`: accounts in a file of their own, passwords hashed."""

import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import click

from pacsberry.auth.passwords import LONGEST_PASSWORD, hash_password, is_hashed
from pacsberry.auth.permissions import Role
from pacsberry.auth.users import STAFF, Account
from pacsberry.auth.users_file import read_users, write_users
from pacsberry.errors import ConfigError

_F = TypeVar("_F", bound=Callable[..., Any])
_ROLE = click.Choice([role.value for role in STAFF])

_EPILOG = """\b
Examples:
  pacsberry user add alice --file users.json       asks for the password
  echo "$PASSWORD" | pacsberry user add bob --password-stdin --file users.json
  pacsberry user add carol --role teacher --file users.json
  pacsberry user set-password alice --file users.json
  pacsberry user set-role alice teacher --file users.json
  pacsberry user list --file users.json
  pacsberry user remove alice --file users.json

\b
The file is used by the server when it is
  - on the command line:  pacsberry serve site.json users.json
  - in the folder of the configuration, or
  - named in it:          "Pacsberry": {"UsersFile": "users.json"}
A running server reads it at its next start, or after POST /tools/reset.
"""


@click.group("user", epilog=_EPILOG)
def command() -> None:
    """Add, change, list and remove accounts. Passwords are kept hashed."""


def _file_option(function: _F) -> _F:
    option = click.option(
        "--file",
        "path",
        type=click.Path(dir_okay=False, path_type=Path),
        default="users.json",
        show_default=True,
        envvar="PACSBERRY_USERS_FILE",
        help="The file of accounts. Variable: PACSBERRY_USERS_FILE.",
    )
    return option(function)


def _password_option(function: _F) -> _F:
    return click.option("--password-stdin", is_flag=True, help="Read the password from standard input.")(function)


@command.command("add")
@click.argument("name")
@click.option(
    "--role", type=_ROLE, default=Role.ADMIN.value, show_default=True, help="A teacher changes no settings or accounts."
)
@_file_option
@_password_option
def add(name: str, role: str, path: Path, password_stdin: bool) -> None:
    """Add an account; the file is made when it is not there.

    \b
    Example:
      pacsberry user add alice --file users.json
    """
    _check_name(name)
    users = read_users(path)
    if name in users:
        raise ConfigError(f"{path} has a user {name!r} already. To change it: pacsberry user set-password {name}")
    users[name] = Account(hash_password(_password(password_stdin)).to_line(), Role(role))
    write_users(path, users)
    click.echo(f"Added {name} to {path}.")


@command.command("set-password")
@click.argument("name")
@_file_option
@_password_option
def set_password(name: str, path: Path, password_stdin: bool) -> None:
    """Give an account a new password.

    \b
    Example:
      pacsberry user set-password alice --file users.json
    """
    users = read_users(path)
    _check_known(name, users, path)
    users[name] = replace(users[name], password=hash_password(_password(password_stdin)).to_line())
    write_users(path, users)
    click.echo(f"Changed the password of {name} in {path}.")


@command.command("set-role")
@click.argument("name")
@click.argument("role", type=_ROLE)
@_file_option
def set_role(name: str, role: str, path: Path) -> None:
    """Make somebody a teacher or an admin.

    \b
    Example:
      pacsberry user set-role alice teacher --file users.json
    """
    users = read_users(path)
    _check_known(name, users, path)
    users[name] = replace(users[name], role=Role(role))
    write_users(path, users)
    click.echo(f"{name} is {role} now in {path}.")


@command.command("remove")
@click.argument("name")
@_file_option
def remove(name: str, path: Path) -> None:
    """Remove an account.

    \b
    Example:
      pacsberry user remove alice --file users.json
    """
    users = read_users(path)
    _check_known(name, users, path)
    del users[name]
    write_users(path, users)
    click.echo(f"Removed {name} from {path}.")


@command.command("list")
@_file_option
def list_users(path: Path) -> None:
    """List the accounts, one a line.

    \b
    Example:
      pacsberry user list --file users.json
    """
    if not path.exists():
        raise ConfigError(f"{path} is not there. Make it with: pacsberry user add NAME --file {path}")
    for name, account in sorted(read_users(path).items()):
        remark = "" if is_hashed(account.password) else "  (plain password: change it with set-password)"
        click.echo(f"{name}  {account.role.value}{remark}")


def _check_name(name: str) -> None:
    if not 1 <= len(name) <= 128 or ":" in name or not name.isprintable():
        raise click.BadParameter("expected 1 to 128 printable characters without ':'.", param_hint="NAME")


def _check_known(name: str, users: dict[str, Account], path: Path) -> None:
    if name not in users:
        raise ConfigError(f"{path} has no user {name!r}. To see who is in it: pacsberry user list --file {path}")


def _password(from_stdin: bool) -> str:
    if from_stdin:
        password: str = sys.stdin.readline(LONGEST_PASSWORD + 2).rstrip("\r\n")
    else:
        password = str(click.prompt("Password", hide_input=True, confirmation_prompt=True))
    if not 1 <= len(password) <= LONGEST_PASSWORD:
        raise click.UsageError(f"A password has 1 to {LONGEST_PASSWORD} characters.")
    return password
