"""What can go wrong with the box, named for the user's world."""


class BoxError(Exception):
    """Something the admin should read: one sentence that says what happened, to what, and what to do."""


class CannotRun(BoxError):
    """A program of the system is missing, failed, or took too long."""


class UnreadableSettings(BoxError):
    """The stored settings of the box are damaged or from a later version."""
