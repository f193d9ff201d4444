"""Decides what the network is to be: profiles, channel, names, firewall. Pure: settings and radios in, texts out."""

from dataclasses import dataclass, field

from pacsberry_appliance.box import Band, Mode, RadioChoice, Settings
from pacsberry_appliance.box.countries import ELEVEN_CHANNELS
from pacsberry_appliance.box.settings import PREFIX
from pacsberry_appliance.network import firewall, keyfile, names
from pacsberry_appliance.network.radios import Radio
from pacsberry_appliance.words import Message, say

ACCESS_POINT = "pacsberry-access-point"
EXTERNAL = "pacsberry-external"
LISTEN = "pacsberry-listen"
JOIN = "pacsberry-join"
ETHERNET = "pacsberry-ethernet"
_GHZ_5_FIRST = 36
_ON_EACH_CABLE = {"multi_connect": "3"}  # a box may have more than one network port
_APART = (1, 6, 11)  # the channels of 2.4 GHz that do not overlap


@dataclass(frozen=True, slots=True)
class NetworkPlan:
    """Everything the network is made of."""

    profiles: dict[str, str]  # by name
    dnsmasq: str
    firewall: str
    wanted: tuple[str, ...]  # profiles one of which has to be up; empty: whatever cable there is
    country: str = ""
    band: Band = Band.GHZ_2_4
    channel: int = 0
    radio: Radio | None = None
    remarks: tuple[Message, ...] = field(default=())


def plan(settings: Settings, radios: list[Radio], *, only_2_4: bool = False) -> NetworkPlan:
    """The plan for these settings on this computer. `only_2_4`: 5 GHz was tried and did not come up."""
    remarks: list[Message] = []
    profiles: dict[str, str] = {}
    radio = _choose_radio(settings, radios, remarks)
    band, channel = _choose_channel(settings, radio, remarks, only_2_4=only_2_4)
    wanted: tuple[str, ...] = ()
    if settings.mode is Mode.ACCESS_POINT:
        profiles[ACCESS_POINT] = _access_point(settings, radios, radio, band, channel)
        profiles[ETHERNET] = _ethernet(autoconnect=True)
        wanted = (ACCESS_POINT,)
    elif settings.mode is Mode.EXTERNAL_ACCESS_POINT:
        # A cable first only listens. The guard looks for a foreign DHCP server and then chooses one of the other two.
        profiles[LISTEN] = _listen()
        profiles[EXTERNAL] = _external(settings)
        profiles[ETHERNET] = _ethernet(autoconnect=False)
        wanted = (EXTERNAL,)
    else:
        profiles[ETHERNET] = _ethernet(autoconnect=True)
        if settings.join_name:
            profiles[JOIN] = _join(settings)
            wanted = (JOIN, ETHERNET)
        else:
            remarks.append(say("client_by_cable"))
            wanted = (ETHERNET,)
    return NetworkPlan(
        profiles=profiles,
        dnsmasq=names.dnsmasq(settings),
        firewall=firewall.ruleset(settings),
        wanted=wanted,
        country=settings.country,
        band=band,
        channel=channel,
        radio=radio,
        remarks=tuple(remarks),
    )


def _choose_radio(settings: Settings, radios: list[Radio], remarks: list[Message]) -> Radio | None:
    if settings.mode is not Mode.ACCESS_POINT:
        return None
    able = [radio for radio in radios if radio.can_open]
    if settings.radio is RadioChoice.AUTO:
        return able[0] if able else None
    wanted = [radio for radio in able if radio.is_built_in is (settings.radio is RadioChoice.BUILT_IN)]
    if not wanted and able:
        remarks.append(say("radio_not_there", radio=settings.radio.value))
    return next(iter(wanted or able), None)


