"""The DICOM front door: who may come in, and the services C-ECHO, C-STORE, C-FIND, C-MOVE and C-GET.

A connection passes `listener` (how many), `server` (its thread), `inbound` (negotiation), `services` (one table) and
one of `store`, `find`, `move`, `get`; the bytes are read and written by `peers.upper_layer` and `peers.messages`.
Importing this package does not import pynetdicom: the first association does.
"""

from pacsberry.dimse.rules import AccessRules, Service
from pacsberry.dimse.server import DicomServer
from pacsberry.dimse.settings import DicomSettings

__all__ = ["AccessRules", "DicomServer", "DicomSettings", "Service"]
