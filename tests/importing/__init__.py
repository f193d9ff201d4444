"""Tests of what brings others' files in."""
