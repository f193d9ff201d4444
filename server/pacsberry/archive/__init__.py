"""The archive: DICOM files, and the SQLite index that can be rebuilt from them.

Six promises are kept here.  Success means durable (filestore.keep, keeping).  The files are the archive; facts that
live only in the index are synced (index.write).  Any write may be the last before the power goes (recovery).  Nothing
is refused silently (errors say why).  The box is not exhausted (reserve_bytes, bounded batches and caches).  Reads
never wait for the disk of a delete (remover).
"""

from pacsberry.archive.archive import Archive
from pacsberry.archive.filestore import FileStore
from pacsberry.archive.outside_tags import StorageAccess
from pacsberry.archive.queries import FindLimits, FindQuery
from pacsberry.archive.recovery import Recovery
from pacsberry.archive.search import Search
from pacsberry.archive.settings import ArchiveSettings, Reading
from pacsberry.archive.spool import Spool

__all__ = [
    "Archive",
    "ArchiveSettings",
    "FileStore",
    "FindLimits",
    "FindQuery",
    "Reading",
    "Recovery",
    "Search",
    "Spool",
    "StorageAccess",
]
