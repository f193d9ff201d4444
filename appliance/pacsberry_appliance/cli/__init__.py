"""The command `pacsberry-box`, for whoever is at the box by SSH or keyboard. Web pages will use the same code."""

from pacsberry_appliance.cli.main import main

__all__ = ["main"]
