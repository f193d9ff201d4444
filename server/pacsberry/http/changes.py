"""The two logs that clients follow: what happened here (/changes), what was sent elsewhere (/exports)."""

from pacsberry.auth import Action
from pacsberry.http.answers import Answer
from pacsberry.http.context import Context
from pacsberry.http.request import Request
from pacsberry.http.routing import Route

_LIMIT = 100  # entries of a page when the client names no limit, as in Orthanc


def list_changes(request: Request, context: Context) -> Answer:
    """One page of the change log, or its last entry (S10)."""
    log = context.archive.changes
    types = request.names("type")
    if request.flag("last"):
        return Answer.json(log.page(types=types, last=True))
    return Answer.json(log.page(request.integer("since"), _limit(request), request.integer("to"), types))


def clear_changes(request: Request, context: Context) -> Answer:
    """Forget the changes so far; the sequence goes on."""
    context.archive.changes.clear()
    return Answer.empty()


def list_exports(request: Request, context: Context) -> Answer:
    """One page of the export log, or its last entry."""
    log = context.archive.exports
    if request.flag("last"):
        return Answer.json(log.page(last=True))
    return Answer.json(log.page(request.integer("since") or 0, _limit(request)))


def clear_exports(request: Request, context: Context) -> Answer:
    """Forget the exports so far."""
    context.archive.exports.clear()
    return Answer.empty()


def _limit(request: Request) -> int:
    limit = request.integer("limit")
    return _LIMIT if limit is None else limit


ROUTES = [
    Route("GET", "/changes", list_changes),
    Route("DELETE", "/changes", clear_changes, needs=Action.ADMINISTER),
    Route("GET", "/exports", list_exports),
    Route("DELETE", "/exports", clear_exports, needs=Action.ADMINISTER),
]
