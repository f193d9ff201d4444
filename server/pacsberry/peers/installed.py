"""Whether the installed pynetdicom is the one our upper layer was written against; found out without importing it."""

from importlib.util import find_spec
from pathlib import Path

WRITTEN_AGAINST = "3.0.4"


def installed_pynetdicom() -> str:
    """The version of pynetdicom in this Python environment."""
    # Not importlib.metadata: it loads zipfile, csv and email, 0.6 MB for one word.
    spec = find_spec("pynetdicom")
    if spec is None or spec.origin is None:
        return ""
    found = Path(spec.origin).parents[1].glob("pynetdicom-*.dist-info")
    return next((path.stem.partition("-")[2] for path in found), "")


def is_expected_pynetdicom() -> bool:
    """Whether `upper_layer`, which subclasses pynetdicom's classes, may be used."""
    return installed_pynetdicom() == WRITTEN_AGAINST
