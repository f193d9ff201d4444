"""The order of things at a boot, so that the plug may be pulled between any two of them:

1. read pacsberry.txt, Imager's files, the stored settings; decide
2. the accounts get their passwords             (again at the next boot if the plug goes now: nothing was stored)
3. everything below /run is made                (forgotten with the power)
4. the result file is written and synced        (what was made up is shown before it is kept)
5. the settings are stored, with the digest of each file that was taken, as it was and as it will be
6. the secrets are taken out of the files       (again at the next boot: the digests of step 5 know them)

A boot where nothing is new does step 3 alone and writes nothing to the card.
"""

import hashlib
from dataclasses import dataclass, replace
from pathlib import Path

from pacsberry_appliance.box import Mode, Settings, store
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
from pacsberry_appliance.network.radio_rules import wait_for_radio
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


@dataclass(frozen=True, slots=True)
class _Sources:
    stored: Stored
    path: Path
    raw: bytes | None
    reading: Reading
    imager: ImagerReading

    @property
    def are_new(self) -> bool:
        is_new_box = not self.stored.settings.wifi_password
        return is_new_box or not {_digest(self.raw), *map(_digest, self.imager.contents)} <= set(self.stored.seen)

    @property
    def need_tidying(self) -> bool:
        return bool(self.reading.secret_lines or self.imager.to_remove) or self.imager.command_line is not None

    def digests(self, language: str) -> tuple[str, ...]:
        without = scrubbed(self.reading, language)
        contents = (self.raw, self.raw if without is None else without, *self.imager.contents)
        return tuple(dict.fromkeys(map(_digest, contents)))


def start(places: Places, runner: Runner, *, making_up: MakingUp | None = None) -> Started:
    """All six steps. Raises OSError or BoxError when the card cannot be written to."""
    places.boot.mkdir(parents=True, exist_ok=True)
    remarks: list[Message] = []
    sources = _sources(places, remarks)
    settings, decision, is_complete = sources.stored.settings, None, True
    if sources.are_new:
        decision = decide(settings, sources.reading, sources.imager, admin_user=places.admin_user, making_up=making_up)
        try:
            settings = _with_accounts(places, decision, runner)
        except CannotRun as error:
            remarks.append(say("account_failed", reason=error))
            settings = replace(decision.settings, admin_hash=settings.admin_hash)
            is_complete = False  # all of it is tried again at the next boot
        decision = replace(decision, settings=settings)
    elif settings.admin_hash:
        _login_as_stored(places, settings.admin_hash, runner, remarks)
    if settings.mode is Mode.ACCESS_POINT:
        # A sealed system would forget it before the radio asks: there the roles have chosen when it was built.
        if not places.is_sealed and seats.choose_minimal(runner, seats.firmware(runner)):
            remarks.append(say("firmware_chosen"))
        if settings.country:
            wait_for_radio(places.root)
    plan = prepare(places, settings, runner).plan
    remarks += make(places, settings, runner, (*remarks, *plan.remarks)).remarks
    save_remarks(places, tuple(remarks))
    remarks += plan.remarks
    if decision is not None or sources.need_tidying:
        with files.writable(places.boot, runner):
            if decision is not None:
                files.replace(places.result_file, _result(places, sources, decision, remarks), mode=None)
                seen = sources.digests(settings.language) if is_complete else ()
                store.save(places.settings, Stored(settings, seen))
            if is_complete:
                _tidy(places, sources, settings.language)
    return Started(settings, decision, tuple(remarks))


def _sources(places: Places, remarks: list[Message]) -> _Sources:
    stored = _stored(places, remarks)
    path, raw = _settings_file(places)
    cloud_init_is_here = any((places.root / there).exists() for there in ("usr/bin/cloud-init", "usr/lib/cloud-init"))
    return _Sources(
        stored=stored,
        path=path,
        raw=raw,
        reading=read(raw) if raw is not None else Reading(),
        imager=read_imager(places.boot, cloud_init_is_here=cloud_init_is_here),
    )


def _tidy(places: Places, sources: _Sources, language: str) -> None:
    without = scrubbed(sources.reading, language)
    if without is not None:
        files.replace(sources.path, without, mode=None)
    for path in sources.imager.to_remove:
        files.remove(path)
    if sources.imager.command_line is not None:
        line = sources.imager.command_line.encode(errors="surrogateescape")
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


def _result(places: Places, sources: _Sources, decision: Decision, remarks: list[Message]) -> bytes:
    return result(
        decision,
        sources.reading,
        remarks,
        admin_user=places.admin_user,
        is_there=sources.raw is not None,
        shows_admin=bool(decision.admin_password),
    )


def _with_accounts(places: Places, decision: Decision, runner: Runner) -> Settings:
    settings = decision.settings
    if decision.admin_password:
        accounts.set_web(places, decision.admin_password, runner)
        if not (decision.admin_is_made_up and settings.admin_hash):  # Imager's password is for the login
            return replace(settings, admin_hash=accounts.set_login(places, decision.admin_password, runner))
    if settings.admin_hash:
        accounts.set_login_hash(places, settings.admin_hash, runner)
    return settings


def _login_as_stored(places: Places, hashed: str, runner: Runner, remarks: list[Message]) -> None:
    try:
        accounts.set_login_hash(places, hashed, runner)
    except BoxError as error:
        remarks.append(say("account_failed", reason=error))


def _digest(raw: bytes | None) -> str:
    return hashlib.sha256(raw).hexdigest() if raw is not None else "none"
