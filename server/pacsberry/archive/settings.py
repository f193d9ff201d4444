"""The few values the archive is built with; app takes them from the configuration."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from pacsberry.model import Header, OverwritePolicy


@dataclass(frozen=True, slots=True)
class ArchiveSettings:
    """How the archive keeps; see server/CONFIGURATION.md for the options behind the values."""

    read_header: Callable[[Path], Header]  # how recovery reads a file it finds without an index entry
    sync_files: bool = True  # SyncStorageArea
    store_md5: bool = False  # StoreMD5ForAttachments
    overwrite: OverwritePolicy = OverwritePolicy.NEVER  # OverwriteInstances
    stable_age_seconds: float = 60.0  # StableAge
    batch_seconds: float = 2.0  # an instance waits at most so long for its index entry, unless somebody looks
    batch_instances: int = 256
    reserve_bytes: int = 32 * 2**20  # below this much free space nothing is taken in, so that the index can still write