def _choose_channel(
    settings: Settings, radio: Radio | None, remarks: list[Message], *, only_2_4: bool
) -> tuple[Band, int]:
    quiet_one = _APART[sum(settings.wifi_name.encode()) % 3]  # two boxes in one building most often differ
    wants_5 = settings.channel > 13 or (settings.band is Band.GHZ_5 and settings.channel == 0)
    if settings.band is Band.GHZ_2_4 and settings.channel > 13:
        remarks.append(say("channel_not_in_band", channel=settings.channel, band="2.4"))
        wants_5 = False
    if settings.band is Band.GHZ_5 and 1 <= settings.channel <= 13:
        remarks.append(say("channel_not_in_band", channel=settings.channel, band="5"))
        wants_5 = True
    low = settings.channel if 1 <= settings.channel <= 13 else 0
    if not settings.country:
        if wants_5 or low > 11:
            remarks.append(say("country_needed"))
        return Band.GHZ_2_4, low if 1 <= low <= 11 else quiet_one
    if low > 11 and settings.country in ELEVEN_CHANNELS:
        remarks.append(say("channel_not_in_country", channel=low, country=settings.country))
        low = 0
    channels = radio.channels if radio is not None else frozenset()
    high = settings.channel if settings.channel > 13 else _GHZ_5_FIRST
    may_5 = bool(channels & {36, 40, 44, 48, high})
    automatic = settings.band is Band.AUTO and settings.channel == 0
    if (wants_5 or automatic) and may_5 and not only_2_4:
        if high not in channels:
            remarks.append(say("channel_not_in_country", channel=high, country=settings.country))
            high = min(channels & {36, 40, 44, 48})
        return Band.GHZ_5, high
    if wants_5:
        remarks.append(say("band_5_failed" if only_2_4 else "band_5_not_possible"))
    return Band.GHZ_2_4, low or quiet_one


def _access_point(settings: Settings, radios: list[Radio], radio: Radio | None, band: Band, channel: int) -> str:
    # Bound to an interface only where there is a choice: a radio that comes up late is then still taken.
    connection = {"interface_name": radio.interface} if radio is not None and len(radios) > 1 else {}
    # The 43430 of the 3B lets some tablets in only when WPA is offered beside RSN; the cipher is CCMP all the same.
    protocols = "wpa;rsn;" if radio is not None and radio.chip == "43430" else "rsn;"
    return keyfile.profile(
        ACCESS_POINT,
        "wifi",
        {
            "wifi": {
                "mode": "ap",
                "ssid": keyfile.wifi_name(settings.wifi_name),
                "band": "a" if band is Band.GHZ_5 else "bg",
                "channel": str(channel),
                "powersave": "2",  # off: with it, built-in radios lose stations
                "cloned_mac_address": "permanent",  # tablets remember a network by it
            },
            "wifi-security": {
                "key_mgmt": "wpa-psk",
                "proto": protocols,
                "pairwise": "ccmp;",
                "group": "ccmp;",
                "pmf": "1",  # off: built-in radios announce it and then fail
                "psk": keyfile.text(settings.wifi_password),
            },
            **_shared(settings),
        },
        **_always("100"),
        **connection,
    )


def _external(settings: Settings) -> str:
    return keyfile.profile(EXTERNAL, "ethernet", _shared(settings), autoconnect="false")


def _listen() -> str:
    addresses = {"ipv4": {"method": "disabled"}, "ipv6": {"method": "link-local"}}
    return keyfile.profile(LISTEN, "ethernet", addresses, **_always("100"), **_ON_EACH_CABLE)


def _ethernet(*, autoconnect: bool) -> str:
    addresses = {"ipv4": {"method": "auto"}, "ipv6": {"method": "auto"}}
    return keyfile.profile(
        ETHERNET, "ethernet", addresses, **(_always("50") if autoconnect else {"autoconnect": "false"})
    )


def _join(settings: Settings) -> str:
    sections: dict[str, dict[str, str]] = {
        "wifi": {"mode": "infrastructure", "ssid": keyfile.wifi_name(settings.join_name), "hidden": "true"}
    }
    if settings.join_password:
        sections["wifi-security"] = {"key_mgmt": "wpa-psk", "psk": keyfile.text(settings.join_password)}
    sections |= {"ipv4": {"method": "auto"}, "ipv6": {"method": "auto"}}
    return keyfile.profile(JOIN, "wifi", sections, **_always("100"))


def _shared(settings: Settings) -> dict[str, dict[str, str]]:
    return {
        "ipv4": {"method": "shared", "address1": f"{settings.address}/{PREFIX}"},
        "ipv6": {"method": "disabled"},
    }


def _always(priority: str) -> dict[str, str]:
    return {"autoconnect": "true", "autoconnect_priority": priority, "autoconnect_retries": "0"}
