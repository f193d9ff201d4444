"""Makes room: who goes is decided by a pure function (plan), for the limits when something arrives (admission), ahead
of need by a thread (recycler).
"""

from pacsberry.recycler.keepfree import KeepFree
from pacsberry.recycler.plan import Limits
from pacsberry.recycler.recycler import Recycler

__all__ = ["KeepFree", "Limits", "Recycler"]
