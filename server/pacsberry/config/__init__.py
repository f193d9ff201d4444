"""Reads the configuration: Orthanc's JSON with comments, in files, folders, variables and secrets.

`load()` gives `Settings`, frozen, every key of the table with its value and its origin. Only `app` and `cli` look at
them; the rest of the program gets the few values it uses through its constructors.
"""

from pacsberry.config.loading import load
from pacsberry.config.settings import Settings

__all__ = ["Settings", "load"]
