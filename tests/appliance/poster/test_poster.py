"""The poster and its codes, read by a real reader of codes."""

import io
import re
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from pacsberry_appliance.poster import Invitation, codes, console
from pacsberry_appliance.poster.page import page
from pacsberry_appliance.words import LANGUAGES, say

INVITATION = Invitation(
    box="Salle 12",
    language="fr",
    link="http://10.42.0.1:8042/",
    site="http://salle-12.internal/",
    address="http://10.42.0.1/",
    wifi_name="Salle <12> d’imagerie é",
    wifi_password="abc <g> def",
)
# Apart from the accents: the reader in these tests takes a backslash beside them for a Japanese yen.
SIGNS = replace(INVITATION, wifi_name='a;b,c:d"e\\f', wifi_password='a,b:c;d\\e"f<g>')
needs_reader = pytest.mark.skipif(shutil.which("zbarimg") is None, reason="zbarimg is not installed")


def scanned(picture: Image.Image, folder: Path) -> str:
    path = folder / "code.png"
    picture.save(path)
    done = subprocess.run(
        ["zbarimg", "--quiet", "--raw", "--oneshot", "-Sbinary", str(path)], capture_output=True, check=True
    )
    return done.stdout.decode().rstrip("\n")


def seen_on_screen(lines: list[str]) -> Image.Image:
    """What a camera sees of a dark console with light characters."""
    width, scale = max(map(len, lines)), 6
    picture = Image.new("L", (width, 2 * len(lines)), 0)
    for row, line in enumerate(lines):
        for column, sign in enumerate(line):
            above, below = {"█": (255, 255), "▀": (255, 0), "▄": (0, 255)}.get(sign, (0, 0))
            picture.putpixel((column, 2 * row), above)
            picture.putpixel((column, 2 * row + 1), below)
    return picture.resize((picture.width * scale, picture.height * scale), Image.Resampling.NEAREST)


def printed(svg: str) -> Image.Image:
    """The SVG of a code as a printer draws it: black strokes of one unit on a white ground."""
    size = int(re.search(r'viewBox="0 0 (\d+)', svg)[1])  # type: ignore[index]
    picture = Image.new("L", (size, size), 255)
    strokes = re.findall(r'<path[^>]*class="qrline"[^>]*d="([^"]+)"', svg)
    x = y = 0.0
    for verb, numbers in re.findall(r"([Mmh])([-\d. ]+)", strokes[0]):
        values = [float(number) for number in re.findall(r"-?[\d.]+", numbers)]
        if verb == "M":
            x, y = values
        elif verb == "m":
            x, y = x + values[0], y + values[1]
        else:
            for column in range(int(values[0])):
                picture.putpixel((int(x) + column, int(y)), 0)
            x += values[0]
    return picture.resize((size * 6, size * 6), Image.Resampling.NEAREST)


@needs_reader
def test_the_codes_on_paper_say_what_they_should(tmp_path: Path) -> None:
    for made in (INVITATION, SIGNS):
        found = re.findall(r"<svg.*?</svg>", page(made), re.DOTALL)

        assert [scanned(printed(svg), tmp_path) for svg in found] == [made.joining, "http://10.42.0.1:8042/"]


@needs_reader
def test_the_codes_on_the_console_say_what_they_should(tmp_path: Path) -> None:
    for content in (INVITATION.joining, SIGNS.joining, INVITATION.link):
        assert scanned(seen_on_screen(codes.lines(content)), tmp_path) == content


def test_signs_with_a_meaning_are_escaped_in_the_code_that_joins() -> None:
    invitation = Invitation(box="b", language="en", link="l", site="s", wifi_name='a;b,c:d"e\\f', wifi_password="p;q")

    assert invitation.joining == 'WIFI:T:WPA;S:a\\;b\\,c\\:d\\"e\\\\f;P:p\\;q;;'


def test_the_page_shows_names_as_text() -> None:
    html = page(INVITATION)

    assert "Salle &lt;12&gt; d’imagerie" in html
    assert "<12>" not in html
    assert "<g>" not in html
    assert "Rejoindre le Wi-Fi" in html
    assert "http://salle-12.internal/" in html


def test_without_a_wifi_of_its_own_there_is_one_code() -> None:
    html = page(Invitation(box="Box", language="de", link="http://box.local:8042/", site="http://box.local/"))

    assert html.count("<svg") == 1
    assert "WLAN beitreten" not in html
    assert "den Code mit der Kamera" in html  # there is no second one


@pytest.mark.proof
@pytest.mark.skipif(shutil.which("chromium") is None, reason="chromium is not installed")
@needs_reader
@pytest.mark.parametrize("size", ["768,1024", "1024,768", "390,1500"])
def test_a_browser_on_any_tablet_shows_codes_that_a_camera_reads(tmp_path: Path, size: str) -> None:
    long = replace(INVITATION, box="A" * 32, wifi_name="W" * 32, wifi_password="&" * 63)
    for made in (INVITATION, long):
        (tmp_path / "poster.html").write_text(page(made))
        subprocess.run(
            ["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars",
             f"--user-data-dir={tmp_path}/profile", f"--window-size={size}",
             f"--screenshot={tmp_path}/poster.png", f"file://{tmp_path}/poster.html"],
            capture_output=True, check=True,
        )  # fmt: skip

        seen = subprocess.run(
            ["zbarimg", "--quiet", "--raw", "-Sbinary", f"{tmp_path}/poster.png"], capture_output=True, check=True
        ).stdout.decode()

        assert made.joining in seen
        assert made.link in seen


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_console_has_room_for_both_codes_and_all_words(language: str) -> None:
    made = Invitation(
        box="Pacsberry",
        language=language,
        link="http://10.42.0.1:8042/",
        site="http://pacsberry.internal/",
        address="http://10.42.0.1/",
        wifi_name="Pacsberry ABC",
        wifi_password="abcd-efgh-jkmn",
    )
    lines = console.text(made, password="abcd-efgh-jkmn-pqrs").splitlines()

    assert max(map(len, lines)) <= 80
    assert len(lines) <= 23  # getty's own: an empty line and the prompt
    assert f"1. {say('poster_join').text(language)}: Pacsberry ABC" in "\n".join(lines)


def test_remarks_are_on_the_console_too() -> None:
    assert "! Es gibt kein WLAN-Funkmodul" in console.text(
        Invitation(box="Box", language="de", link="http://box.local:8042/", site="http://box.local/"),
        (say("no_radio"),),
    )


@settings(deadline=None)
@given(
    st.text(min_size=1, max_size=32),
    st.text(alphabet=st.characters(min_codepoint=32, max_codepoint=126), min_size=8, max_size=63),
)
def test_any_name_and_password_make_a_poster(name: str, password: str) -> None:
    made = Invitation(
        box="b", language="en", link="http://b:1/", site="http://b/", wifi_name=name, wifi_password=password
    )

    assert page(made).count("<svg") == 2
    assert io.StringIO(console.text(made)).readable()
