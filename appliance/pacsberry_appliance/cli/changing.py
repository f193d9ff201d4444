"""Makes changed settings so: stored or on trial, written below /run, and told to those it concerns."""

import signal
from dataclasses import asdict, replace

from pacsberry_appliance.box import Settings, store
from pacsberry_appliance.cli.context import Context
from pacsberry_appliance.cli.talk import talk
from pacsberry_appliance.making import make
from pacsberry_appliance.making.remarks import load as load_remarks
from pacsberry_appliance.network import trial
from pacsberry_appliance.network.applying import Outcome, apply
from pacsberry_appliance.system import files

# What can cut off the one who changes it. The portal's mode and the language only change answers.
NETWORK_FIELDS = frozenset(
    "mode wifi_name wifi_password country band channel radio join_name join_password address".split()  # noqa: SIM905  names as they are listed in the help
)
# What the names and addresses that are given out depend on.
_NAMES_FIELDS = frozenset({"name", "portal"})


def make_so(context: Context, before: Settings, after: Settings) -> None:
    """Store the settings and make them so now."""
    store.save(context.places.settings, replace(store.load(context.places.settings), settings=after))
    differs = {name for name, value in asdict(after).items() if value != asdict(before)[name]}
    enforce(context, after, with_network=not differs.isdisjoint(NETWORK_FIELDS | _NAMES_FIELDS))


def on_trial(context: Context, after: Settings, seconds: int) -> int:
    """Make the settings so for a while."""
    seconds = min(max(seconds, 15), 3600)
    trial.begin(context.places, after, context.runner, seconds=seconds, command=context.command)
    talk(f"Changing the network. Without  pacsberry-box network confirm  it is taken back in {seconds} s.")
    outcome = enforce(context, after, with_network=True)
    return 0 if outcome is not None and outcome.up else 7


def enforce(context: Context, settings: Settings, *, with_network: bool) -> Outcome | None:
    """Everything below /run, the services it concerns, and the network; to its end, also when the terminal is gone."""
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    with files.locked(context.places.lock):
        made = make(context.places, settings, context.runner, load_remarks(context.places))
    if made.server:
        talk("The server starts again with its new settings.")
        context.runner.ask("systemctl", "try-restart", "pacsberry-server.service", seconds=90)
    if made.portal:
        context.runner.ask("systemctl", "reload-or-restart", "pacsberry-portal.service", seconds=30)
    if made.name:
        context.runner.ask("systemctl", "try-restart", "avahi-daemon.service", seconds=30)
    outcome = None
    if with_network:
        outcome = apply(context.places, settings, context.runner, context.manager)
        for remark in outcome.remarks:
            talk(remark.text(settings.language))
    for remark in made.remarks:
        talk(remark.text(settings.language))
    return outcome
