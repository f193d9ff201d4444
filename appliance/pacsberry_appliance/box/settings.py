"""The settings of the box, frozen. Empty text means "not given": then there is a default, or something is generated."""

import ipaddress
from dataclasses import dataclass
from enum import StrEnum


class Mode(StrEnum):
    """How the class gets to the box."""

    ACCESS_POINT = "access-point"  # the box opens a Wi-Fi of its own
    EXTERNAL_ACCESS_POINT = (
        "external-access-point"  # it gives addresses on its Ethernet port; an access point is plugged in there
    )
    CLIENT = "client"  # it joins the network of the school


class PortalMode(StrEnum):
    """What tablets hear when they ask a new network whether it leads to the Internet."""

    QUIET = "quiet"  # "yes": no sheet opens, the Wi-Fi stays
    WELCOME = "welcome"  # first a page with the way to the box, after one tap "yes"
    OFF = "off"  # nothing


class Band(StrEnum):
    """Where the radio sends."""

    AUTO = "auto"
    GHZ_2_4 = "2.4"
    GHZ_5 = "5"


class RadioChoice(StrEnum):
    """Which radio opens the Wi-Fi, where there are two."""

    AUTO = "auto"
    BUILT_IN = "built-in"
    USB = "usb"


DEFAULT_NAME = "pacsberry"
DEFAULT_AE_TITLE = "PACSBERRY"
DEFAULT_ADDRESS = "10.42.0.1"
PREFIX = 22  # 1022 addresses; tablets that change theirs at each lesson must not run out of them
HTTP_PORT = 8042
DICOM_PORT = 4242


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """All a person may choose, plus what was generated. Passwords of accounts are only here as hashes."""

    name: str = ""
    language: str = ""
    mode: Mode = Mode.ACCESS_POINT
    wifi_name: str = ""
    wifi_password: str = ""
    country: str = ""  # ISO 3166 code; empty: 2.4 GHz, channels 1 to 11
    band: Band = Band.AUTO
    channel: int = 0  # 0: chosen by the box
    radio: RadioChoice = RadioChoice.AUTO
    join_name: str = ""  # the Wi-Fi of the school, for mode client
    join_password: str = ""  # 8 to 63 characters, or the 64 digits Raspberry Pi Imager makes of them
    address: str = DEFAULT_ADDRESS
    portal: PortalMode = PortalMode.QUIET
    ae_title: str = ""
    login: bool = True
    time_zone: str = ""
    ssh_keys: tuple[str, ...] = ()
    admin_hash: str = ""  # as in /etc/shadow

    @property
    def host_name(self) -> str:
        """The name of the box in the network, without a dot."""
        return self.name or DEFAULT_NAME

    @property
    def dotted_name(self) -> str:
        """Its name for devices that do not know mDNS. `.internal` is the one suffix kept free for private networks."""
        return f"{self.host_name}.internal"

    @property
    def local_name(self) -> str:
        """Its name by mDNS (RFC 6762)."""
        return f"{self.host_name}.local"

    @property
    def network(self) -> ipaddress.IPv4Network:
        """The network of the class, in the two modes in which the box gives addresses."""
        return ipaddress.IPv4Interface(f"{self.address}/{PREFIX}").network

    @property
    def leases(self) -> tuple[str, str]:
        """First and last of the 512 addresses it gives; the first ones of the network stay free for access points."""
        first = self.network.network_address + 20
        return str(first), str(first + 511)

    @property
    def gives_addresses(self) -> bool:
        """Whether the class network is ours."""
        return self.mode is not Mode.CLIENT

    @property
    def site(self) -> str:
        """The address of the server, to which everybody is sent."""
        return f"http://{self._best_name}:{HTTP_PORT}/"

    @property
    def short_site(self) -> str:
        """What one types: the portal shows the way from there."""
        return f"http://{self._best_name}/"

    @property
    def _best_name(self) -> str:
        return self.dotted_name if self.gives_addresses else self.local_name

    @property
    def allows_ssh(self) -> bool:
        """Only with a key, or once there is a password of this box's own that a person chose or was told."""
        return bool(self.ssh_keys or self.admin_hash)
