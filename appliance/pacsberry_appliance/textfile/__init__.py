"""`pacsberry.txt`: the one file a teacher edits, on whatever computer, with whatever editor.

Bytes become text (`decoding`), text becomes lines, lines become settings (`reading`, with the table in `keys` and the
rules in `values`); wrong lines are named, the rest is taken. `template` is the file as it lies on a new card.
"""

from pacsberry_appliance.textfile.reading import LineOutcome, Reading, Taken, read, scrubbed
from pacsberry_appliance.textfile.template import template

__all__ = ["LineOutcome", "Reading", "Taken", "read", "scrubbed", "template"]
