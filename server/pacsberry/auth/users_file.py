"""The file of accounts that `pacsberry user` and the admin page write.

    {"RegisteredUsers": {name: hashed password}, "Pacsberry": {"UserRoles": {name: "teacher"}}}

It is an ordinary configuration file: it can lie in the folder of the others, stand on the command line, or be named by
Pacsberry.UsersFile. Written so that a pulled plug leaves the old file or the new one: temporary file, sync, rename.
"""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pacsberry.auth.permissions import Role
from pacsberry.auth.users import STAFF, Account
from pacsberry.errors import ConfigError

_LARGEST_BYTES = 4 << 20
_ROLES = {role.value: role for role in STAFF}


def read_users(path: Path) -> dict[str, Account]:
    """Name to account; empty when the file is not there, ConfigError when it is something else."""
    try:
        with path.open("rb") as file:
            raw = file.read(_LARGEST_BYTES + 1)
    except FileNotFoundError:
        return {}
    try:
        content = json.loads(raw[:_LARGEST_BYTES])
        passwords, roles = content.pop("RegisteredUsers"), _roles(content.pop("Pacsberry", {}))
        if not content and all(isinstance(text, str) for text in passwords.values()):
            return {name: Account(text, roles.get(name, Role.ADMIN)) for name, text in passwords.items()}
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        pass
    raise ConfigError(f"{path} holds other things than RegisteredUsers and is left as it is. Choose another file.")


def write_users(path: Path, users: Mapping[str, Account]) -> None:
    """Replace the file, readable by its owner only; raises OSError."""
    content: dict[str, Any] = {"RegisteredUsers": {name: users[name].password for name in sorted(users)}}
    roles = {name: users[name].role.value for name in sorted(users) if users[name].role is not Role.ADMIN}
    if roles:
        content["Pacsberry"] = {"UserRoles": roles}
    text = json.dumps(content, indent=2, ensure_ascii=False) + "\n"
    target = path.resolve()
    temporary = target.with_name(f".{target.name}.{os.getpid()}.new")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        if target.exists():
            _take_owner(descriptor, target)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    folder = os.open(target.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _roles(section: dict[str, Any]) -> dict[str, Role]:
    """UserRoles of the section Pacsberry; ValueError when there is anything else in it."""
    roles = {name: _ROLES[text] for name, text in section.get("UserRoles", {}).items()}
    if section.keys() - {"UserRoles"}:
        raise ValueError("other settings")
    return roles


def _take_owner(descriptor: int, target: Path) -> None:
    # root changes an account, the server's user still has to read the file
    facts = target.stat()
    if os.geteuid() == 0:
        os.fchown(descriptor, facts.st_uid, facts.st_gid)
