"""What the settings become: stored ones, over them Imager's, over them pacsberry.txt; the rest is made up. Pure."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from pacsberry_appliance.box import Settings, secrets
from pacsberry_appliance.imager import ImagerReading
from pacsberry_appliance.textfile import Reading
from pacsberry_appliance.textfile.keys import BY_FIELD
from pacsberry_appliance.words import Message, say


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """The new settings, and what is to be said about how they came about."""

    settings: Settings
    admin_password: str = ""  # plain, to be set now; empty: stays
    admin_is_made_up: bool = False
    wifi_is_made_up: bool = False
    wifi_is_given: bool = False  # in the files that were just read
    imager: tuple[Message, ...] = ()
    imager_reasons: tuple[tuple[str, Message], ...] = ()


@dataclass(frozen=True, slots=True)
class MakingUp:
    """Where names and passwords come from that nobody gave; a test hands in its own."""

    wifi_name: Callable[[], str] = secrets.wifi_name
    wifi_password: Callable[[], str] = secrets.wifi_password
    admin_password: Callable[[], str] = secrets.admin_password


def decide(
    stored: Settings,
    reading: Reading,
    imager: ImagerReading,
    *,
    admin_user: str,
    was_told: bool = True,
    making_up: MakingUp | None = None,
) -> Decision:
    """What the box is to be from now on. `was_told`: what was made up before has been in a result file."""
    making_up = making_up or MakingUp()
    told = {name: taken.value for name, taken in reading.taken.items()}
    values: dict[str, Any] = {**imager.taken, **told}
    password = str(values.pop("admin_password", ""))
    settings = replace(stored, **values)
    language = settings.language or "en"

    if not settings.wifi_name:
        settings = replace(settings, wifi_name=making_up.wifi_name())
    wifi_is_made_up = not settings.wifi_password or not (was_told or "wifi_password" in values)
    if not settings.wifi_password:
        settings = replace(settings, wifi_password=making_up.wifi_password())
    # Without a password nobody could administer the box: one is made up once. Imager's is known as a hash only,
    # enough for the login of the system, not for the pages.
    admin_is_made_up = not stored.admin_hash and not password
    if admin_is_made_up:
        password = making_up.admin_password()
    return Decision(
        settings=settings,
        admin_password=password,
        admin_is_made_up=admin_is_made_up,
        wifi_is_made_up=wifi_is_made_up,
        wifi_is_given="wifi_password" in values,
        imager=tuple(_about_imager(imager, told, settings, admin_user, language)),
        imager_reasons=tuple((_name(field, language), reason) for field, reason in imager.wrong.items()),
    )


def _about_imager(
    imager: ImagerReading, told: dict[str, Any], settings: Settings, admin_user: str, language: str
) -> list[Message]:
    remarks = []
    for field in imager.taken:
        if field in ("join_name", "join_password"):
            continue
        remarks.append(say("imager_overruled" if field in told else "imager_taken", what=_name(field, language)))
    if "join_name" in imager.taken and "join_name" not in told:
        key = "imager_taken" if settings.mode is settings.mode.CLIENT else "imager_wifi"
        remarks.append(say(key, name=imager.taken["join_name"], what=_name("join_name", language)))
    if imager.user and imager.user != admin_user:
        remarks.append(say("imager_user", user=imager.user, admin=admin_user))
    if "admin_hash" in imager.taken and "admin_password" not in told:
        remarks.append(say("admin_from_imager"))
    return remarks + imager.remarks


def _name(field: str, language: str) -> str:
    key = BY_FIELD.get("admin_password" if field == "admin_hash" else field)
    return key.name(language) if key is not None else field
