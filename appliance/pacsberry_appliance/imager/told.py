"""What Imager was told, whatever form it wrote."""

from dataclasses import dataclass, field

RASPBERRY_PI_CONNECT = "Raspberry Pi Connect"


@dataclass(slots=True)
class Told:
    """Plain values, not checked yet; empty when not said."""

    host_name: str = ""
    user: str = ""
    password: str = ""  # plain; only the TOML forms can have it
    password_hash: str = ""
    ssh_keys: list[str] = field(default_factory=list)
    wifi_name: str = ""
    wifi_password: str = ""
    country: str = ""
    time_zone: str = ""
    language: str = ""
    without_effect: list[str] = field(default_factory=list)  # names of settings a Pacsberry has no use for
