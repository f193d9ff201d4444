"""Writes all of it. Run at each boot and after each change; what is the same already is not written again."""

import json
from dataclasses import dataclass

from pacsberry_appliance.box import Mode, Settings
from pacsberry_appliance.box.settings import HTTP_PORT
from pacsberry_appliance.making import host
from pacsberry_appliance.making.server import server_settings
from pacsberry_appliance.network.names import own_names
from pacsberry_appliance.portal.facts import PortalFacts
from pacsberry_appliance.poster import Invitation, console
from pacsberry_appliance.system import files
from pacsberry_appliance.system.places import Places
from pacsberry_appliance.system.running import Runner
from pacsberry_appliance.words import Message


@dataclass(frozen=True, slots=True)
class Made:
    """What is different now, so that only that is restarted; and what could not be done."""

    server: bool
    portal: bool
    name: bool
    remarks: tuple[Message, ...] = ()


def make(
    places: Places, settings: Settings, runner: Runner, remarks: tuple[Message, ...] = (), *, password: str = ""
) -> Made:
    """Write everything for these settings. `remarks` go to the console, too, and a password that was just made up."""
    places.run.mkdir(parents=True, exist_ok=True)
    if password:
        files.replace(places.made_up, password, mode=0o600)
    server = json.dumps(server_settings(settings, places), indent=2) + "\n"
    server_changed = files.replace(places.run / "server.json", server, mode=0o640, group=places.server_group)
    facts = portal_facts(settings)
    portal_changed = files.replace(places.run / "portal.json", facts.to_json(), mode=0o640, group=places.portal_group)
    files.replace(places.authorized_keys, "".join(f"{key}\n" for key in settings.ssh_keys))
    if settings.allows_ssh:
        files.replace(places.run / "ssh-allowed", "")
    else:
        files.remove(places.run / "ssh-allowed")
    name_changed, own = host.make(places, settings, runner)
    show(places, settings, runner, (*remarks, *own))
    return Made(server_changed, portal_changed, name_changed, own)


def show(places: Places, settings: Settings, runner: Runner, remarks: tuple[Message, ...]) -> None:
    """What getty shows above the login. It reads backslashes as its own signs: they are doubled."""
    password = (files.read_small(places.made_up, 1024) or b"").decode()
    text = console.text(invitation(settings), remarks, password=password).replace("\\", "\\\\")
    if files.replace(places.issue, f"\n{text}\n", mode=0o600) and places.is_live:
        runner.ask("agetty", "--reload", seconds=5)  # where it is shown already


def portal_facts(settings: Settings) -> PortalFacts:
    """What the portal has to know."""
    return PortalFacts(
        mode=settings.portal if settings.gives_addresses else settings.portal.OFF,
        site=settings.site,
        server_port=HTTP_PORT,
        own_names=(settings.host_name, *own_names(settings)),
        network=str(settings.network) if settings.gives_addresses else "",
        invitation=invitation(settings),
    )


def invitation(settings: Settings) -> Invitation:
    """What goes on the poster."""
    has_wifi = settings.mode is Mode.ACCESS_POINT
    return Invitation(
        box=settings.host_name.replace("-", " ").title(),
        language=settings.language or "en",
        link=f"http://{settings.address}:{HTTP_PORT}/" if settings.gives_addresses else settings.site,
        site=settings.short_site,
        address=f"http://{settings.address}/" if settings.gives_addresses else "",
        wifi_name=settings.wifi_name if has_wifi else "",
        wifi_password=settings.wifi_password if has_wifi else "",
    )
