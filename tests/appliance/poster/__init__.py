"""Posters and their codes."""
