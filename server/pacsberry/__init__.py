"""Pacsberry: a classroom PACS. The packages below are listed from top to bottom in server/README.md."""

__version__ = "0.1.0"
