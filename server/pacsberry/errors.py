"""What can go wrong, named for the user's world.

Each error carries a sentence for people: what happened, to what, what to do.  The doors translate them
once: http/errors.py to HTTP statuses, dimse/statuses.py to DIMSE statuses, cli to exit codes.
"""


class PacsberryError(Exception):
    """Base of every error a user may be told about; its text is the message shown."""


class ConfigError(PacsberryError):
    """The configuration cannot be used; names the key, the value and what is expected."""


class UnreadableDicom(PacsberryError):
    """Bytes that claim to be DICOM and are not, or break a limit of the reader."""


class DamagedFile(PacsberryError):
    """A kept file is not what was stored: changed or cut short on the card."""


class BadRequest(PacsberryError):
    """A request that cannot be understood: bad JSON, bad argument, bad level."""


class TooLarge(PacsberryError):
    """A body, a member of an archive or a data set is over its limit."""


class NoRoom(PacsberryError):
    """The storage is full; nothing of what was sent has been kept."""


class UnknownResource(PacsberryError):
    """No patient, study, series, instance, attachment, metadata or label of that name."""


class NotAllowed(PacsberryError):
    """The caller may not do this (read-only mode, system metadata, disabled feature)."""


class Conflict(PacsberryError):
    """A write against an outdated revision."""


class NotUnderstood(PacsberryError):
    """The bytes are fine but of a kind this operation cannot serve (HTTP 415)."""


class UnknownPeer(PacsberryError):
    """No modality or peer of that name is configured."""


class PeerFailed(PacsberryError):
    """A modality or peer refused, broke off or did not answer."""


class IndexTooNew(PacsberryError):
    """The index was written by a later version of Pacsberry."""


class IndexTooOld(PacsberryError):
    """The index was written by an earlier version; a start of the server upgrades it."""


class NoArchive(PacsberryError):
    """There is no archive in that folder."""


class IndexDamaged(PacsberryError):
    """The index cannot be read; the files are not touched by that."""


class StorageBusy(PacsberryError):
    """Another process holds the storage folder, or the index does not answer in time."""


class BadBackup(PacsberryError):
    """What should be a backup is none, is damaged, or was made by a later version."""


class TargetFailed(PacsberryError):
    """The disk that a backup goes to cannot be written: removed, read-only, full, failing."""


def in_words(error: BaseException) -> str:
    """What an error says to people; one of the system without its number: "/media/stick: Permission denied."."""
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename}: {error.strerror}." if error.filename is not None else f"{error.strerror}."
    return str(error)
