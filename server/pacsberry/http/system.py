"""What the server is and holds: /system, /statistics, /plugins."""

from pacsberry import __version__
from pacsberry.http.answers import Answer
from pacsberry.http.context import Context
from pacsberry.http.request import Request
from pacsberry.http.routing import Route

# Clients switch on these two: they say which release of Orthanc we answer like.
API_VERSION = 29
ORTHANC_VERSION = "1.12.8"

_EXPLORER_SCRIPT = "explorer.js"


def get_system(request: Request, context: Context) -> Answer:
    """Version, capabilities and effective settings (S12); what the configuration says comes from `SystemFacts`."""
    settings = context.settings
    known: dict[str, object] = {
        "ApiVersion": API_VERSION,
        "Capabilities": {
            "HasExtendedChanges": True,
            "HasExtendedFind": True,
            "HasKeyValueStores": False,
            "HasQueues": False,
            "HasReserveQueueValue": False,
        },
        "DatabaseBackendPlugin": None,
        "DatabaseVersion": 6,
        "HasLabels": True,
        "HttpPort": settings.port,
        "IngestTranscoding": "",
        # Orthanc's meaning: nobody beyond this machine comes in unasked.
        "IsHttpServerSecure": settings.authentication or not settings.remote_access,
        "Pacsberry": __version__,
        "PatientLevelEnabled": True,
        "PluginsEnabled": False,
        "ReadOnly": settings.read_only,
        "StorageAreaPlugin": None,
        "Version": ORTHANC_VERSION,
    }
    return Answer.json({**known, **context.system.values})


def get_statistics(request: Request, context: Context) -> Answer:
    """How many of each level, and their size."""
    return Answer.json(context.archive.statistics.total())


def list_plugins(request: Request, context: Context) -> Answer:
    """No native plugin can be loaded; Orthanc lists its explorer's script here even without one."""
    return Answer.json([_EXPLORER_SCRIPT])


def get_explorer_script(request: Request, context: Context) -> Answer:
    """What plugins add to Orthanc's explorer: nothing."""
    return Answer.data(b"// No plugin extends the explorer.\n", "application/javascript")


def get_plugin(request: Request, context: Context, id: str) -> None:
    """No plugin has that name: 404."""


ROUTES = [
    Route("GET", "/system", get_system),
    Route("GET", "/statistics", get_statistics),
    Route("GET", "/plugins", list_plugins),
    Route("GET", f"/plugins/{_EXPLORER_SCRIPT}", get_explorer_script),
    Route("GET", "/plugins/<id>", get_plugin),
]
