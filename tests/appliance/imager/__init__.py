"""Imager's files."""
