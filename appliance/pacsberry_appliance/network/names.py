"""What the box answers when a tablet asks for an address or a name: the configuration of NetworkManager's dnsmasq.

Only the box's own names and those of the probes have an address. Everything else does not exist, and that is said at
once: a question without an answer would make a tablet wait.
"""

from pacsberry_appliance.box import PortalMode, Settings
from pacsberry_appliance.probes import FIXED_NAMES, HOSTS

# RFC 8910: "there is no portal here", which spares recent systems the probing. Says nothing in the other two modes.
_NO_PORTAL = "dhcp-option=114,urn:ietf:params:capport:unrestricted"
_HEAD = "# Made by pacsberry-firstboot at each boot; changes here are lost."


def own_names(settings: Settings) -> tuple[str, ...]:
    """The names of the box. The one ending in .local also by DNS, for devices that ask there."""
    return (settings.dotted_name, settings.local_name)


def dnsmasq(settings: Settings) -> str:
    """The text of the file; without a class network of ours it says nothing."""
    if not settings.gives_addresses:
        return f"{_HEAD}\n"
    first, last = settings.leases
    address = settings.address
    names = list(own_names(settings))
    if settings.portal is not PortalMode.OFF:
        names += HOSTS
    lines = [
        _HEAD,
        "no-resolv",
        "no-hosts",
        "# Also other kinds of questions for our names are answered here; names below them do not exist.",
        *(f"address=/{name}/{address}\naddress=/*.{name}/\nlocal=/{name}/" for name in names),
        *(
            f"address=/{name}/{value}\naddress=/*.{name}/\nlocal=/{name}/"
            for name, value in FIXED_NAMES
            if settings.portal is not PortalMode.OFF
        ),
        f"ptr-record={_reversed(address)},{settings.dotted_name}",
        "# No other name exists.",
        "address=/#/",
        "local-ttl=60",
        "# About 500 addresses: tablets with a private Wi-Fi address come as somebody else each lesson.",
        f"dhcp-range={first},{last},4h",
        "dhcp-lease-max=1000",
        "# After a restart a tablet gets the address it remembers, without having to ask anew.",
        "dhcp-authoritative",
        "# Trying out an address before it is given would keep every tablet waiting for three seconds.",
        "no-ping",
        "quiet-dhcp",
    ]
    if settings.portal is PortalMode.QUIET:
        lines.append(_NO_PORTAL)
    return "\n".join(lines) + "\n"


def _reversed(address: str) -> str:
    return ".".join(reversed(address.split("."))) + ".in-addr.arpa"
