"""`network use`, `confirm`, `revert` for people; `settle` and `guard` for systemd."""

from argparse import Namespace

from pacsberry_appliance.box import Mode
from pacsberry_appliance.cli.changing import enforce
from pacsberry_appliance.cli.context import Context
from pacsberry_appliance.cli.setting import changed, put, split
from pacsberry_appliance.cli.talk import talk
from pacsberry_appliance.firstboot.result import with_network_part
from pacsberry_appliance.making.everything import show
from pacsberry_appliance.making.remarks import load as load_remarks
from pacsberry_appliance.network import applying, seats, trial
from pacsberry_appliance.network.guard import guard as guard_cable
from pacsberry_appliance.network.guard import last_found
from pacsberry_appliance.network.radios import Radio, firmware_version
from pacsberry_appliance.system import files
from pacsberry_appliance.textfile.keys import BY_FIELD
from pacsberry_appliance.words import Message, say


def use(context: Context, options: Namespace) -> int:
    """Another mode."""
    before = context.stored()
    texts = [(BY_FIELD["mode"], options.mode), *(split(text) for text in options.changes)]
    after, password = changed(before, texts)
    return put(context, before, after, options, password=password)


def confirm(context: Context, _: Namespace) -> int:
    """Keep the change."""
    context.need_root()
    trial.confirm(context.places, context.runner)
    talk("The change of the network is kept.")
    return 0


def revert(context: Context, _: Namespace) -> int:
    """Take it back; also run by the timer, when nobody confirmed."""
    stored = context.stored()
    if not trial.end(context.places, context.runner):
        talk("No change of the network is waiting.")
        return 0
    talk("The change of the network is taken back.")
    outcome = enforce(context, stored, with_network=True)
    return 0 if outcome is not None and outcome.up else 7


def settle(context: Context, _: Namespace) -> int:
    """After boot: help the network up, and say on the console and in the result file how it went."""
    settings = context.settings()
    outcome = applying.settle(context.places, settings, context.runner, context.manager)
    known = load_remarks(context.places)
    firmware = _about_the_firmware(context, outcome.plan.radio, known)
    _say(context, (*known, *outcome.remarks, *_about_the_cable(context), *firmware))
    for remark in (*outcome.remarks, *firmware):
        talk(remark.text("en"))
    return 0


def guard(context: Context, options: Namespace) -> int:
    """Open the class network on a cable, or not."""
    guard_cable(context.places, context.settings(), options.interface, context.manager)
    remarks = _about_the_cable(context)
    _say(context, (*load_remarks(context.places), *remarks))
    for remark in remarks:
        talk(remark.text("en"))
    return 0  # to have looked is what the unit is for


def _about_the_cable(context: Context) -> tuple[Message, ...]:
    found = last_found(context.places)
    if found is None or not found.foreign or context.settings().mode is not Mode.EXTERNAL_ACCESS_POINT:
        return ()
    return (say("foreign_dhcp", server=found.foreign, interface=found.interface),)


def _about_the_firmware(context: Context, radio: Radio | None, known: tuple[Message, ...]) -> tuple[Message, ...]:
    """Whether the variant that takes more tablets, where there is one, is what the radio has loaded at this boot."""
    if radio is None or say("firmware_chosen") in known:  # chosen a moment ago: that has been said
        return ()
    version = firmware_version(radio.interface)
    is_minimal = seats.runs_minimal(context.places.root, radio, seats.firmware(context.runner), version)
    return (say("firmware_not_loaded"),) if is_minimal is False else ()


def _say(context: Context, remarks: tuple[Message, ...]) -> None:
    settings, places = context.settings(), context.places
    with files.locked(places.lock):  # `settle` and `guard` end about the same time
        show(places, settings, context.runner, remarks)
        content = files.read_small(places.result_file, 1 << 20)
        text = with_network_part(content, settings, remarks) if content is not None else None
        if text is not None and text != content:
            with files.writable(places.boot, context.runner):
                files.replace(places.result_file, text, mode=None)
