"""Settings of the data model: what is kept of an instance, how it is indexed, what the log may say about it."""

from pacsberry.config.kinds import Choice, File, Flag, ListOf, Text, Whole
from pacsberry.config.structures import ExtraTags, NumberedNames, TagDictionary
from pacsberry.config.table.row import Setting, Theme

STORAGE = Theme(
    "Data model and storage",
    (
        Setting("UserMetadata", NumberedNames(), {}, "Metadata of your own: name to number, 1024 to 65535."),
        Setting(
            "UserContentType",
            NumberedNames(with_mime=True),
            {},
            "Attachments of your own: name to number, 1024 to 65535, or to [number, MIME type].",
        ),
        Setting(
            "StableAge",
            Whole(1, 86400 * 7, "seconds", too_small_means=60),
            60,
            "Quiet time after which a patient, study or series counts as complete.",
        ),
        # Orthanc's default is true. MD5 costs as much as everything else of receiving a CT slice (0.6 to 1 ms); a
        # CRC-32, a tenth of that, is always kept, and an MD5 that is asked for is computed from the file.
        Setting(
            "StoreMD5ForAttachments", Flag(), False, "Compute the MD5 of every file while it arrives, and keep it."
        ),
        Setting("LogExportedResources", Flag(), False, "Remember in /exports what was sent where."),
        Setting(
            "StoreDicom",
            Flag(),
            True,
            "Keep the files, not only the index.",
            "has no meaning here: the files are the archive and are always kept",
        ),
        Setting(
            "OverwriteInstances",
            Choice(("Never", "Always", "IfChanged"), {True: "Always", False: "Never"}),
            "Never",
            "What happens when an instance arrives again; true is Always, false is Never.",
        ),
        Setting(
            "LoadPrivateDictionary",
            Flag(),
            True,
            "Know the private tags of common manufacturers.",
            "has no meaning here: the private tags are known and cost nothing until they are used",
        ),
        Setting(
            "Dictionary",
            TagDictionary(),
            {},
            'Tags of your own: "gggg,eeee" to [VR, name, minimum, maximum, private creator].',
        ),
        Setting(
            "ExternalDictionaries",
            ListOf(File()),
            [],
            "Dictionary files in DCMTK's format.",
            "comes with a later release: put the tags into Dictionary",
        ),
        Setting("DefaultPrivateCreator", Text(longest=64), "", "Private creator for private tags that name none."),
        Setting(
            "ExtraMainDicomTags",
            ExtraTags(),
            {},
            "Tags to index besides the usual: {Patient, Study, Series, Instance} to a list of tags.",
        ),
        Setting(
            "IngestTranscoding",
            Text("a transfer syntax UID", r"[0-9]+(\.[0-9]+)*", longest=64),
            "",
            "Transfer syntax to convert to on arrival; empty: none.",
        ),
        Setting("IngestTranscodingOfUncompressed", Flag(), True, "Convert uncompressed images, too."),
        Setting("IngestTranscodingOfCompressed", Flag(), True, "Convert compressed images, too."),
        Setting("DicomLossyTranscodingQuality", Whole(1, 100), 90, "Quality of lossy compression."),
        Setting(
            "BuiltinDecoderTranscoderOrder",
            Choice(("Before", "After", "Disabled")),
            "After",
            "Order of the built-in decoder and those of plugins.",
            "has no meaning here: there is one decoder",
        ),
        Setting("CheckRevisions", Flag(), False, "Ask for If-Match when metadata and attachments are changed."),
        Setting("SyncStorageArea", Flag(), True, "Wait for the disk before an instance counts as stored."),
        Setting(
            "DeidentifyLogs",
            Flag(),
            True,
            "Leave names and numbers of patients out of the log.",
            "has no meaning here: the log never holds the values of a query",
        ),
        Setting(
            "DeidentifyLogsDicomVersion",
            Choice(("2008", "2017c", "2021b", "2023b")),
            "2023b",
            "Edition of PS3.15 that says which values are left out.",
            "has no meaning here: the log never holds the values of a query",
        ),
    ),
)
