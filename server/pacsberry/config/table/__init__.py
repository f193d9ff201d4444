"""The one table of all settings: what they are called, what they hold, what becomes of them.

CONFIGURATION.md is made from it, files are checked against it, `pacsberry config` prints it. To add a setting,
add a row.
"""

from pacsberry.config.table.dicom import DICOM, NETWORK
from pacsberry.config.table.general import GENERAL, PERFORMANCE
from pacsberry.config.table.http import HTTP, SECURITY
from pacsberry.config.table.pacsberry import PACSBERRY
from pacsberry.config.table.plugins import PLUGINS
from pacsberry.config.table.row import Setting, Theme
from pacsberry.config.table.storage import STORAGE

THEMES = (GENERAL, HTTP, SECURITY, DICOM, NETWORK, STORAGE, PERFORMANCE, PLUGINS, PACSBERRY)
TABLE = {setting.name: setting for theme in THEMES for setting in theme.settings}
SECTIONS = frozenset(name.partition(".")[0] for name in TABLE if "." in name)

__all__ = ["SECTIONS", "TABLE", "THEMES", "Setting", "Theme"]
