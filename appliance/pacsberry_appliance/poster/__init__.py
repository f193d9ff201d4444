"""How the class gets in, for paper, for the console and for the portal: the words, and two QR codes (join, open)."""

from pacsberry_appliance.poster.invitation import Invitation

__all__ = ["Invitation"]
