"""`status`: on one screen, how the class gets in, who is there, what is wrong; and the same for the admin page."""

import json
import os
from argparse import Namespace
from typing import Any

from pacsberry_appliance.box import Mode
from pacsberry_appliance.cli.context import Context
from pacsberry_appliance.cli.talk import data
from pacsberry_appliance.making.remarks import load as load_remarks
from pacsberry_appliance.network import trial
from pacsberry_appliance.network.guard import last_found
from pacsberry_appliance.network.plan import plan
from pacsberry_appliance.network.presence import firmware_crashes, leases, stations
from pacsberry_appliance.network.radios import firmware_version, radios
from pacsberry_appliance.network.seats import firmware, runs_minimal, seats
from pacsberry_appliance.system import files
from pacsberry_appliance.words import say

_KIND = {True: " (the one that takes more tablets)", False: " (not the one that takes more tablets)", None: ""}


def show(context: Context, options: Namespace) -> int:
    """Print it; exit code 7 when something is not as it should be."""
    facts, remarks = gather(context)
    published = json.dumps({**facts, "remarks": remarks}, indent=2, ensure_ascii=False)
    if options.publish:
        _publish(context, f"{published}\n")
        return 0  # to have looked is what the unit is for
    if options.json:
        data(published)
        return 7 if remarks else 0
    seats_text = f"{facts['stations']} of about {facts['seats']}" if facts["seats"] else str(facts["stations"])
    lines = {
        "name": facts["name"],
        "address": f"{facts['site']}  {facts['address']}".rstrip(),
        "mode": f"{facts['mode']} ({facts['up'] or 'not up'})" + ("  ON TRIAL" if facts["on_trial"] else ""),
        "Wi-Fi": f"{facts['wifi_name']}, {facts['band']} GHz, channel {facts['channel']}" if facts["wifi_name"] else "",
        "tablets": seats_text if facts["wifi_name"] else "",
        "addresses given": str(facts["leases"]) if facts["mode"] != Mode.CLIENT else "",
        "firmware": f"{facts['firmware']}{_KIND[facts['firmware_minimal']]}",
        "portal": facts["portal"],
    }
    for name, text in lines.items():
        if text:
            data(f"{name:16} {text}")
    for remark in remarks:
        data(f"! {remark}")
    return 7 if remarks else 0


def _publish(context: Context, text: str) -> None:
    """Where the server reads it; its date tells how old the news is, also when nothing is new."""
    path = context.places.status
    if not files.replace(path, text, mode=0o640, group=context.places.server_group):
        os.utime(path)


def gather(context: Context) -> tuple[dict[str, Any], list[str]]:
    """The facts, with names that stay, and what is wrong, in the language of the box."""
    settings = context.settings()
    made = plan(settings, radios(context.places.root, context.runner))
    up = next((name for name in made.wanted if name in context.manager.active()), "")
    is_wifi = settings.mode is Mode.ACCESS_POINT
    interface = made.radio.interface if made.radio is not None else ""
    chosen = firmware(context.runner)
    version = firmware_version(interface) if interface else ""
    is_minimal = runs_minimal(context.places.root, made.radio, chosen, version) if made.radio is not None else None
    places = seats(made.radio, chosen, runs_it=is_minimal) if made.radio is not None else None
    crashes = firmware_crashes(context.runner)
    remarks = [*load_remarks(context.places), *made.remarks]
    if not up:
        remarks.append(
            say("no_radio")
            if is_wifi and made.radio is None
            else say("access_point_failed" if is_wifi else "cable_failed")
        )
    found = last_found(context.places)
    if found is not None and found.foreign and settings.mode is Mode.EXTERNAL_ACCESS_POINT:
        remarks.append(say("foreign_dhcp", server=found.foreign, interface=found.interface))
    sitting = stations(interface, context.runner) if interface else 0
    if places is not None and sitting * 5 >= places * 4:
        remarks.append(say("seats", seats=places))
    if is_minimal is False and say("firmware_chosen") not in remarks:
        remarks.append(say("firmware_not_loaded"))
    if crashes:
        remarks.append(say("firmware_crashed", times=crashes))
    if not settings.login:
        remarks.append(say("login_off"))
    facts: dict[str, Any] = {
        "name": settings.host_name,
        "site": settings.site,
        "address": f"http://{settings.address}/" if settings.gives_addresses else "",
        "mode": settings.mode.value,
        "up": up,
        "on_trial": trial.waiting(context.places) is not None,
        "wifi_name": settings.wifi_name if is_wifi else "",
        "band": made.band.value,
        "channel": made.channel,
        "country": settings.country,
        "stations": sitting,
        "seats": places,
        "leases": leases(context.places.root),
        "chip": made.radio.chip if made.radio is not None else "",
        "firmware": version,
        "firmware_chosen": chosen.chosen,
        "firmware_minimal": is_minimal,
        "firmware_crashes": crashes,
        "portal": settings.portal.value,
    }
    return facts, list(dict.fromkeys(remark.text(settings.language) for remark in remarks))
