"""Boots, whole and cut off."""
