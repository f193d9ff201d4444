"""What one row of the table of settings says, and the sentences many rows share."""

from collections.abc import Mapping
from dataclasses import dataclass

from pacsberry.config.kinds import Kind, ListOf, Text
from pacsberry.config.node import Json


@dataclass(frozen=True, slots=True)
class Setting:
    """One key of the configuration. Members of a section are written with a dot: DicomWeb.Root.

    `default` is JSON as a user would write it; None means unset. `becomes` is empty for a setting that is honored; else
    it is the sentence the log says when the setting is used.
    """

    name: str
    kind: Kind
    default: Json
    help: str
    becomes: str = ""
    same_as: str = ""  # unset means: the value of this setting
    alias_of: str = ""  # another name of this setting
    container: Json = None  # the default with --layered, where the container images differ

    @property
    def honored(self) -> bool:
        """Whether the setting has its effect today."""
        return not self.becomes


@dataclass(frozen=True, slots=True)
class Theme:
    """A group of settings with a title, in the order of the document."""

    title: str
    settings: tuple[Setting, ...]


def alias(name: str, of: Setting) -> Setting:
    """A row for another name of a setting: an old one, or a frequent slip of the pen."""
    right = f"is taken as {of.name}, which is the right name"
    return Setting(name, of.kind, None, f"Another name of {of.name}.", right, alias_of=of.name)


def by_name(settings: tuple[Setting, ...]) -> Mapping[str, Setting]:
    """{name: row}."""
    return {setting.name: setting for setting in settings}


CIPHERS = ListOf(Text("the name of a cipher", longest=128, empty=False), most=100)

# Why a setting that is accepted has no effect today. "Comes with" is a promise of the project's plan; "no meaning" is
# for good.
JOBS = "comes with the jobs; until then nothing runs in the background"
DICOMWEB = "comes with the client half of DICOMweb; until then nothing is asked of other servers"
STREAMED_FILES = "has no meaning here: the kernel reads files ahead"
LOGGED = "has no meaning here: with Verbose the log tells of every request how long it took"
EXTRAPOLATED = "has no meaning here: metadata are prepared, so Extrapolate means Full"
PREPARED = "has no meaning here: metadata are prepared by one worker while nothing else is done"
WORKLISTS = "comes with the worklists, which are not served yet"
PEERS = "comes with the peers; until then nothing is sent to other servers over HTTP"
RETRIEVE = "comes with queries and retrieves to other nodes"
LUA = "comes with the hooks for scripts; until then no Lua runs"
WEBDAV = "comes with WebDAV, which is not served yet"
HOUSEKEEPING = "comes with the check and rebuild of the archive"
OWN_MEMORY = "has no meaning here: objects are streamed, and memory is bounded by design"
OWN_THREADS = "has no meaning here: images are decoded in worker processes of their own"
OTHER_PLUGIN = "has no meaning here: this plugin of Orthanc is not part of Pacsberry"
STREAMED = "has no meaning here: ZIP answers are always streamed, one file at a time"
