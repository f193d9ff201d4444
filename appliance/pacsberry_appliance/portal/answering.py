"""What the portal answers. Pure: a request, the facts, who has been welcomed; a reply out.

1. a probe          quiet: "fine". welcome: the way to the welcome page, until it was seen. off: not our business
2. our own names    /welcome and /poster are here; all else is at the server, under the name that was used
3. any other name   the way to the server; also any other address, which the firewall leads here
"""

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from pacsberry_appliance import probes
from pacsberry_appliance.box import PortalMode
from pacsberry_appliance.portal import pages
from pacsberry_appliance.portal.facts import PortalFacts
from pacsberry_appliance.portal.guests import Guests
from pacsberry_appliance.portal.request import Request

_SAFE_PATH = re.compile(r"/(?!/)[A-Za-z0-9_.~!$&'()*+,;=:@%/-]{0,1000}")
_SAFE_QUERY = re.compile(r"[A-Za-z0-9_.~!$&'()*+,;=:@%/?-]{0,1000}")


@dataclass(frozen=True, slots=True)
class Reply:
    """An HTTP answer; it is never cached, because the next network will give another."""

    status: int
    body: str = ""
    kind: str = "text/plain"
    headers: tuple[tuple[str, str], ...] = ()


def answer(request: Request, facts: PortalFacts, guests: Guests, now: float) -> Reply:
    """The reply to a request; `now` in seconds of a clock that never jumps."""
    is_ours = request.host in (*facts.own_names, urlsplit(facts.invitation.address).hostname) or (
        request.host == request.own_address != ""
    )
    if request.method == "POST":
        if is_ours and request.path == "/welcome":
            guests.welcome(request.client, now)
            return _to("/welcome", status=303)
        return Reply(405, headers=(("Allow", "GET, HEAD"),))
    if request.method not in ("GET", "HEAD"):
        return Reply(405, headers=(("Allow", "GET, HEAD"),))
    if probes.is_probe_host(request.host) and facts.mode is not PortalMode.OFF:
        return _probe(request, facts, guests, now)
    if not is_ours:
        return _to(facts.site)
    if request.path == "/welcome":
        return Reply(200, pages.welcome(facts.invitation, is_known=guests.is_known(request.client, now)), "text/html")
    # With the password of the Wi-Fi on it, it is for those who have that already.
    if request.path == "/poster" and (facts.is_in_class(request.client) or not facts.invitation.wifi_password):
        return Reply(200, pages.poster(facts.invitation), "text/html")
    return _to(_at_the_server(request, facts))


def _probe(request: Request, facts: PortalFacts, guests: Guests, now: float) -> Reply:
    if facts.mode is PortalMode.WELCOME and not guests.is_known(request.client, now):
        return _to(pages.welcome_address(facts.invitation))
    fine = probes.answer_for(request.host, request.path)
    if fine is None:
        return _to(facts.site)  # not a probe: somebody typed the name of that site
    return Reply(fine.status, fine.body, fine.kind, fine.headers)


def _at_the_server(request: Request, facts: PortalFacts) -> str:
    host = f"[{request.host}]" if ":" in request.host else request.host
    path = request.path if _SAFE_PATH.fullmatch(request.path) else "/"
    query = f"?{request.query}" if request.query and path != "/" and _SAFE_QUERY.fullmatch(request.query) else ""
    return f"http://{host}:{facts.server_port}{path}{query}"


def _to(where: str, status: int = 302) -> Reply:
    return Reply(status, headers=(("Location", where),))
