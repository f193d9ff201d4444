"""Finds what Imager left, reads each form, and checks every value by the rules of `pacsberry.txt`.

Where cloud-init is installed it has seen to these files itself: then they are left alone.
"""

import contextlib
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from pacsberry_appliance.imager.cloud_init import read_network_config, read_user_data
from pacsberry_appliance.imager.first_run import read_first_run
from pacsberry_appliance.imager.told import Told
from pacsberry_appliance.imager.toml_form import read_toml
from pacsberry_appliance.system import files
from pacsberry_appliance.textfile import values
from pacsberry_appliance.textfile.values import Wrong
from pacsberry_appliance.words import Message, say

_LARGEST_BYTES = 64 << 10
_FORMS: tuple[tuple[str, Callable[[str, Told], None]], ...] = (
    ("user-data", read_user_data),
    ("network-config", read_network_config),
    ("custom.toml", read_toml),
    ("rpi-preseed.toml", read_toml),
    ("firstrun.sh", read_first_run),
)
_HASH = re.compile(r"\$(y|gy|7|2[aby]|6|5)\$[./A-Za-z0-9$,=]{20,200}")
_REGDOM = re.compile(r"\bcfg80211\.ieee80211_regdom=([A-Za-z]{2})\b")
# As Imager 1 puts it at the end of the line; the script it names would be run as root before anything else.
_SYSTEMD_RUN = re.compile(r"\s+systemd\.run(_\w+)?=\S+|\s+systemd\.unit=kernel-command-line\.target")


@dataclass(slots=True)
class ImagerReading:
    """What was found, checked."""

    taken: dict[str, object] = field(default_factory=dict)  # by field of Settings, and "admin_password"
    user: str = ""
    wrong: dict[str, Message] = field(default_factory=dict)
    remarks: list[Message] = field(default_factory=list)
    to_remove: list[Path] = field(default_factory=list)
    contents: list[bytes] = field(default_factory=list)  # of those of them that say something
    command_line: str | None = None  # cmdline.txt without what Imager 1 put in


def read_imager(boot: Path, *, cloud_init_is_here: bool) -> ImagerReading:
    """What the files on the boot partition say; never raises for what is in them."""
    reading = ImagerReading()
    told = Told()
    for name, read in _FORMS:
        if cloud_init_is_here and name != "firstrun.sh":
            continue
        try:
            raw = files.read_small(boot / name, _LARGEST_BYTES)
        except OSError:  # a damaged card
            reading.remarks.append(say("imager_unreadable", file=name))
            continue
        if raw is None:
            continue
        reading.to_remove.append(boot / name)
        reading.contents.append(raw)
        try:
            read(raw.decode("utf-8-sig").replace("\r\n", "\n"), told)
        except (ValueError, RecursionError):
            reading.remarks.append(say("imager_unreadable", file=name))
        if name == "firstrun.sh":
            reading.remarks.append(say("imager_old"))
    if reading.to_remove and (boot / "meta-data").exists() and not cloud_init_is_here:
        reading.to_remove.append(boot / "meta-data")
    _command_line(boot, told, reading)
    _check(told, reading)
    return reading


def _command_line(boot: Path, told: Told, reading: ImagerReading) -> None:
    raw = None
    with contextlib.suppress(OSError):
        raw = files.read_small(boot / "cmdline.txt", _LARGEST_BYTES)
    if raw is None:
        return
    line = raw.decode(errors="surrogateescape")
    country = _REGDOM.search(line)
    if country is not None and not told.country:
        told.country = country[1]
    without = _SYSTEMD_RUN.sub("", line)
    if without != line:
        reading.command_line = without


def _check(told: Told, reading: ImagerReading) -> None:
    single: tuple[tuple[str, str, Callable[[str], object]], ...] = (
        ("name", told.host_name, values.host_name),
        ("country", told.country, values.country),
        ("time_zone", told.time_zone, values.time_zone),
        ("join_name", told.wifi_name, values.wifi_name),
        ("join_password", told.wifi_password, values.joining_password),
        ("admin_password", told.password, values.admin_password),
        ("admin_hash", told.password_hash, _hash),
    )
    for field_name, text, rule in single:
        if text:
            try:
                reading.taken[field_name] = rule(text)
            except Wrong as wrong:
                reading.wrong[field_name] = wrong.reason
    if told.language:
        with contextlib.suppress(Wrong):  # the language of a computer, not of this box: nobody asked for it
            reading.taken["language"] = values.language(told.language)
    keys = []
    for key in told.ssh_keys:
        try:
            keys.append(values.ssh_key(key))
        except Wrong as wrong:
            reading.wrong["ssh_keys"] = wrong.reason
    if keys:
        reading.taken["ssh_keys"] = tuple(keys)
    reading.user = told.user if re.fullmatch(r"[a-z_][a-z0-9_-]{0,31}", told.user) else ""
    reading.remarks += [say("imager_lost", what=name) for name in dict.fromkeys(told.without_effect)]


def _hash(text: str) -> str:
    if not _HASH.fullmatch(text):
        raise Wrong(say("password_hash_wrong"))
    return text
