"""The archive: keeping, finding, deleting, starting again."""
