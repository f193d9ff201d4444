"""Settings and their file."""
