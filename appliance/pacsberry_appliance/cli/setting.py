"""`settings`, `set`, `portal`, `settings-file`: the same names and rules as in pacsberry.txt."""

import getpass
import json
import sys
from argparse import Namespace
from dataclasses import asdict, replace
from typing import Any

from pacsberry_appliance.box import Settings, store
from pacsberry_appliance.cli.changing import NETWORK_FIELDS, make_so, on_trial
from pacsberry_appliance.cli.context import Context
from pacsberry_appliance.cli.talk import data, talk
from pacsberry_appliance.errors import BoxError
from pacsberry_appliance.firstboot import accounts
from pacsberry_appliance.textfile import template
from pacsberry_appliance.textfile.keys import BY_FIELD, BY_NAME, Key
from pacsberry_appliance.textfile.values import Wrong, folded

_SECRETS = {"wifi_password", "join_password", "admin_hash"}


class WrongChange(BoxError):
    """A name or value that cannot be."""


def show(context: Context, options: Namespace) -> int:
    """The settings, without passwords."""
    values: dict[str, Any] = asdict(context.settings())
    for name in _SECRETS:
        values[name] = "(set)" if values[name] else ""
    if options.json:
        data(json.dumps(values, indent=2, ensure_ascii=False))
        return 0
    for name, value in values.items():
        key = BY_FIELD.get("admin_password" if name == "admin_hash" else name)
        text = ", ".join(value) if isinstance(value, tuple) else str(value)
        if isinstance(value, bool):
            text = "yes" if value else "no"
        elif value == 0:
            text = "auto"
        data(f"{key.names[0] if key else name:24} {text}")
    return 0


def change(context: Context, options: Namespace) -> int:
    """Change some; of the network on trial."""
    before = context.stored()
    texts = [split(text) for text in options.changes]
    if options.secret:
        texts.append((_key(options.secret), _ask(options.secret)))
    if not texts:
        raise WrongChange("Nothing to change: write for example  pacsberry-box set name=radiology")
    after, password = changed(before, texts)
    return put(context, before, after, options, password=password)


def portal(context: Context, options: Namespace) -> int:
    """Another mode of the portal; no trial is needed for it."""
    before = context.stored()
    after, _ = changed(before, [(BY_FIELD["portal"], options.mode)])
    make_so(context, before, after)
    return 0


def print_template(_: Context, __: Namespace) -> int:
    """The settings file of a new card, byte for byte."""
    sys.stdout.buffer.write(template())
    return 0


def put(context: Context, before: Settings, after: Settings, options: Namespace, *, password: str = "") -> int:
    """Make a change so: at once, or for a while when it could lock somebody out."""
    fields = [name for name, value in asdict(after).items() if value != asdict(before)[name]]
    if options.dry_run:
        names = [BY_FIELD[name].names[0] for name in fields if name in BY_FIELD] + (
            ["admin password"] if password else []
        )
        data("\n".join(names) or "Nothing would change.")
        return 0
    if password:
        accounts.set_web(context.places, password, context.runner)
        after = replace(after, admin_hash=accounts.set_login(context.places, password, context.runner))
        # The password holds whatever becomes of a network on trial.
        before = replace(before, admin_hash=after.admin_hash)
        store.save(context.places.settings, replace(store.load(context.places.settings), settings=before))
        context.runner.ask("systemctl", "try-restart", "pacsberry-server.service", seconds=90)
        talk("The password is changed.")
    if not fields:
        return 0
    if NETWORK_FIELDS.isdisjoint(fields) or options.now:
        make_so(context, before, after)
        return 0
    return on_trial(context, after, options.seconds)


def changed(settings: Settings, texts: list[tuple[Key, str]]) -> tuple[Settings, str]:
    """The settings with changes, and the administrator's new password if one of them was that. Raises WrongChange."""
    password = ""
    defaults = Settings()
    for key, text in texts:
        try:
            value = key.rule(text) if text else None
        except Wrong as wrong:
            raise WrongChange(f"{key.names[0]}: {wrong}") from None
        if key.field == "admin_password":
            if value is None:
                raise WrongChange("A password of the administrator cannot be taken away, only changed.")
            password = str(value)
        elif key.field == "wifi_password" and value is None:
            raise WrongChange("A Wi-Fi without a password is not offered: whoever is near would be in the class.")
        elif key.field == "ssh_keys":
            settings = replace(
                settings, ssh_keys=() if value is None else tuple(dict.fromkeys((*settings.ssh_keys, str(value))))
            )
        else:
            new: dict[str, Any] = {key.field: getattr(defaults, key.field) if value is None else value}
            settings = replace(settings, **new)
    return settings, password


def split(text: str) -> tuple[Key, str]:
    """A change as typed: the key and the text of its value. Raises WrongChange."""
    name, sign, value = text.partition("=")
    if not sign:
        raise WrongChange(f"“{text}” is no change: write  NAME=VALUE")
    return _key(name), value.strip()


def _key(name: str) -> Key:
    key = BY_NAME.get(folded(name))
    if key is None:
        raise WrongChange(f"“{name}” is no setting. `pacsberry-box settings` lists them.")
    return key


def _ask(name: str) -> str:
    if sys.stdin.isatty():
        return getpass.getpass(f"{name}: ")
    return sys.stdin.readline().rstrip("\r\n")
