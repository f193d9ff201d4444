"""Builds the server from its settings (application), starts it, runs it and stops it in reverse (running)."""

from pacsberry.app.running import run

__all__ = ["run"]
