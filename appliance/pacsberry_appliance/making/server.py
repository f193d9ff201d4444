"""The server's settings that are the box's to say. Everything else is the admin's, in /etc/pacsberry."""

from typing import Any

from pacsberry_appliance.box import Settings
from pacsberry_appliance.box.settings import DEFAULT_AE_TITLE, DICOM_PORT, HTTP_PORT
from pacsberry_appliance.system.places import Places


def server_settings(settings: Settings, places: Places) -> dict[str, Any]:
    """In the form of Orthanc's configuration."""
    return {
        "Name": settings.host_name,
        "DicomAet": settings.ae_title or DEFAULT_AE_TITLE,
        "DicomPort": DICOM_PORT,
        "HttpPort": HTTP_PORT,
        "RemoteAccessAllowed": True,
        "AuthenticationEnabled": settings.login,
        "Pacsberry": {"UsersFile": str(places.users), "Guests": True},
    }
