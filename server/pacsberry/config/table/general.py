"""Settings of the server as a whole: names, folders, limits of the storage, scripts, jobs."""

from pacsberry.config.kinds import Anything, Choice, File, Flag, ListOf, Text, Whole
from pacsberry.config.table.row import HOUSEKEEPING, JOBS, LUA, OWN_MEMORY, Setting, Theme

_WARNINGS = {
    "W001_TagsBeingReadFromStorage": "Warn when a search has to open files.",
    "W002_InconsistentDicomTagsInDb": "Warn when resources were indexed with other extra tags.",
    "W003_DecoderFailure": "Warn when an image cannot be decoded.",
    "W004_NoMainDicomTagsSignature": "Warn about resources without a signature of their indexed tags.",
    "W005_RequestingTagFromLowerResourceLevel": "Warn when a tag of a lower level is asked for.",
    "W006_RequestingTagFromMetaHeader": "Warn when a tag of the file meta information is asked for.",
    "W007_MissingRequestedTagsNotReadFromDisk": "Warn when a tag is left out because files are not opened.",
}

GENERAL = Theme(
    "General",
    (
        Setting("Name", Text(longest=256), "Pacsberry", "Name of this server on its pages and in /system."),
        Setting(
            "StorageDirectory",
            File(),
            "OrthancStorage",
            "Folder of the DICOM files.",
            container="/var/lib/orthanc/db",
        ),
        Setting(
            "IndexDirectory",
            File(),
            None,
            "Folder of the index; it may be on another disk.",
            same_as="StorageDirectory",
        ),
        Setting(
            "TemporaryDirectory",
            File(empty=True),
            "",
            "Folder for scratch files; empty: the system's. Keep it off an SD card.",
        ),
        Setting(
            "StorageCompression",
            Flag(),
            False,
            "Pack files while they are received, where that pays: CT and MR take less than half of the card, see "
            "[Compression](ARCHIVE.md#compression). Clients see no difference.",
        ),
        Setting("MaximumStorageSize", Whole(unit="MB"), 0, "Make room or refuse above this size; 0: no limit."),
        Setting("MaximumPatientCount", Whole(), 0, "Make room or refuse above this many patients; 0: no limit."),
        Setting(
            "MaximumStorageMode",
            Choice(("Recycle", "Reject")),
            "Recycle",
            "What happens at the two limits: the oldest patient goes, or new images are refused; with Reject nobody "
            "ever goes, for Pacsberry.KeepFreeMB neither.",
        ),
        Setting(
            "MaximumStorageCacheSize",
            Whole(unit="MB"),
            8,
            "Memory for recently used files; 0: none.",
            "has no meaning here: the operating system keeps recently used files in memory by itself",
        ),
        Setting("LuaScripts", ListOf(File()), [], "Lua files to load at start.", LUA),
        Setting("LuaHeartBeatPeriod", Whole(unit="seconds"), 0, "Time between calls of OnHeartBeat; 0: none.", LUA),
        Setting("ExecuteLuaEnabled", Flag(), False, "Allow POST /tools/execute-script.", LUA),
        Setting(
            "RestApiWriteToFileSystemEnabled",
            Flag(),
            False,
            "Allow /instances/{id}/export to write into folders of the server.",
            "comes with a later release: the REST API writes no files of its own",
        ),
        Setting(
            "Plugins",
            ListOf(File()),
            [],
            "Native plugins to load.",
            "has no meaning here: libraries made for Orthanc cannot be loaded; what Pacsberry offers is built in",
        ),
        Setting("ConcurrentJobs", Whole(0, 64), 1, "Jobs that run at the same time; 0: one per core.", JOBS),
        Setting(
            "JobsEngineThreadsCount.ResourceModification", Whole(1, 64), 1, "Threads that modify and anonymize.", JOBS
        ),
        Setting("JobsHistorySize", Whole(0, 10_000), 10, "Finished jobs that are remembered.", JOBS),
        Setting("SaveJobs", Flag(), True, "Keep jobs over a restart.", JOBS),
        Setting("LimitJobs", Whole(0, 10_000), 10, "Jobs that may wait (Orthanc before 1.1).", JOBS),
        Setting("MediaArchiveSize", Whole(0, 1000), 1, "Archives of finished jobs that are kept.", JOBS),
        Setting(
            "PatientLevelEnabled",
            Flag(),
            True,
            "Serve the routes below /patients.",
            "has no meaning here: the routes below /patients are always served",
        ),
        Setting("ReadOnly", Flag(), False, "Refuse everything that would change the archive."),
        Setting(
            "DatabaseServerIdentifier",
            Text(longest=128),
            "",
            "Identifier of this server in /system; empty: made from its addresses.",
        ),
        Setting(
            "Locale",
            Text(longest=64),
            "",
            "Locale for comparing text.",
            "has no meaning here: text is compared by the rules of Unicode, which need no locale",
        ),
        Setting(
            "Pkcs11",
            Anything(),
            None,
            "Smart card for outgoing HTTPS.",
            "has no meaning here: keys on smart cards are not supported",
        ),
        *(
            Setting(
                f"Warnings.{name}",
                Flag(),
                True,
                text,
                "cannot be switched in this release",
            )
            for name, text in _WARNINGS.items()
        ),
        Setting("Housekeeper", Anything(), None, "Section of Orthanc's housekeeper plugin.", HOUSEKEEPING),
        Setting(
            "DelayedDeletion.Enable",
            Flag(),
            True,
            "Delete files in the background.",
            "has no meaning here: deletes never wait for the disk",
        ),
        Setting(
            "DelayedDeletion.ThrottleDelayMs",
            Whole(0, 3_600_000, "milliseconds"),
            0,
            "Pause between two deleted files.",
            "has no meaning here: files are deleted in the background as fast as the disk allows",
        ),
    ),
)

_MEMORY = (
    ("StorageLoaderThreadsCount", Whole(0, 256), 1, "Threads that read files."),
    ("StorageMemoryCapacity", Whole(unit="MB"), 16, "Memory for reading files."),
    ("DicomParserThreadsCount", Whole(0, 256), 1, "Threads that parse files."),
    ("DicomParserMemoryCapacity", Whole(unit="MB"), 16, "Memory for parsing files."),
    ("DicomParserCacheSize", Whole(unit="MB"), 0, "Memory for parsed files; 0: none."),
    ("TranscoderThreadsCount", Whole(0, 256), 1, "Threads that transcode."),
    ("TranscoderMemoryCapacity", Whole(unit="MB"), 64, "Memory for transcoding."),
    ("TranscoderCacheSize", Whole(unit="MB"), 0, "Memory for transcoded files; 0: none."),
    ("SequentialDicomReaderThreadsCount", Whole(0, 256), 1, "Threads that read a series ahead."),
    ("SequentialDicomReaderWindowSize", Whole(0, 10_000), 1, "Instances of a series that are read ahead."),
    ("SequentialDicomReaderWindowCapacity", Whole(unit="MB"), 4, "Memory for reading a series ahead."),
    ("MaximumConcurrentDcmtkTranscoders", Whole(0, 256), 0, "Transcoders that run at the same time; 0: no limit."),
)

PERFORMANCE = Theme(
    "Memory and threads",
    (
        *(Setting(name, kind, default, text, OWN_MEMORY) for name, kind, default, text in _MEMORY),
        Setting(
            "MallocArenaMax",
            Whole(0, 1024),
            2,
            "Heaps of the C library (MALLOC_ARENA_MAX); few of them keep memory small. 0: as the environment says.",
        ),
    ),
)
