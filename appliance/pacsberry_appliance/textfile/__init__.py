"""`pacsberry.txt`: the one file a teacher edits, on whatever computer, with whatever editor.

One of several files is chosen (`finding`), bytes become text (`decoding`), text becomes lines, lines become settings
(`reading`, with the table in `keys` and the rules in `values`); wrong lines are named, the rest is taken. `template` is
the file as it lies on a new card.
"""

from pacsberry_appliance.textfile.finding import Found, digest, find
from pacsberry_appliance.textfile.reading import LineOutcome, Reading, Taken, read, scrubbed
from pacsberry_appliance.textfile.template import template

__all__ = ["Found", "LineOutcome", "Reading", "Taken", "digest", "find", "read", "scrubbed", "template"]
