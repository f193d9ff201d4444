"""Builds the server from its settings, starts it in order, stops it in reverse."""

from pacsberry.app.application import Application
from pacsberry.app.running import run

__all__ = ["Application", "run"]
