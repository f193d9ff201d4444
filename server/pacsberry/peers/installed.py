"""Whether the installed pynetdicom is the one our upper layer was written against; found out without importing it."""

import importlib.metadata

WRITTEN_AGAINST = "3.0.4"


def installed_pynetdicom() -> str:
    """The version of pynetdicom in this Python environment."""
    return importlib.metadata.version("pynetdicom")


def is_expected_pynetdicom() -> bool:
    """Whether `upper_layer`, which subclasses pynetdicom's classes, may be used."""
    return installed_pynetdicom() == WRITTEN_AGAINST
