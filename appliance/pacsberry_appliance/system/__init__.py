"""The machine underneath: where things lie, how files are replaced, how programs are run.

The only place that knows paths. Everything else takes a `Places`, so that a test builds a whole box in a folder.
"""
