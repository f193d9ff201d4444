"""Proves the units: their sandbox, and the server in it under a real systemd."""
