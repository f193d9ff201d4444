"""The few values the archive is built with; app takes them from the configuration."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import BinaryIO

from pacsberry.archive.outside_tags import StorageAccess
from pacsberry.archive.queries import NO_LIMITS, FindLimits
from pacsberry.dicom.main_tags import ORTHANC_MAIN_TAGS, MainTags
from pacsberry.dicom.names import STANDARD, TagDictionary
from pacsberry.model import Header, OverwritePolicy


@dataclass(frozen=True, slots=True)
class Reading:
    """How the archive looks into the opened content of a kept file; both raise UnreadableDicom."""

    header: Callable[[BinaryIO], Header]  # recovery, of a file without an index entry
    tags: Callable[[BinaryIO, frozenset[int]], Mapping[int, str]]  # the values of some tags, those it has


@dataclass(frozen=True, slots=True)
class ArchiveSettings:
    """How the archive keeps and answers; see server/CONFIGURATION.md for the options behind the values."""

    reading: Reading
    sync_files: bool = True  # SyncStorageArea
    store_md5: bool = False  # StoreMD5ForAttachments
    compression: bool = False  # StorageCompression
    overwrite: OverwritePolicy = OverwritePolicy.NEVER  # OverwriteInstances
    stable_age_seconds: float = 60.0  # StableAge
    batch_seconds: float = 2.0  # an instance waits at most so long for its index entry, unless somebody looks
    batch_instances: int = 1024
    reserve_bytes: int = 32 * 2**20  # below this much free space nothing is taken in, so that the index can still write
    main_tags: MainTags = ORTHANC_MAIN_TAGS  # ExtraMainDicomTags
    dictionary: TagDictionary = STANDARD  # Dictionary
    storage_access: StorageAccess = StorageAccess.ANSWERS  # StorageAccessOnFind
    find_limits: FindLimits = NO_LIMITS  # LimitFindResults, LimitFindInstances
    user_metadata: Mapping[str, int] = field(default_factory=dict)  # UserMetadata
    user_content_types: Mapping[str, tuple[int, str]] = field(default_factory=dict)  # UserContentType
    check_revisions: bool = False  # CheckRevisions
    log_exports: bool = False  # LogExportedResources
