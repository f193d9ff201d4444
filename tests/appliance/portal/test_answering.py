"""What the portal answers, mode by mode."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pacsberry_appliance import probes
from pacsberry_appliance.box import Mode, PortalMode, Settings
from pacsberry_appliance.errors import UnreadableSettings
from pacsberry_appliance.making.everything import portal_facts
from pacsberry_appliance.portal.answering import Reply, answer
from pacsberry_appliance.portal.facts import PortalFacts, load
from pacsberry_appliance.portal.guests import Guests
from pacsberry_appliance.portal.request import Request, parse

SETTINGS = Settings(wifi_name="Saal", wifi_password="zebra-horse")
QUIET = portal_facts(SETTINGS)
WELCOME = portal_facts(replace(SETTINGS, portal=PortalMode.WELCOME))
OFF = portal_facts(replace(SETTINGS, portal=PortalMode.OFF))
SITE = "http://pacsberry.internal:8042/"
APPLE = ("captive.apple.com", "/hotspot-detect.html")
ANDROID = ("connectivitycheck.gstatic.com", "/generate_204")
IPAD = "10.42.0.77"
BOX = "10.42.0.1"


def ask(
    host: str,
    path: str,
    facts: PortalFacts = QUIET,
    *,
    method: str = "GET",
    client: str = IPAD,
    own: str = BOX,
    guests: Guests | None = None,
    now: float = 0,
) -> Reply:
    path, _, query = path.partition("?")
    return answer(Request(method, host, path, query, client, own), facts, guests or Guests(), now)


def location(reply: Reply) -> str:
    return dict(reply.headers).get("Location", "")


def test_quietly_every_system_hears_what_it_wants_to_hear() -> None:
    assert ask(*APPLE).body == "<HTML><HEAD><TITLE>Success</TITLE></HEAD><BODY>Success</BODY></HTML>"
    assert (ask(*ANDROID).status, ask(*ANDROID).body) == (204, "")
    assert ask("www.msftconnecttest.com", "/connecttest.txt").body == "Microsoft Connect Test"
    assert ask("www.msftncsi.com", "/ncsi.txt").body == "Microsoft NCSI"
    assert ask("detectportal.firefox.com", "/success.txt").body == "success\n"
    assert "kb/captive-portal" in ask("detectportal.firefox.com", "/canonical.html").body
    assert ask("nmcheck.gnome.org", "/check_network_status.txt").body == "NetworkManager is online\n"
    assert ask("connectivity-check.ubuntu.com", "/").headers == (("X-NetworkManager-Status", "online"),)


@pytest.mark.parametrize(
    ("host", "path"),
    [("www.google.com", "/search?q=ct"), ("www.apple.com", "/"), ("www.msftconnecttest.com", "/redirect")],
)
def test_somebody_who_types_the_name_of_a_probe_is_shown_the_way(host: str, path: str) -> None:
    assert location(ask(host, path)) == SITE


def test_an_old_ipad_asks_for_a_page_that_nobody_knows_and_is_satisfied() -> None:
    assert "Success" in ask("www.ibook.info", "/Q3fz/8vXhYp.html").body
    assert "Success" in ask("captive.apple.com", "/Q3fz/8vXhYp.html").body


def test_a_welcome_comes_once_and_then_the_probes_succeed() -> None:
    guests = Guests(seconds=100)

    before = [ask(*probe, WELCOME, guests=guests) for probe in (APPLE, ANDROID)]
    page = ask("10.42.0.1", "/welcome", WELCOME, guests=guests)
    tap = ask("10.42.0.1", "/welcome", WELCOME, method="POST", guests=guests)
    after = [ask(*probe, WELCOME, guests=guests) for probe in (APPLE, ANDROID)]
    other = ask(*APPLE, WELCOME, client="10.42.0.78", guests=guests)
    tomorrow = ask(*APPLE, WELCOME, guests=guests, now=101)

    assert [location(reply) for reply in before] == ["http://10.42.0.1/welcome"] * 2
    assert '<form method="post" action="/welcome">' in page.body
    assert (tap.status, location(tap)) == (303, "/welcome")
    assert 'href="http://10.42.0.1:8042/"' in ask("10.42.0.1", "/welcome", WELCOME, guests=guests).body
    assert [reply.status for reply in after] == [200, 204]
    assert location(other) == location(tomorrow) == "http://10.42.0.1/welcome"


def test_the_pages_need_no_script_and_load_nothing() -> None:
    for reply in (ask("10.42.0.1", "/welcome", WELCOME), ask("10.42.0.1", "/poster")):
        assert reply.kind == "text/html"
        assert not any(word in reply.body for word in ("<script", "<img", "<link", "src=", "url("))


def test_switched_off_a_probe_gets_the_way_and_no_success() -> None:
    assert location(ask(*APPLE, OFF)) == SITE


@pytest.mark.parametrize("host", ["example.org", "router.school", "", "apple.com"])
def test_an_unknown_name_is_shown_the_way(host: str) -> None:
    assert location(ask(host, "/whatever?x=1")) == SITE


@pytest.mark.parametrize(
    ("host", "path", "where"),
    [
        ("pacsberry.internal", "/", "http://pacsberry.internal:8042/"),
        ("pacsberry.local", "/studies?limit=3", "http://pacsberry.local:8042/studies?limit=3"),
        ("10.42.0.1", "/app/explorer.html", "http://10.42.0.1:8042/app/explorer.html"),
        ("pacsberry", "/x", "http://pacsberry:8042/x"),
        ("pacsberry.internal", "//evil.example/x", "http://pacsberry.internal:8042/"),
        ("pacsberry.internal", "/a\\b<c>", "http://pacsberry.internal:8042/"),
    ],
)
def test_our_names_lead_to_the_server_under_the_name_that_worked(host: str, path: str, where: str) -> None:
    assert location(ask(host, path)) == where


@pytest.mark.parametrize("host", ["17.253.144.10", "192.168.1.1", "10.42.0.2", "2606:4700::1111", "127.0.0.1"])
def test_an_address_that_is_not_the_box_is_shown_the_way_and_not_sent_to_itself(host: str) -> None:
    for facts in (QUIET, WELCOME, OFF, portal_facts(replace(SETTINGS, mode=Mode.CLIENT))):
        assert location(ask(host, "/whatever", facts)) == facts.site


@pytest.mark.parametrize(
    ("own", "where"), [("fe80::1", "http://[fe80::1]:8042/x"), ("192.168.1.40", "http://192.168.1.40:8042/x")]
)
def test_an_address_of_the_box_is_one_of_its_names(own: str, where: str) -> None:
    school = portal_facts(replace(SETTINGS, mode=Mode.CLIENT))

    assert location(ask(own, "/x", school, own=own)) == where
    assert location(ask(own, "/x", school, own="192.168.1.41")) == school.site


def test_the_poster_with_its_password_is_for_the_class_only() -> None:
    assert "zebra-horse" in ask("pacsberry.internal", "/poster").body
    for client in ("192.168.1.7", "2001:db8::1", "nonsense"):
        assert "zebra-horse" not in ask("pacsberry.internal", "/poster", client=client).body


def test_in_the_network_of_a_school_the_portal_shows_the_way_and_the_poster() -> None:
    facts = portal_facts(replace(SETTINGS, mode=Mode.CLIENT))

    assert location(ask(*APPLE, facts)) == "http://pacsberry.local:8042/"
    assert location(ask("pacsberry.local", "/studies", facts)) == "http://pacsberry.local:8042/studies"
    poster = ask("pacsberry.local", "/poster", facts, client="192.168.1.7").body
    assert "http://pacsberry.local/" in poster
    assert "zebra-horse" not in poster


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "CONNECT"])
def test_nothing_else_is_done_for_anybody(method: str) -> None:
    assert ask("pacsberry.internal", "/studies", method=method).status == 405


def test_guests_are_few_in_memory_and_forgotten() -> None:
    guests = Guests(seconds=10)
    for number in range(5000):
        guests.welcome(str(number), 0)

    assert not guests.is_known("0", 1)
    assert guests.is_known("4999", 9)
    assert not guests.is_known("4999", 10)


def test_every_host_of_the_table_is_in_it_once() -> None:
    assert len(set(probes.HOSTS)) == len(probes.HOSTS)


def test_the_facts_come_back_from_their_file(tmp_path: Path) -> None:
    path = tmp_path / "portal.json"
    path.write_text(WELCOME.to_json())

    assert load(path) == WELCOME


@pytest.mark.parametrize("text", ["", "[]", "{}", "{", json.dumps({"mode": "loud"})])
def test_facts_that_cannot_be_used_say_what_to_do(tmp_path: Path, text: str) -> None:
    path = tmp_path / "portal.json"
    path.write_text(text)

    with pytest.raises(UnreadableSettings, match="pacsberry-firstboot"):
        load(path)


@pytest.mark.parametrize(
    ("head", "host", "path"),
    [
        (b"GET / HTTP/1.1\r\nHost: A.B.", "a.b", "/"),
        (b"GET /x?y HTTP/1.0\r\nhost:10.42.0.1:80", "10.42.0.1", "/x"),
        (b"GET http://c.d/e HTTP/1.1\r\nHost: a.b", "c.d", "/e"),
        (b"GET http://c.d HTTP/1.1\r\nHost: a.b", "c.d", "/"),
        (b"GET * HTTP/1.1\r\nHost: [fe80::1]:80", "fe80::1", "/"),
        (b"GET / HTTP/1.1\r\nHost: a b<script>", "", "/"),
        (b"GET / HTTP/1.1", "", "/"),
        (b"\r\n\r\nGET /late HTTP/1.1\r\nHost: a.b", "a.b", "/late"),
    ],
)
def test_a_head_is_read(head: bytes, host: str, path: str) -> None:
    request = parse(head, IPAD)

    assert request is not None
    assert (request.host, request.path) == (host, path)


@pytest.mark.parametrize(
    "head",
    [
        *(b"", b"\x16\x03\x01\x02\x00", b"get / HTTP/1.1", b"GET /", b"GET / HTTP/2", b"GET  / HTTP/1.1"),
        b"GET / HTTP/1.1\r\nHost: captive.apple.com\r\nHost: pacsberry.local",
    ],
)
def test_what_is_no_http_is_refused(head: bytes) -> None:
    assert parse(head, IPAD) is None


@settings(deadline=None)
@given(st.binary(max_size=300), st.sampled_from(PortalMode))
def test_any_request_gets_an_answer_that_leads_nowhere_else(noise: bytes, mode: PortalMode) -> None:
    facts = portal_facts(replace(SETTINGS, portal=mode))
    for head in (noise, b"GET /" + noise + b" HTTP/1.1\r\nHost: pacsberry.local", b"GET / HTTP/1.1\r\nHost: " + noise):
        request = parse(head, IPAD, BOX)
        if request is not None:
            reply = answer(request, facts, Guests(), 0)
            where = location(reply)

            assert reply.status in (200, 204, 302, 405)
            assert where.isprintable()
            if request.host not in facts.own_names and where:
                assert where.startswith(
                    ("http://pacsberry.internal:8042/", "http://10.42.0.1/welcome", "http://10.42.0.1:8042/")
                )
