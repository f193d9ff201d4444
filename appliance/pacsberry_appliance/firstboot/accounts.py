"""The administrator's password, in the two places that know one: the system's login and the server's accounts."""

from pathlib import Path

from pacsberry_appliance.errors import CannotRun
from pacsberry_appliance.firstboot.hashing import hashed
from pacsberry_appliance.system import files
from pacsberry_appliance.system.places import Places
from pacsberry_appliance.system.running import Runner

WEB_USER = "admin"
_LARGEST_SHADOW = 1 << 20


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
    verb = "set-password" if _has_account(places.users) else "add"
    places.users.parent.mkdir(parents=True, exist_ok=True)
    runner.run(
        "pacsberry", "user", verb, WEB_USER, "--password-stdin", "--file", str(places.users),
        text=f"{password}\n", seconds=60,
    )  # fmt: skip
    raw = files.read_small(places.users, 4 << 20)
    if raw is None:
        raise CannotRun("pacsberry user wrote no file")
    files.replace(places.users, raw, mode=0o640, group=places.server_group)


def _has_account(path: Path) -> bool:
    raw = files.read_small(path, 4 << 20)
    return raw is not None and f'"{WEB_USER}"'.encode() in raw


def _hash_of(root: Path, user: str) -> str:
    raw = files.read_small(root / "etc/shadow", _LARGEST_SHADOW) or b""
    for line in raw.decode(errors="replace").splitlines():
        name, _, rest = line.partition(":")
        if name == user:
            return rest.partition(":")[0]
    raise CannotRun(f"there is no user {user}")


def _below(root: Path) -> tuple[str, ...]:
    return () if str(root) == "/" else ("--root", str(root))
