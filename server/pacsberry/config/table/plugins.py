"""Sections of Orthanc's plugins: those whose work Pacsberry does by itself, and those it has no use for."""

from pacsberry.config.kinds import Anything, Choice, File, Flag, ListOf, Text, Whole
from pacsberry.config.structures import TAG_NAME, Folders, HttpServers
from pacsberry.config.table.row import (
    DICOMWEB,
    EXTRAPOLATED,
    LOGGED,
    OTHER_PLUGIN,
    PREPARED,
    STREAMED_FILES,
    WORKLISTS,
    Setting,
    Theme,
    alias,
)

_URI = Text("a URI path such as /dicom-web/", r"/?[A-Za-z0-9_.~/-]*", empty=False, longest=256)
_METADATA = Choice(("Full", "MainDicomTags", "Extrapolate"))
_METADATA_HELP = "Full: all attributes; MainDicomTags: those of the index, no file is opened. Of"
_TAGS_HELP = "Tags that are extrapolated in"
_TAGS = ListOf(Text("a tag as keyword or gggg,eeee", TAG_NAME, empty=False), most=1000)

_WADO = Setting("DicomWeb.EnableWado", Flag(), True, "Serve WADO-URI.")
_WADO_ROOT = Setting("DicomWeb.WadoRoot", _URI, "/wado", "Path of WADO-URI.")
_SSL = Setting("DicomWeb.Ssl", Flag(), False, "Whether the outside address is HTTPS.")
_WORKLIST_FOLDER = Setting("Worklists.Directory", File(), "WorklistsDatabase", "Folder of the .wl files.", WORKLISTS)

PLUGINS = Theme(
    "Sections of plugins",
    (
        Setting("DicomWeb.Enable", Flag(), True, "Serve DICOMweb."),
        Setting("DicomWeb.Root", _URI, "/dicom-web/", "Path of DICOMweb."),
        _WADO,
        _WADO_ROOT,
        _SSL,
        alias("DicomWeb.EnableWadoo", _WADO),
        alias("DicomWeb.WadooRoot", _WADO_ROOT),
        alias("DicomWeb.Ss1", _SSL),
        Setting(
            "DicomWeb.Host",
            Text(longest=255),
            "",
            "Host name in URLs of answers; empty: what the client used.",
        ),
        Setting(
            "DicomWeb.PublicRoot",
            _URI,
            None,
            "Path of DICOMweb as seen from outside a proxy.",
            same_as="DicomWeb.Root",
        ),
        Setting("DicomWeb.QidoCaseSensitive", Flag(), True, "Tell upper and lower case apart in QIDO."),
        Setting("DicomWeb.StudiesMetadata", _METADATA, "Full", f"{_METADATA_HELP} a study."),
        Setting("DicomWeb.SeriesMetadata", _METADATA, "Full", f"{_METADATA_HELP} a series."),
        Setting("DicomWeb.StudiesMetadataExtrapolatedTags", _TAGS, [], f"{_TAGS_HELP} a study.", EXTRAPOLATED),
        Setting("DicomWeb.SeriesMetadataExtrapolatedTags", _TAGS, [], f"{_TAGS_HELP} a series.", EXTRAPOLATED),
        Setting(
            "DicomWeb.EnableMetadataCache",
            Flag(),
            True,
            "Keep metadata of series on disk, packed, and answer with them.",
        ),
        Setting("DicomWeb.MetadataWorkerThreadsCount", Whole(0, 256), 1, "Threads that make metadata.", PREPARED),
        Setting(
            "DicomWeb.WadoRsLoaderThreadsCount", Whole(0, 256), 0, "Threads that read files ahead.", STREAMED_FILES
        ),
        Setting("DicomWeb.EnablePerformanceLogs", Flag(), False, "Log how long metadata take.", LOGGED),
        Setting("DicomWeb.Servers", HttpServers(), {}, "Remote DICOMweb servers.", DICOMWEB),
        Setting(
            "DicomWeb.ServersInDatabase", Flag(), False, "Keep the remote DICOMweb servers in the index.", DICOMWEB
        ),
        Setting("Worklists.Enable", Flag(), False, "Answer modality worklist queries.", WORKLISTS),
        _WORKLIST_FOLDER,
        alias("Worklists.Database", _WORKLIST_FOLDER),
        Setting("Worklists.FilterIssuerAet", Flag(), False, "Show a node only its own worklist.", WORKLISTS),
        Setting("Worklists.LimitAnswers", Whole(0, 1_000_000), 0, "Most answers to a query; 0: no limit.", WORKLISTS),
        Setting("Worklists.SaveInOrthancDatabase", Flag(), False, "Keep worklists in the index.", WORKLISTS),
        Setting(
            "Worklists.DeleteWorklistsOnStableStudy",
            Flag(),
            True,
            "Delete a worklist when its study is complete.",
            WORKLISTS,
        ),
        Setting(
            "Worklists.DeleteWorklistsDelay",
            Whole(0, 87600, "hours"),
            24,
            "How long a finished worklist is kept.",
            WORKLISTS,
        ),
        Setting(
            "Worklists.HousekeepingInterval", Whole(1, 86400, "seconds"), 60, "Time between two clean-ups.", WORKLISTS
        ),
        Setting(
            "Worklists.SetStudyInstanceUidIfMissing", Flag(), True, "Give worklists without a study UID one.", WORKLISTS
        ),
        Setting("ServeFolders", Folders(), {}, "Folders to serve: URI to folder.", "comes with the served folders"),
        *(
            Setting(name, Anything(), None, f"Section of Orthanc's plugin {name}.", OTHER_PLUGIN)
            for name in (
                *("Authorization", "OrthancExplorer2", "StoneWebViewer", "WebViewer", "Transfers", "Education"),
                *("PostgreSQL", "MySQL", "OHIF"),
            )
        ),
    ),
)
