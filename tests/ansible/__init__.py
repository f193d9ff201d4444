"""Proves the roles: their shape, and what they make of a plain Debian."""
