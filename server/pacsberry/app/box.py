"""Builds what the admin's page is told of the machine and of DICOM: GET /pacsberry/box, without the people."""

import time
from collections.abc import Callable, Mapping

from pacsberry import __version__
from pacsberry.config import Settings


def box_state(settings: Settings, dicom_port: Callable[[], int]) -> Callable[[], Mapping[str, object]]:
    """A function that tells it at the moment it is called."""
    begun = time.monotonic()

    def tell() -> Mapping[str, object]:
        from pacsberry.upkeep.board import board

        has_dicom = settings.flag("DicomServerEnabled")
        return {
            **board(),
            "Version": __version__,
            "UptimeSeconds": int(time.monotonic() - begun),
            "Dicom": {"AET": settings.text("DicomAet"), "Port": dicom_port()} if has_dicom else None,
            "Nodes": [
                {"Name": node.name, "AET": node.aet, "Host": node.host, "Port": node.port}
                for _, node in sorted(settings.modalities.items())
            ],
        }

    return tell
