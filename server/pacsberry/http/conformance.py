"""The DICOM conformance statement, in the order of PS3.2 and in few words."""

from pacsberry import __version__
from pacsberry.dicom.policy import DicomPolicy
from pacsberry.dicom.uids import (
    IMPLEMENTATION_CLASS_UID,
    IMPLEMENTATION_VERSION_NAME,
    STORAGE_CLASSES,
    TRANSFER_SYNTAXES,
)

_INTRODUCTION = """\
DICOM Conformance Statement of Pacsberry {version}

Implementation class UID:     {class_uid}
Implementation version name:  {version_name}

Pacsberry is an archive for teaching. It is a provider (SCP) of verification, storage, query and retrieve. Objects are
kept as they are received, in the transfer syntax in which they are received, and are never altered; every attribute is
kept, private ones included (storage level 2, full; PS3.4 B.4.1).

Association policies
--------------------
Several associations are served at once, each with its own thread. The number of associations, the length of a PDU and
the time a peer may stay silent are options of the configuration. Asynchronous operations are not supported. Role
selection is supported for retrieval by C-GET. User identity is not evaluated; TLS is available.

Verification, query and retrieve (SCP)
--------------------------------------
{services}

C-FIND matches single values, lists, wildcards and ranges at the levels of patient, study, series and instance.
Person names are compared without regard to case unless the configuration says otherwise. Relational queries are not
negotiated. Answers use the character set of the option DefaultEncoding.
"""
_SERVICES = (
    ("Verification", "1.2.840.10008.1.1"),
    ("Patient Root Query/Retrieve - FIND", "1.2.840.10008.5.1.4.1.2.1.1"),
    ("Patient Root Query/Retrieve - MOVE", "1.2.840.10008.5.1.4.1.2.1.2"),
    ("Patient Root Query/Retrieve - GET", "1.2.840.10008.5.1.4.1.2.1.3"),
    ("Study Root Query/Retrieve - FIND", "1.2.840.10008.5.1.4.1.2.2.1"),
    ("Study Root Query/Retrieve - MOVE", "1.2.840.10008.5.1.4.1.2.2.2"),
    ("Study Root Query/Retrieve - GET", "1.2.840.10008.5.1.4.1.2.2.3"),
)


def conformance_statement(policy: DicomPolicy) -> str:
    """The statement of this server as it is set at this moment."""
    introduction = _INTRODUCTION.format(
        version=__version__,
        class_uid=IMPLEMENTATION_CLASS_UID,
        version_name=IMPLEMENTATION_VERSION_NAME,
        services="\n".join(f"{uid:<36}{name}" for name, uid in _SERVICES),
    )
    classes = _table("Storage (SCP)", policy.accepted_sop_classes, STORAGE_CLASSES)
    if policy.unknown_sop_class_accepted:
        classes += "Any other SOP class a peer proposes is taken for a storage class.\n"
    syntaxes = _table("Transfer syntaxes of stored objects", policy.accepted_transfer_syntaxes, TRANSFER_SYNTAXES)
    return "\n".join((introduction, classes, syntaxes))


def _table(title: str, uids: tuple[str, ...], names: dict[str, str]) -> str:
    rows = "\n".join(f"{uid:<36}{names.get(uid, '')}".rstrip() for uid in uids) or "none"
    return f"{title}\n{'-' * len(title)}\n{rows}\n"
