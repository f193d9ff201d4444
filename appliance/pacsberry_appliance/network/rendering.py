"""Writes the plan below /run, where NetworkManager, its dnsmasq and nft read it: what changed, and no more."""

from dataclasses import dataclass

from pacsberry_appliance.network.plan import NetworkPlan
from pacsberry_appliance.system import files
from pacsberry_appliance.system.places import Places


@dataclass(frozen=True, slots=True)
class Rendered:
    """What is different now."""

    profiles: bool
    names: bool
    firewall: bool


def render(places: Places, plan: NetworkPlan) -> Rendered:
    """Write everything; profiles hold passwords and are root's only."""
    changed = False
    places.profiles.mkdir(parents=True, exist_ok=True)
    for path in places.profiles.glob("pacsberry-*.nmconnection"):
        if path.stem not in plan.profiles:
            changed |= files.remove(path)
    for name, text in plan.profiles.items():
        changed |= files.replace(places.profiles / f"{name}.nmconnection", text, mode=0o600)
    return Rendered(
        profiles=changed,
        names=files.replace(places.run / "dnsmasq.conf", plan.dnsmasq),
        firewall=files.replace(places.run / "firewall.nft", plan.firewall),
    )
