"""Where the files of the box lie, and who may read them.

`Places.of(root)` makes all of them below another root, which is how tests and the checks of an image work.
"""

import json
import re
from dataclasses import dataclass
from pathlib import Path

_LARGEST_FACTS_BYTES = 64 << 10
_USER = re.compile(r"[a-z_][a-z0-9_-]{0,31}")


@dataclass(frozen=True, slots=True)
class Places:
    """All paths, and the users and groups the roles have made. `/etc/pacsberry/appliance.json` may choose others."""

    root: Path
    boot: Path
    data: Path
    admin_user: str = "pacsadmin"
    server_user: str = "pacsberry"
    server_group: str = "pacsberry"
    portal_group: str = "pacsberry-portal"

    @classmethod
    def of(cls, root: Path = Path("/")) -> "Places":
        """The places below a root, with what its appliance.json says; nonsense in it counts as not said."""
        facts = _facts(root / "etc/pacsberry/appliance.json")
        boot = root / facts.get("boot_folder", "/boot/firmware").lstrip("/")
        if "boot_folder" not in facts and not boot.is_dir() and (root / "boot/pacsberry.txt").exists():
            boot = root / "boot"  # Raspberry Pi OS before bookworm
        names = {
            key: facts[key]
            for key in ("admin_user", "server_user", "server_group", "portal_group")
            if _USER.fullmatch(facts.get(key, ""))
        }
        return cls(root=root, boot=boot, data=root / facts.get("data_folder", "/data").lstrip("/"), **names)

    @property
    def is_live(self) -> bool:
        """Whether this is the running system; below another root nothing of the kernel may be touched."""
        return self.root == Path("/")

    @property
    def is_sealed(self) -> bool:
        """Whether memory lies over the system partition: what is changed in it is forgotten at the next boot."""
        return (self.root / "run/pacsberry-root/card").is_dir()

    @property
    def box(self) -> Path:
        """What has to survive: a folder on the data partition."""
        return self.data / "box"

    @property
    def settings(self) -> Path:
        """The settings of the box."""
        return self.box / "box.json"

    @property
    def users(self) -> Path:
        """Accounts of the web pages, in a folder of the server's own: it writes them, too, from the admin page."""
        return self.data / "accounts/users.json"

    @property
    def authorized_keys(self) -> Path:
        """Keys that may log in by SSH."""
        return self.box / "authorized_keys"

    @property
    def settings_file(self) -> Path:
        """The text file a teacher edits."""
        return self.boot / "pacsberry.txt"

    @property
    def result_file(self) -> Path:
        """What became of it."""
        return self.boot / "pacsberry-result.txt"

    @property
    def run(self) -> Path:
        """What is made anew at each boot."""
        return self.root / "run/pacsberry"

    @property
    def status(self) -> Path:
        """What the server's admin page shows of the box; written each minute."""
        return self.run / "status.json"

    @property
    def profiles(self) -> Path:
        """Where NetworkManager looks for profiles that are gone after a reboot."""
        return self.root / "run/NetworkManager/system-connections"

    @property
    def made_up(self) -> Path:
        """The administrator's password in the one boot in which it was made up, for the console; root's alone."""
        return self.run / "made-up"

    @property
    def issue(self) -> Path:
        """What getty shows above the login prompt."""
        return self.root / "run/issue.d/50-pacsberry.issue"

    @property
    def lock(self) -> Path:
        """Held by whoever writes what several programs write."""
        return self.run / "lock"

    @property
    def trial(self) -> Path:
        """The network settings that wait to be confirmed."""
        return self.run / "trial.json"


def _facts(path: Path) -> dict[str, str]:
    try:
        with path.open("rb") as file:
            facts = json.loads(file.read(_LARGEST_FACTS_BYTES))
    except (OSError, ValueError, RecursionError):
        return {}
    if not isinstance(facts, dict):
        return {}
    return {key: value for key, value in facts.items() if isinstance(value, str) and value}
