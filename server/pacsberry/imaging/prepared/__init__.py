"""Pictures made ahead of need, a series at a time, and kept beside the archive: see PICTURES.md.

`products` makes them, `packfile` is the form of those that hold many pictures.
"""
