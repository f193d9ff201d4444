"""Revisions of what users write: the entity tags of HTTP, and the check that nobody overwrites what they have not seen.

An entity tag is `"revision-digest"` (S13); revisions start at 0 and grow by one with each write.
"""

import re
from typing import Final

from pacsberry.errors import BadRequest, Conflict

_ETAG: Final = re.compile(r'(?:W/)?"?(\d{1,18}-[0-9A-Fa-f]{0,32})"?')


def etag(revision: int, digest: str) -> str:
    """The entity tag as it stands in the header ETag."""
    return f'"{revision}-{digest}"'


def check(if_match: str | None, current: str | None, *, is_required: bool) -> None:
    """Conflict unless a write may go over `current`, the entity tag of what is there (None: nothing).

    `if_match` is the header If-Match; BadRequest when it is not an entity tag of ours.  `is_required`: the option
    CheckRevisions, with which a write over something needs If-Match.
    """
    if if_match is None:
        if is_required and current is not None:
            raise Conflict("Somebody may have changed this meanwhile: read it and send its ETag as If-Match.")
        return
    match = _ETAG.fullmatch(if_match.strip())
    if match is None:
        raise BadRequest(f"If-Match should hold the ETag that reading gave, not {if_match[:80]!r}.")
    if current is None or match[1].lower() != current.strip('"').lower():
        raise Conflict(f"The revision is not {if_match[:80]} any more: read it again, then write.")
