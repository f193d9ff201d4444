"""What the box knows about itself: its settings, checked, and their one file."""

from pacsberry_appliance.box.settings import Band, Mode, PortalMode, RadioChoice, Settings

__all__ = ["Band", "Mode", "PortalMode", "RadioChoice", "Settings"]
