"""Pulls the plug: what may be on the card at any moment of a recorded run is mounted, started on and compared."""
