"""What a visitor's browser must not do here for pages of other sites: their forms, their links, their names.

No answer allows anything across sites (CORS), so a foreign page can send only what needs no permission: forms, images,
addresses that are followed.  What such requests carry is the browser's own, as the page cannot set headers.
"""

import ipaddress
import os
from collections.abc import Collection, Mapping
from typing import Final
from urllib.parse import urlsplit

_OWN: Final = frozenset(("localhost", "127.0.0.1", "::1"))
# Names that nobody can have in the Internet (RFC 6761, 6762, 8375, and what ICANN keeps free).
_LOCAL_ENDS: Final = (".localhost", ".local", ".lan", ".home.arpa", ".internal", ".test")
_OF_PROXIES: Final = ("HTTP_FORWARDED", "HTTP_VIA", "HTTP_X_FORWARDED_FOR", "HTTP_X_FORWARDED_HOST", "HTTP_X_REAL_IP")


def is_cross_site(headers: Mapping[str, str]) -> bool:
    """Whether a browser says that the page behind this request belongs to another site (`headers`: WSGI environment).

    Browsers send Sec-Fetch-Site to secure addresses only, Origin to all.  A Host of this machine says nothing where a
    proxy has sent it: that is what it does when nobody told it to keep the client's.
    """
    site = headers.get("HTTP_SEC_FETCH_SITE", "")
    if site:
        return site == "cross-site"
    origin = headers.get("HTTP_ORIGIN", "")
    if not origin:
        return False
    hosts = {headers.get(name, "").split(",")[0].strip().lower() for name in ("HTTP_HOST", "HTTP_X_FORWARDED_HOST")}
    try:
        origin_host = urlsplit(origin).netloc.lower()
    except ValueError:
        return True
    if _is_proxied(headers) and {_name_of(host) for host in hosts} & _OWN:
        return False
    return not origin_host or origin_host not in hosts


def is_followed_link(headers: Mapping[str, str]) -> bool:
    """Whether a browser, not a script, asks with GET for another method (`?_method=DELETE`): as a picture does, too."""
    return (
        headers.get("REQUEST_METHOD") == "GET"
        and not headers.get("HTTP_X_HTTP_METHOD_OVERRIDE")  # which only scripts can send
        and headers.get("HTTP_USER_AGENT", "").startswith("Mozilla/")
    )


def may_be_this_machine(host: str, known: Collection[str]) -> bool:
    """Whether a Host header names this machine, or one that a page of the Internet cannot have as its own name.

    `known`: further names, in small letters.
    """
    name = _name_of(host.strip().lower()).rstrip(".")
    if "." not in name or name.endswith(_LOCAL_ENDS) or name in known or name == os.uname().nodename.lower():
        return True
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _is_proxied(headers: Mapping[str, str]) -> bool:
    """Whether a proxy has passed a request on: no browser speaks HTTP/1.0, and no form sets such headers."""
    return headers.get("SERVER_PROTOCOL") == "HTTP/1.0" or any(name in headers for name in _OF_PROXIES)


def _name_of(host: str) -> str:
    """A host without its port; an IPv6 address without brackets."""
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.rpartition(":")[0] if host.count(":") == 1 else host
