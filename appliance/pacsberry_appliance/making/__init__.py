"""Everything below /run that is made of the settings: for the server, the portal, SSH, the console."""

from pacsberry_appliance.making.everything import make, show

__all__ = ["make", "show"]
