"""The class network ends at the box: a table for nftables.

Not a shield of the box's services, which look after themselves, but a clear and fast answer to everything else: a
packet that is dropped makes a tablet wait, one that is refused does not.
"""

from pacsberry_appliance.box import Settings
from pacsberry_appliance.box.settings import DICOM_PORT, HTTP_PORT

_EMPTY = """\
table inet pacsberry
delete table inet pacsberry
"""


def ruleset(settings: Settings) -> str:
    """The text for `nft -f`, which replaces the table as a whole, or takes it away where the class is not ours."""
    if not settings.gives_addresses:
        return _EMPTY
    return f"""{_EMPTY}table inet pacsberry {{
    # Nothing passes between the class and whatever the box is plugged into. A connection is reset, not dropped.
    chain forward {{
        type filter hook forward priority -10; policy accept;
        ip saddr {settings.network} meta l4proto tcp reject with tcp reset
        ip saddr {settings.network} reject with icmp type admin-prohibited
        ip daddr {settings.network} reject with icmp type admin-prohibited
    }}
    # What the class may ask the box: names, addresses, mDNS, pages, DICOM, SSH. HTTPS and the rest are refused at once.
    chain input {{
        type filter hook input priority -10; policy accept;
        ct state established,related accept
        ip saddr {settings.network} tcp dport {{ 22, 53, 80, {HTTP_PORT}, {DICOM_PORT} }} accept
        ip saddr {settings.network} udp dport {{ 53, 67, 5353 }} accept
        ip saddr {settings.network} meta l4proto icmp accept
        ip saddr {settings.network} meta l4proto igmp accept
        ip saddr {settings.network} meta l4proto tcp reject with tcp reset
        ip saddr {settings.network} meta l4proto udp reject
    }}
    # A tablet that still remembers an address of the Internet finds the way to the box there, or a reset for HTTPS;
    # also where the box itself has no way to that address.
    chain lost {{
        type nat hook prerouting priority dstnat; policy accept;
        ip saddr {settings.network} ip daddr != {settings.network} tcp dport {{ 80, 443 }} redirect
    }}
}}
"""
