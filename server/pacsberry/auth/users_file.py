"""The file of accounts that `pacsberry user` writes: {"RegisteredUsers": {name: hashed password}}.

It is an ordinary configuration file: it can lie in the folder of the others, stand on the command line, or be named by
Pacsberry.UsersFile. Written so that a pulled plug leaves the old file or the new one: temporary file, sync, rename.
"""

import json
import os
from collections.abc import Mapping
from pathlib import Path

from pacsberry.errors import ConfigError

_LARGEST_BYTES = 4 << 20


def read_users(path: Path) -> dict[str, str]:
    """{name: hashed or plain password}; empty when the file is not there, ConfigError when it is something else."""
    try:
        with path.open("rb") as file:
            raw = file.read(_LARGEST_BYTES + 1)
    except FileNotFoundError:
        return {}
    try:
        content = json.loads(raw[:_LARGEST_BYTES])
        users = content["RegisteredUsers"]
        if set(content) == {"RegisteredUsers"} and all(isinstance(text, str) for text in users.values()):
            return dict(users)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        pass
    raise ConfigError(f"{path} holds other things than RegisteredUsers and is left as it is. Choose another file.")


def write_users(path: Path, users: Mapping[str, str]) -> None:
    """Replace the file, readable by its owner only; raises OSError."""
    text = json.dumps({"RegisteredUsers": dict(sorted(users.items()))}, indent=2, ensure_ascii=False) + "\n"
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


def _take_owner(descriptor: int, target: Path) -> None:
    # root changes an account, the server's user still has to read the file
    facts = target.stat()
    if os.geteuid() == 0:
        os.fchown(descriptor, facts.st_uid, facts.st_gid)
