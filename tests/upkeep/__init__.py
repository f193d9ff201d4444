"""Tests of the package upkeep."""
