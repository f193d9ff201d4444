"""What the network is to be, decided from settings and radios."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pacsberry_appliance.box import Band, Mode, PortalMode, RadioChoice, Settings
from pacsberry_appliance.network.plan import ACCESS_POINT, ETHERNET, EXTERNAL, JOIN, LISTEN, NetworkPlan, plan
from pacsberry_appliance.network.radios import Radio, usable_channels

BOTH_BANDS = frozenset({1, 6, 11, 12, 13, 36, 40, 44, 48})
PI_4 = Radio("wlan0", "phy0", driver="brcmfmac", bus="sdio", chip="43455", channels=BOTH_BANDS)
PI_3 = Radio("wlan0", "phy0", driver="brcmfmac", bus="sdio", chip="43430", channels=frozenset({1, 6, 11}))
ADAPTER = Radio("wlan1", "phy1", driver="mt7921u", bus="usb", channels=BOTH_BANDS)
SETTINGS = Settings(wifi_name="Saal", wifi_password="zebra-horse", country="DE")


def remarks(made: NetworkPlan) -> list[str]:
    return [remark.key for remark in made.remarks]


def wifi(made: NetworkPlan) -> dict[str, str]:
    lines = made.profiles[ACCESS_POINT].splitlines()
    return dict(line.split("=", 1) for line in lines if "=" in line)


def test_without_a_country_the_radio_stays_on_channels_that_are_allowed_everywhere() -> None:
    made = plan(replace(SETTINGS, country=""), [PI_4])

    assert made.band is Band.GHZ_2_4
    assert made.channel in (1, 6, 11)
    assert wifi(made)["band"] == "bg"
    assert remarks(made) == []


@pytest.mark.parametrize("asked", [{"band": Band.GHZ_5}, {"channel": 36}, {"channel": 13}])
def test_without_a_country_what_needs_one_is_said(asked: dict[str, object]) -> None:
    made = plan(replace(SETTINGS, country="", **asked), [PI_4])  # type: ignore[arg-type]

    assert (made.band, made.channel <= 11) == (Band.GHZ_2_4, True)
    assert remarks(made) == ["country_needed"]


def test_with_a_country_a_radio_that_can_sends_at_5_ghz() -> None:
    made = plan(SETTINGS, [PI_4])

    assert (made.band, made.channel) == (Band.GHZ_5, 36)
    assert (wifi(made)["band"], wifi(made)["channel"]) == ("a", "36")


def test_a_radio_that_cannot_sends_at_2_4_ghz_without_a_word_unless_5_was_asked_for() -> None:
    assert remarks(plan(SETTINGS, [PI_3])) == []
    assert remarks(plan(replace(SETTINGS, band=Band.GHZ_5), [PI_3])) == ["band_5_not_possible"]


def test_a_channel_of_the_country_is_taken_as_asked() -> None:
    assert plan(replace(SETTINGS, channel=13), [PI_4]).channel == 13
    assert plan(replace(SETTINGS, channel=44), [PI_4]).channel == 44
    assert plan(replace(SETTINGS, channel=3, band=Band.GHZ_2_4), [PI_4]).channel == 3


def test_channels_that_do_not_fit_are_named_and_replaced() -> None:
    american = plan(replace(SETTINGS, country="US", channel=13), [PI_4])
    high = plan(replace(SETTINGS, channel=149), [PI_4])
    mixed = plan(replace(SETTINGS, channel=40, band=Band.GHZ_2_4), [PI_4])

    assert (remarks(american), american.channel <= 11) == (["channel_not_in_country"], True)
    assert (remarks(high), high.channel) == (["channel_not_in_country"], 36)
    assert (remarks(mixed), mixed.band) == (["channel_not_in_band"], Band.GHZ_2_4)


def test_after_5_ghz_failed_it_is_2_4() -> None:
    made = plan(replace(SETTINGS, band=Band.GHZ_5), [PI_4], only_2_4=True)

    assert (made.band, remarks(made)) == (Band.GHZ_2_4, ["band_5_failed"])


def test_the_access_point_is_wpa2_with_ccmp_and_without_pmf() -> None:
    said = wifi(plan(SETTINGS, [PI_4]))

    assert (said["key-mgmt"], said["proto"], said["pairwise"], said["group"], said["pmf"]) == (
        "wpa-psk",
        "rsn;",
        "ccmp;",
        "ccmp;",
        "1",
    )
    assert said["powersave"] == "2"


def test_the_radio_of_the_3b_offers_wpa_beside_rsn() -> None:
    assert wifi(plan(SETTINGS, [PI_3]))["proto"] == "wpa;rsn;"


def test_a_profile_names_its_radio_only_where_there_are_two() -> None:
    assert "interface-name" not in wifi(plan(SETTINGS, [PI_4]))
    assert "interface-name" not in wifi(plan(SETTINGS, []))
    assert wifi(plan(SETTINGS, [PI_4, ADAPTER]))["interface-name"] == "wlan0"
    assert wifi(plan(replace(SETTINGS, radio=RadioChoice.USB), [PI_4, ADAPTER]))["interface-name"] == "wlan1"


def test_a_radio_that_is_not_there_is_said() -> None:
    assert remarks(plan(replace(SETTINGS, radio=RadioChoice.USB), [PI_4])) == ["radio_not_there"]


def test_a_radio_that_cannot_open_a_network_is_passed_over() -> None:
    made = plan(SETTINGS, [replace(PI_4, can_open=False), ADAPTER])

    assert made.radio == ADAPTER


def test_an_external_access_point_never_starts_by_itself() -> None:
    made = plan(replace(SETTINGS, mode=Mode.EXTERNAL_ACCESS_POINT), [PI_4])

    assert set(made.profiles) == {LISTEN, EXTERNAL, ETHERNET}
    assert "autoconnect=true" in made.profiles[LISTEN]
    assert "method=disabled" in made.profiles[LISTEN]
    assert "autoconnect=false" in made.profiles[EXTERNAL]
    assert "autoconnect=false" in made.profiles[ETHERNET]
    assert "method=shared" in made.profiles[EXTERNAL]


def test_a_client_gives_no_addresses_and_answers_no_names() -> None:
    settings = replace(SETTINGS, mode=Mode.CLIENT, join_name="Schule", join_password="geheim-geheim")
    made = plan(settings, [PI_4])

    assert set(made.profiles) == {JOIN, ETHERNET}
    assert "psk=geheim-geheim" in made.profiles[JOIN]
    assert "shared" not in "".join(made.profiles.values())
    assert "dhcp-range" not in made.dnsmasq
    assert "chain" not in made.firewall


def test_a_client_without_a_wifi_uses_its_cable() -> None:
    made = plan(replace(SETTINGS, mode=Mode.CLIENT), [PI_4])

    assert (made.wanted, remarks(made)) == ((ETHERNET,), ["client_by_cable"])


def test_an_open_wifi_of_a_school_can_be_joined() -> None:
    made = plan(replace(SETTINGS, mode=Mode.CLIENT, join_name="Schule"), [PI_4])

    assert "wifi-security" not in made.profiles[JOIN]


def test_the_same_settings_make_the_same_texts() -> None:
    assert plan(SETTINGS, [PI_4]) == plan(SETTINGS, [PI_4])


@settings(deadline=None)
@given(
    st.builds(
        Settings,
        mode=st.sampled_from(Mode),
        wifi_name=st.text(min_size=1, max_size=8),
        wifi_password=st.just("x" * 8),
        country=st.sampled_from(["", "DE", "US", "JP"]),
        band=st.sampled_from(Band),
        channel=st.sampled_from([0, 1, 6, 12, 13, 36, 44, 149, 165]),
        radio=st.sampled_from(RadioChoice),
        portal=st.sampled_from(PortalMode),
    ),
    st.lists(st.sampled_from([PI_4, PI_3, ADAPTER]), max_size=2, unique=True),
)
def test_every_choice_leads_to_a_lawful_channel(settings: Settings, radios: list[Radio]) -> None:
    made = plan(settings, radios)

    assert made.band is Band.GHZ_2_4 or (made.radio is not None and made.channel in made.radio.channels)
    assert made.band is Band.GHZ_5 or 1 <= made.channel <= (13 if settings.country in ("DE", "JP") else 11)


IW_INFO = """\
Wiphy phy0
\tSupported interface modes:
\t\t * managed
\t\t * AP
\tBand 1:
\t\tFrequencies:
\t\t\t* 2412.0 MHz [1] (20.0 dBm)
\t\t\t* 2467 MHz [12] (20.0 dBm) (no IR)
\t\t\t* 2484 MHz [14] (disabled)
\tBand 2:
\t\tFrequencies:
\t\t\t* 5180 MHz [36] (23.0 dBm)
\t\t\t* 5260.0 MHz [52] (20.0 dBm) (no IR, radar detection)
\tBand 4:
\t\tFrequencies:
\t\t\t* 5955 MHz [1] (disabled)
\t\t\t* 6115 MHz [33] (12.0 dBm)
"""


def test_the_kernel_says_where_a_radio_may_open_a_network() -> None:
    assert usable_channels(IW_INFO) == {1, 36}
