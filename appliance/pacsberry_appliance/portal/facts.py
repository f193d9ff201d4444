"""What the portal has to know, as the one file it reads. Written at each boot by what knows the settings."""

import ipaddress
import json
from dataclasses import asdict, dataclass
from pathlib import Path

from pacsberry_appliance.box import PortalMode
from pacsberry_appliance.errors import UnreadableSettings
from pacsberry_appliance.poster import Invitation

_LARGEST_BYTES = 64 << 10


@dataclass(frozen=True, slots=True, kw_only=True)
class PortalFacts:
    """Frozen for as long as the portal runs; SIGHUP brings new ones."""

    mode: PortalMode
    site: str  # where everybody is sent
    server_port: int
    own_names: tuple[str, ...]
    network: str  # of the class, as 10.42.0.0/22; empty: there is none of ours
    invitation: Invitation

    def is_in_class(self, address: str) -> bool:
        """Whether a client is in the class network."""
        try:
            client = ipaddress.ip_address(address)
        except ValueError:
            return False
        if isinstance(client, ipaddress.IPv6Address) and client.ipv4_mapped is not None:
            client = client.ipv4_mapped
        return client.is_loopback or (bool(self.network) and client in ipaddress.ip_network(self.network))

    def to_json(self) -> str:
        """The content of the file."""
        return json.dumps(asdict(self), indent=2, ensure_ascii=False) + "\n"


def load(path: Path) -> PortalFacts:
    """Read the file; UnreadableSettings when it is missing or wrong."""
    try:
        with path.open("rb") as file:
            content = json.loads(file.read(_LARGEST_BYTES))
        content["mode"] = PortalMode(content["mode"])
        content["own_names"] = tuple(content["own_names"])
        content["invitation"] = Invitation(**content["invitation"])
        return PortalFacts(**content)
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise UnreadableSettings(f"{path} cannot be used: {error}. Run pacsberry-firstboot.") from error
