"""The order of things at a boot, so that the plug may be pulled between any two of them:

1. read pacsberry.txt, Imager's files, the stored settings; decide
2. the accounts get their passwords             (again at the next boot if the plug goes now: nothing was stored)
3. everything below /run is made                (forgotten with the power)
4. the result file is written and synced        (what was made up is shown before it is kept; where it cannot be
                                                 written, the password of the administrator is not kept, only shown)
5. the settings are stored, with the digest of each file that was taken, as it was and as it will be
6. the secrets are taken out of the files       (again at the next boot: the digests of step 5 know them)

A boot where nothing is new does step 3 alone and writes nothing to the card. A boot partition that is missing, full or
damaged keeps nobody from opening the Wi-Fi: the console says what is wrong with it.
"""

import contextlib
import errno
from dataclasses import dataclass, replace

from pacsberry_appliance.box import Mode, Settings, store
from pacsberry_appliance.box.store import Stored
from pacsberry_appliance.errors import BoxError, CannotRun, UnreadableSettings
from pacsberry_appliance.firstboot import accounts
from pacsberry_appliance.firstboot.deciding import Decision, MakingUp, decide
from pacsberry_appliance.firstboot.result import result
from pacsberry_appliance.imager import ImagerReading, read_imager
from pacsberry_appliance.making import make, show
from pacsberry_appliance.making.remarks import save as save_remarks
from pacsberry_appliance.network import seats
from pacsberry_appliance.network.applying import prepare
from pacsberry_appliance.network.radio_rules import wait_for_radio
from pacsberry_appliance.system import files
from pacsberry_appliance.system.places import Places
from pacsberry_appliance.system.running import Runner
from pacsberry_appliance.textfile import Found, digest, find, scrubbed
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
    found: Found
    imager: ImagerReading

    @property
    def are_new(self) -> bool:
        is_new_box = not self.stored.settings.wifi_password
        return is_new_box or not {*self.found.digests, *map(digest, self.imager.contents)} <= set(self.stored.seen)

    @property
    def need_tidying(self) -> bool:
        return bool(self.found.reading.secret_lines or self.imager.to_remove) or self.imager.command_line is not None

    def digests(self, language: str) -> tuple[str, ...]:
        without = scrubbed(self.found.reading, language)
        contents = self.imager.contents if without is None else [without, *self.imager.contents]
        return tuple(dict.fromkeys((*self.found.digests, *map(digest, contents))))


def start(places: Places, runner: Runner, *, making_up: MakingUp | None = None) -> Started:
    """All six steps. Raises OSError or BoxError when the card cannot be written to."""
    with contextlib.suppress(OSError):  # nothing is mounted there, and the system is sealed
        places.boot.mkdir(parents=True, exist_ok=True)
    remarks: list[Message] = []
    sources = _sources(places, remarks)
    settings, decision, is_complete = sources.stored.settings, None, True
    if places.is_sealed and not places.data.is_mount():
        remarks.append(say("data_missing"))
        is_complete = False  # what is kept now is gone with the power: the files have to stay as they are
    if sources.are_new:
        decision = decide(
            settings,
            sources.found.reading,
            sources.imager,
            admin_user=places.admin_user,
            was_told=bool(sources.stored.seen),
            making_up=making_up,
        )
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
    password = decision.admin_password if decision is not None and decision.admin_is_made_up else ""
    remarks += make(places, settings, runner, (*remarks, *plan.remarks), password=password).remarks
    save_remarks(places, tuple(remarks))
    remarks += plan.remarks
    before = len(remarks)
    if decision is not None:
        is_told = _tell(places, sources, decision, remarks, runner)
        is_complete = is_complete and is_told
        kept = settings if is_told or not password else replace(settings, admin_hash="")
        store.save(places.settings, Stored(kept, sources.digests(settings.language) if is_complete else ()))
    if is_complete and sources.need_tidying:
        _tidy(places, sources, settings.language, remarks, runner)
    if len(remarks) > before:
        save_remarks(places, tuple(remarks))
        show(places, settings, runner, tuple(remarks))
    return Started(settings, decision, tuple(remarks))


def _sources(places: Places, remarks: list[Message]) -> _Sources:
    stored = _stored(places, remarks)
    found = find(places.boot, stored.seen)
    remarks += found.remarks
    cloud_init_is_here = not (places.root / "etc/cloud/cloud-init.disabled").exists() and any(
        (places.root / there).exists() for there in ("usr/bin/cloud-init", "usr/lib/cloud-init")
    )
    imager = read_imager(places.boot, cloud_init_is_here=cloud_init_is_here)
    return _Sources(stored=stored, found=found, imager=imager)


def _tell(places: Places, sources: _Sources, decision: Decision, remarks: list[Message], runner: Runner) -> bool:
    try:
        if places.is_sealed and not places.boot.is_mount():  # written to memory, it would be read by nobody
            raise OSError(errno.ENODEV, "the boot partition is not there")
        with files.writable(places.boot, runner):
            files.replace(places.result_file, _result(places, sources, decision, remarks), mode=None)
    except (BoxError, OSError) as error:
        remarks.append(say("result_unwritable", file=places.result_file.name, reason=_reason(error)))
        return False
    return True


def _tidy(places: Places, sources: _Sources, language: str, remarks: list[Message], runner: Runner) -> None:
    without = scrubbed(sources.found.reading, language)
    try:
        with files.writable(places.boot, runner):
            if without is not None:
                files.replace(sources.found.path, without, mode=None)
            for path in sources.imager.to_remove:
                files.remove(path)
            if sources.imager.command_line is not None:
                line = sources.imager.command_line.encode(errors="surrogateescape")
                files.replace(places.boot / "cmdline.txt", line, mode=None)
    except (BoxError, OSError) as error:
        remarks.append(say("secrets_stay", reason=_reason(error)))


def _reason(error: Exception) -> str:
    return error.strerror or str(error) if isinstance(error, OSError) else str(error)


def _stored(places: Places, remarks: list[Message]) -> Stored:
    try:
        return store.load(places.settings)
    except UnreadableSettings:
        aside = places.settings.with_name("box.json.damaged")
        places.settings.replace(aside)
        remarks.append(say("settings_damaged", file=aside.name))
        return Stored()


def _result(places: Places, sources: _Sources, decision: Decision, remarks: list[Message]) -> bytes:
    return result(
        decision,
        sources.found.reading,
        remarks,
        admin_user=places.admin_user,
        is_there=sources.found.raw is not None,
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
