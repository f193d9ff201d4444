"""The order of things at a boot, so that the plug may be pulled between any two of them:

1. read pacsberry.txt, Imager's files, the stored settings; decide
2. the accounts get their passwords             (again at the next boot if the plug goes now: nothing was stored)
3. the result file is written and synced        (with what was made up: shown before it is kept)
4. the settings are stored, with the digests of the files that were taken, as they were and as they will be
5. the secrets are taken out of the files       (again at the next boot: the digest of step 4 knows them)
6. everything below /run is made

A boot where nothing is new does step 6 alone and writes nothing to the card.
"""

import hashlib
from dataclasses import dataclass, replace
from pathlib import Path

from pacsberry_appliance.box import Settings, store
from pacsberry_appliance.box.store import Stored
from pacsberry_appliance.errors import BoxError, CannotRun, UnreadableSettings
from pacsberry_appliance.firstboot import accounts
from pacsberry_appliance.firstboot.deciding import Decision, MakingUp, decide
from pacsberry_appliance.firstboot.result import result
from pacsberry_appliance.imager import ImagerReading, read_imager
from pacsberry_appliance.making import make
from pacsberry_appliance.making.remarks import save as save_remarks
from pacsberry_appliance.network import seats
from pacsberry_appliance.network.applying import prepare
from pacsberry_appliance.system import files
from pacsberry_appliance.system.places import Places
from pacsberry_appliance.system.running import Runner
from pacsberry_appliance.textfile import Reading, read, scrubbed
from pacsberry_appliance.textfile.decoding import LARGEST_BYTES
from pacsberry_appliance.words import Message, say


@dataclass(frozen=True, slots=True)
class Started:
    """What a boot did."""

    settings: Settings
    decision: Decision | None  # None: nothing was new
    remarks: tuple[Message, ...]


def start(places: Places, runner: Runner, *, making_up: MakingUp | None = None) -> Started:
    """All six steps. Raises OSError or BoxError when the card cannot be written to."""
    remarks: list[Message] = []
    stored = _stored(places, remarks)
    source, raw = _settings_file(places)
    cloud_init_is_here = any((places.root / path).exists() for path in ("usr/bin/cloud-init", "usr/lib/cloud-init"))
    imager = read_imager(places.boot, cloud_init_is_here=cloud_init_is_here)
    digest = _digest(raw)
    is_new = not stored.settings.wifi_password or digest not in stored.seen or bool(imager.to_remove)
    reading = read(raw) if raw is not None else Reading()
    decision = None
    settings = stored.settings
    if is_new:
        decision = decide(settings, reading, imager, admin_user=places.admin_user, making_up=making_up)
        decision = _with_accounts(places, decision, runner, remarks)
        settings = decision.settings
    elif settings.admin_hash:
        _login_as_stored(places, settings.admin_hash, runner, remarks)
    _firmware(settings, runner)
    plan = prepare(places, settings, runner)
    made = make(places, settings, runner, (*remarks, *plan.remarks))
    remarks += made.remarks
    save_remarks(places, tuple(remarks))
    remarks += plan.remarks
    if decision is not None or imager.command_line is not None or _has_secrets(reading):
        with files.writable(places.boot, runner):
            _keep(places, source, raw, reading, imager, decision, settings, remarks)
    return Started(settings, decision, tuple(remarks))


def _keep(
    places: Places,
    source: Path,
    raw: bytes | None,
    reading: Reading,
    imager: ImagerReading,
    decision: Decision | None,
    settings: Settings,
    remarks: list[Message],
) -> None:
    without = scrubbed(reading, settings.language or "en")
    if decision is not None:
        text = result(
            decision,
            reading,
            remarks,
            admin_user=places.admin_user,
            is_there=raw is not None,
            shows_admin=bool(decision.admin_password),
        )
        files.replace(places.result_file, text, mode=None)
        seen = dict.fromkeys((_digest(raw), _digest(without if without is not None else raw)))
        store.save(places.settings, Stored(settings, tuple(seen)))
    if without is not None:
        files.replace(source, without, mode=None)
    for path in imager.to_remove:
        files.remove(path)
    if imager.command_line is not None:
        line = imager.command_line.encode(errors="surrogateescape")
        files.replace(places.boot / "cmdline.txt", line, mode=None)


def _stored(places: Places, remarks: list[Message]) -> Stored:
    try:
        return store.load(places.settings)
    except UnreadableSettings:
        aside = places.settings.with_name("box.json.damaged")
        places.settings.replace(aside)
        remarks.append(say("settings_damaged", file=aside.name))
        return Stored()


def _settings_file(places: Places) -> tuple[Path, bytes | None]:
    # Windows hides what follows the last dot: people make "pacsberry.txt.txt" and see "pacsberry.txt".
    for path in (places.settings_file.with_name("pacsberry.txt.txt"), places.settings_file):
        raw = files.read_small(path, LARGEST_BYTES + 1)
        if raw is not None and (path == places.settings_file or not read(raw).is_empty):
            return path, raw
    return places.settings_file, None


def _has_secrets(reading: Reading) -> bool:
    return bool(reading.secret_lines)


def _with_accounts(places: Places, decision: Decision, runner: Runner, remarks: list[Message]) -> Decision:
    settings = decision.settings
    try:
        if decision.admin_password:
            accounts.set_web(places, decision.admin_password, runner)
            if not (decision.admin_is_made_up and settings.admin_hash):  # Imager's password is for the login
                hashed = accounts.set_login(places, decision.admin_password, runner)
                return replace(decision, settings=replace(settings, admin_hash=hashed))
        if settings.admin_hash:
            accounts.set_login_hash(places, settings.admin_hash, runner)
    except CannotRun as error:
        remarks.append(say("account_failed", reason=error))
    return decision


def _login_as_stored(places: Places, hashed: str, runner: Runner, remarks: list[Message]) -> None:
    try:
        accounts.set_login_hash(places, hashed, runner)
    except BoxError as error:
        remarks.append(say("account_failed", reason=error))


def _firmware(settings: Settings, runner: Runner) -> None:
    if settings.mode is settings.mode.ACCESS_POINT:
        seats.choose_minimal(runner, seats.firmware(runner))


def _digest(raw: bytes | None) -> str:
    return hashlib.sha256(raw).hexdigest() if raw is not None else "none"
