"""What can keep a figure from being measured.

The bench never drops a figure: whoever cannot measure raises BenchFailure, and the table prints its text.
"""


class BenchFailure(Exception):
    """A figure cannot be measured; the text is the reason the table shows."""
