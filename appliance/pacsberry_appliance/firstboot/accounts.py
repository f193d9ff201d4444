"""The administrator's password, in the two places that know one: the system's login and the server's accounts."""

import json
from pathlib import Path

from pacsberry_appliance.errors import CannotRun
from pacsberry_appliance.firstboot.hashing import hashed
from pacsberry_appliance.system import files
from pacsberry_appliance.system.places import Places
from pacsberry_appliance.system.running import Runner

WEB_USER = "admin"
_LARGEST_SHADOW = 1 << 20
_LARGEST_USERS = 4 << 20


def set_login(places: Places, password: str, runner: Runner) -> str:
    """Set it for the user of the system, and return its hash, which is set again at each boot; raises CannotRun."""
    made = hashed(password)
    set_login_hash(places, made, runner)
    return made


def set_login_hash(places: Places, made: str, runner: Runner) -> None:
    """Set it by its hash where it is another; raises CannotRun. On a root that forgets, that is each boot."""
    if _hash_of(places.root, places.admin_user) != made:
        runner.run("chpasswd", "-e", *_below(places.root), text=f"{places.admin_user}:{made}\n", seconds=60)


def set_web(places: Places, password: str, runner: Runner) -> None:
    """Set it for the pages of the server, through the server's own command; raises CannotRun."""
    is_known = _has_account(places.users)
    where = ("--file", str(places.users))
    places.users.parent.mkdir(parents=True, exist_ok=True)
    verb = "set-password" if is_known else "add"
    runner.run("pacsberry", "user", verb, WEB_USER, "--password-stdin", *where, text=f"{password}\n", seconds=60)
    if is_known:  # whoever has the card in his hand administers the box, though somebody made "admin" a teacher
        runner.run("pacsberry", "user", "set-role", WEB_USER, "admin", *where, seconds=60)
    raw = files.read_small(places.users, _LARGEST_USERS)
    if raw is None:
        raise CannotRun("pacsberry user wrote no file")
    files.replace(places.users, raw, mode=0o600, owner=places.server_user, group=places.server_group)


def _has_account(path: Path) -> bool:
    try:
        return WEB_USER in json.loads(files.read_small(path, _LARGEST_USERS) or b"{}")["RegisteredUsers"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return False  # `pacsberry user add` then says what is wrong with the file


def _hash_of(root: Path, user: str) -> str:
    raw = files.read_small(root / "etc/shadow", _LARGEST_SHADOW) or b""
    for line in raw.decode(errors="replace").splitlines():
        name, _, rest = line.partition(":")
        if name == user:
            return rest.partition(":")[0]
    raise CannotRun(f"there is no user {user}")


def _below(root: Path) -> tuple[str, ...]:
    return () if str(root) == "/" else ("--root", str(root))
