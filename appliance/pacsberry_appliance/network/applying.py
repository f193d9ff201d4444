"""Has the network become what the plan says: once at boot (`settle`) and whenever a person changes something (`apply`).

1. country   2. files below /run   3. firewall   4. profiles read anew   5. the wanted one up
6. 5 GHz that did not come up within its time is given up for 2.4 GHz, which every radio can
"""

from dataclasses import dataclass

from pacsberry_appliance.box import Band, Mode, Settings
from pacsberry_appliance.network import radio_rules
from pacsberry_appliance.network.manager import Manager
from pacsberry_appliance.network.plan import ACCESS_POINT, ETHERNET, EXTERNAL, JOIN, LISTEN, NetworkPlan, plan
from pacsberry_appliance.network.radios import radios
from pacsberry_appliance.network.rendering import Rendered, render
from pacsberry_appliance.system import files
from pacsberry_appliance.system.places import Places
from pacsberry_appliance.system.running import Runner
from pacsberry_appliance.words import Message, say

_OURS_ONLY = (ACCESS_POINT, EXTERNAL)


@dataclass(frozen=True, slots=True)
class Outcome:
    """How it is now."""

    plan: NetworkPlan
    up: str  # the profile that is up; empty: none of the wanted ones
    remarks: tuple[Message, ...]


@dataclass(frozen=True, slots=True)
class Prepared:
    """The plan, and what of its files is different now."""

    plan: NetworkPlan
    rendered: Rendered


def prepare(places: Places, settings: Settings, runner: Runner, *, only_2_4: bool = False) -> Prepared:
    """Before NetworkManager runs: the kernel's rules, the files, the firewall."""
    radio_rules.unblock(places.root)
    if places.is_live:
        radio_rules.set_country(settings.country, runner)
    made = plan(settings, radios(places.root, runner), only_2_4=only_2_4 or (places.run / "only-2.4").exists())
    rendered = render(places, made)
    if places.is_live:
        runner.ask("nft", "-f", str(places.run / "firewall.nft"), seconds=10)
    return Prepared(made, rendered)


def apply(places: Places, settings: Settings, runner: Runner, manager: Manager) -> Outcome:
    """While it runs: make it so now."""
    files.remove(places.run / "only-2.4")
    made = prepare(places, settings, runner).plan
    manager.reload()
    for name in manager.active() & set(_OURS_ONLY) - set(made.profiles):
        manager.down(name)
    if settings.mode is Mode.EXTERNAL_ACCESS_POINT:
        manager.up(LISTEN)  # the guard, which the dispatcher starts for it, does the rest
        return _checked(settings, made, manager.wait_for((*made.wanted, ETHERNET), 30))
    for name in made.wanted:
        if manager.up(name).is_fine:
            return Outcome(made, name, made.remarks)
    return _second_try(places, settings, runner, manager, made)


def settle(places: Places, settings: Settings, runner: Runner, manager: Manager, *, seconds: int = 45) -> Outcome:
    """After boot: wait for what NetworkManager brings up by itself, and help where it does not."""
    prepared = prepare(places, settings, runner)
    made = prepared.plan
    if not manager.wait(60):
        return Outcome(made, "", (*made.remarks, say("network_manager_missing")))
    is_access_point = settings.mode is Mode.ACCESS_POINT
    if is_access_point and made.radio is None and not radios(places.root, runner):
        return Outcome(made, "", (*made.remarks, say("no_radio")))
    if prepared.rendered.profiles:  # a radio that appeared after firstboot has changed the plan
        manager.reload()
    elif name := manager.wait_for((*made.wanted, ETHERNET) if not is_access_point else made.wanted, seconds):
        return _checked(settings, made, name)
    if is_access_point and manager.up(ACCESS_POINT).is_fine:
        return Outcome(made, ACCESS_POINT, made.remarks)
    return _second_try(places, settings, runner, manager, made)


def _second_try(places: Places, settings: Settings, runner: Runner, manager: Manager, made: NetworkPlan) -> Outcome:
    if settings.mode is Mode.ACCESS_POINT and made.band is Band.GHZ_5:
        files.replace(places.run / "only-2.4", "")  # until the next boot or change
        made = prepare(places, settings, runner).plan
        manager.reload()
        if manager.up(ACCESS_POINT).is_fine:
            return Outcome(made, ACCESS_POINT, (*made.remarks, say("band_5_failed")))
    if settings.mode is Mode.ACCESS_POINT:
        return Outcome(made, "", (*made.remarks, say("access_point_failed")))
    return _checked(settings, made, "")


def _checked(settings: Settings, made: NetworkPlan, name: str) -> Outcome:
    """What is up is there; said is what is missing beside it."""
    remarks = list(made.remarks)
    if settings.mode is Mode.CLIENT and settings.join_name and name != JOIN:
        remarks.append(say("join_failed", name=settings.join_name))
    elif not name:
        remarks.append(say("cable_failed"))
    return Outcome(made, name if name in made.wanted else "", tuple(remarks))
