"""What Raspberry Pi Imager was told: read from the files it leaves on the boot partition, in any of its four forms.

Nothing in them is ever run. What a Pacsberry has no use for is said.
"""

from pacsberry_appliance.imager.reading import ImagerReading, read_imager

__all__ = ["ImagerReading", "read_imager"]
