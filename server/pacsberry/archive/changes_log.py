"""The change log (S10): what happened to which resource, in an order that clients can follow.

Written by whoever changes something (rows.log_change), read here.  Numbers are never used twice, also not after
`clear`; rows of resources that are gone stay unseen.
"""

import json
import sqlite3
from collections.abc import Iterable
from typing import Final

from pacsberry.archive.index import Index
from pacsberry.archive.pages import DEFAULT_LIMIT, last_number, page_limit
from pacsberry.archive.places import bounded
from pacsberry.archive.times import utc_text
from pacsberry.errors import BadRequest
from pacsberry.model import Level

CHANGE_TYPES: Final = frozenset(
    ["CompletedSeries", "NewInstance", "UpdatedAttachment", "UpdatedMetadata"]
    + [
        f"{what}{level}"
        for what in ("New", "Stable", "Modified", "Anonymized")
        for level in ("Patient", "Study", "Series")
    ]
)
_RESOURCE_ID: Final = (
    "CASE level "
    + " ".join(
        f"WHEN {int(level)} THEN (SELECT id FROM {level.plural} WHERE {level.plural}.key = changes.key)"
        for level in Level
    )
    + " END"
)


class ChangeLog:
    """Pages of the change log; thread-safe."""

    def __init__(self, index: Index) -> None:
        self._index = index

    def page(
        self,
        since: int | None = None,
        limit: int = DEFAULT_LIMIT,
        to: int | None = None,
        types: Iterable[str] = (),
        *,
        last: bool = False,
    ) -> dict[str, object]:
        """The changes after number `since` up to number `to`, at most `limit`, in the words of /changes.

        With `to` alone the page ends at `to`: the way backwards, and Done tells that the beginning is reached.
        `last` gives the latest change.  `types`: only changes of these kinds; BadRequest for a kind never logged.
        """
        wanted = sorted(set(types))
        unknown = [name for name in wanted if name not in CHANGE_TYPES]
        if unknown:
            raise BadRequest(f"{unknown[0][:80]!r} is no type of change; there are {', '.join(sorted(CHANGE_TYPES))}.")
        backwards = last or (to is not None and since is None)
        limit = 1 if last else page_limit(limit)
        with self._index.read() as connection:
            changes, done = _read(connection, since, to, wanted, backwards=backwards, limit=limit)
            ending = changes[-1]["Seq"] if changes else last_number(connection, "changes")
        page: dict[str, object] = {"Changes": changes, "Done": done or last, "Last": ending}
        if to is not None:
            page["First"] = changes[0]["Seq"] if changes else ending
        return page

    def clear(self) -> None:
        """Forget all changes; the numbers go on."""

        def act(connection: sqlite3.Connection) -> None:
            connection.execute("DELETE FROM changes")

        self._index.write(act)


def _read(
    connection: sqlite3.Connection, since: int | None, to: int | None, types: list[str], *, backwards: bool, limit: int
) -> tuple[list[dict[str, object]], bool]:
    """The changes in ascending order, and whether there are no more in the direction of reading."""
    conditions = ["TRUE"]
    values: list[object] = []
    if since is not None:
        conditions.append("seq > ?")
        values.append(bounded(since))
    if to is not None:
        conditions.append("seq <= ?")
        values.append(bounded(to))
    if types:
        conditions.append("type IN (SELECT value FROM json_each(?))")
        values.append(json.dumps(types))
    cursor = connection.execute(
        f"""SELECT seq, type, level, at, {_RESOURCE_ID} FROM changes WHERE {" AND ".join(conditions)}
            ORDER BY seq {"DESC" if backwards else "ASC"}""",
        values,
    )
    changes: list[dict[str, object]] = []
    done = True
    for number, change, level, at, resource_id in cursor:
        if resource_id is None:
            continue
        if len(changes) == limit:
            done = False
            break
        changes.append(
            {
                "ChangeType": change,
                "Date": utc_text(at),
                "ID": resource_id,
                "Path": f"/{Level(level).plural}/{resource_id}",
                "ResourceType": Level(level).title,
                "Seq": number,
            }
        )
    cursor.close()
    return (changes[::-1] if backwards else changes), done
