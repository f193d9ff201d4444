"""Backups: what lies in the target, whatever happens to it, and the way back."""
