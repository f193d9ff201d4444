"""What GET /system tells of the configuration (orthanc-rest S12), by Orthanc's names."""

import hashlib
import uuid

from pacsberry.config import Settings
from pacsberry.dicom.main_tags import MainTags
from pacsberry.http import SystemFacts
from pacsberry.model import Level

_PLAIN = (
    "CheckRevisions",
    "DicomAet",
    "DicomDefaultRetrieveMethod",
    "DicomPort",
    "IngestTranscoding",
    "MaximumPatientCount",
    "MaximumStorageMode",
    "MaximumStorageSize",
    "Name",
    "StorageCompression",
    "StoreMD5ForAttachments",
)
# Settings whose default is not Orthanc's, because of the board: shown so that nobody has to guess.
_PERFORMANCE = (
    "ConcurrentJobs",
    "DicomParserCacheSize",
    "DicomThreadsCount",
    "HttpThreadsCount",
    "MaximumFileSizeInArchiveMB",
    "MaximumRequestBodySizeMB",
    "MaximumStorageCacheSize",
    "StorageAccessOnFind",
    "TranscoderCacheSize",
)


def system_facts(settings: Settings, tags: MainTags) -> SystemFacts:
    """The part of /system that comes from the configuration."""
    policy = settings.text("OverwriteInstances")
    return SystemFacts(
        {
            **{name: settings[name] for name in _PLAIN},
            "DatabaseServerIdentifier": settings["DatabaseServerIdentifier"] or _identifier(settings),
            "MainDicomTags": {level.title: tags.signature(level) for level in Level},
            "OverwriteInstances": policy != "Never",
            "OverwriteInstancesMode": policy,
            "Performance": {name: settings[name] for name in _PERFORMANCE},
            "UserMetadata": dict(settings["UserMetadata"]),
        }
    )


def _identifier(settings: Settings) -> str:
    """As Orthanc makes it when none is set: a digest of what tells one server from another."""
    facts = (f"{uuid.getnode():012x}", settings.text("DicomAet"), settings["DicomPort"], settings["HttpPort"])
    return hashlib.sha1("|".join(map(str, facts)).encode(), usedforsecurity=False).hexdigest()
