"""What systems ask a new network to learn whether it leads to the Internet, and the answer that satisfies each.

One table, used by the names the box answers and by the portal. All of these are plain HTTP; the HTTPS probe of Android
cannot be satisfied by anybody but its owner, and Android then asks by HTTP.
"""

from dataclasses import dataclass

_APPLE = "<HTML><HEAD><TITLE>Success</TITLE></HEAD><BODY>Success</BODY></HTML>"
_FIREFOX = '<meta http-equiv="refresh" content="0;url=https://support.mozilla.org/kb/captive-portal"/>'


@dataclass(frozen=True, slots=True)
class Answer:
    """What means "fine" to the one who asks."""

    status: int
    body: str = ""
    kind: str = "text/plain"
    headers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Probe:
    """Host names of a system, and its answers by path; `elsewhere` for all other paths of these hosts."""

    system: str
    hosts: tuple[str, ...]
    answers: tuple[tuple[str, Answer], ...] = ()
    elsewhere: Answer | None = None


_EMPTY = Answer(204)
_SUCCESS = Answer(200, _APPLE, "text/html")

PROBES = (
    Probe(
        "Apple",
        (
            "captive.apple.com",
            "gsp1.apple.com",
            "netcts.cdn-apple.com",
            "www.appleiphonecell.com",
            "www.airport.us",
            "www.ibook.info",
            "www.itools.info",
            "www.thinkdifferent.us",
        ),
        (("/hotspot-detect.html", _SUCCESS), ("/pep/gcc", _SUCCESS), ("/", _SUCCESS)),
        elsewhere=_SUCCESS,  # iOS up to 7 asks for pages with names made up on the spot
    ),
    Probe(
        "Apple, at the name of its shop",
        ("www.apple.com",),
        (("/library/test/success.html", _SUCCESS), ("/hotspot-detect.html", _SUCCESS)),
    ),
    Probe(
        "Android, ChromeOS",
        (
            "connectivitycheck.gstatic.com",
            "connectivitycheck.android.com",
            "clients1.google.com",
            "clients3.google.com",
            "www.gstatic.com",
            "www.google.com",
            "play.googleapis.com",
            "developers.google.cn",
            "connect.rom.miui.com",
            "connectivitycheck.platform.hicloud.com",
        ),
        (("/generate_204", _EMPTY), ("/gen_204", _EMPTY)),
    ),
    Probe(
        "Windows",
        ("www.msftconnecttest.com", "ipv6.msftconnecttest.com", "www.msftncsi.com"),
        (
            ("/connecttest.txt", Answer(200, "Microsoft Connect Test")),
            ("/ncsi.txt", Answer(200, "Microsoft NCSI")),
        ),
    ),
    Probe(
        "Firefox",
        ("detectportal.firefox.com",),
        (("/canonical.html", Answer(200, _FIREFOX, "text/html")), ("/success.txt", Answer(200, "success\n"))),
    ),
    Probe(
        "GNOME, NetworkManager",
        ("nmcheck.gnome.org", "network-test.debian.org"),
        (
            ("/check_network_status.txt", Answer(200, "NetworkManager is online\n")),
            ("/nm", Answer(200, "NetworkManager is online\n")),
        ),
    ),
    Probe(
        "Ubuntu",
        ("connectivity-check.ubuntu.com",),
        elsewhere=Answer(204, headers=(("X-NetworkManager-Status", "online"),)),
    ),
    Probe("Amazon Fire", ("fireoscaptiveportal.com",), (("/generate_204", _EMPTY),)),
    Probe(
        "Kindle",
        ("spectrum.s3.amazonaws.com",),
        (("/kindle-wifi/wifistub.html", Answer(200, "81ce4465-7167-4dcb-835b-dcc9e44c112a", "text/html")),),
    ),
)

HOSTS = tuple(host for probe in PROBES for host in probe.hosts)
# Windows compares the address of this name with a constant of its own.
FIXED_NAMES = (("dns.msftncsi.com", "131.107.255.255"),)

_BY_HOST = {host: probe for probe in PROBES for host in probe.hosts}


def answer_for(host: str, path: str) -> Answer | None:
    """The answer that means "fine", or None when this is no probe."""
    probe = _BY_HOST.get(host)
    if probe is None:
        return None
    return dict(probe.answers).get(path, probe.elsewhere)


def is_probe_host(host: str) -> bool:
    """Whether a host name is one of the table."""
    return host in _BY_HOST
