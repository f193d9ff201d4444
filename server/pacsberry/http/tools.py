"""Small tools of the server: clocks, identifiers, conformance, restart and stop."""

import time
from datetime import UTC, datetime

from pacsberry.auth import Action
from pacsberry.dicom.uids import generate_uid
from pacsberry.errors import BadRequest
from pacsberry.http.answers import Answer
from pacsberry.http.conformance import conformance_statement
from pacsberry.http.context import Context
from pacsberry.http.request import Request
from pacsberry.http.routing import Route

_UID_LEVELS = ("patient", "study", "series", "instance")
_COMPACT = "%Y%m%dT%H%M%S"


def now(request: Request, context: Context) -> Answer:
    """The clock in UTC."""
    return Answer.text(datetime.fromtimestamp(context.clock.now(), UTC).strftime(_COMPACT))


def now_local(request: Request, context: Context) -> Answer:
    """The clock in the time zone of the machine."""
    return Answer.text(time.strftime(_COMPACT, time.localtime(context.clock.now())))


def new_uid(request: Request, context: Context) -> Answer | None:
    """A new DICOM identifier; the level decides nothing, but Orthanc wants it."""
    level = request.arguments.get("level")
    if level is None:
        return None
    if level not in _UID_LEVELS:
        raise BadRequest(f"The level is {level[:40]!r}; one of {', '.join(_UID_LEVELS)} is expected.")
    return Answer.text(generate_uid())


def lookup(request: Request, context: Context) -> Answer:
    """The resources that carry the DICOM identifier in the body."""
    found = context.archive.lookup.resources(request.text)
    return Answer.json([{"ID": id, "Path": f"/{level.plural}/{id}", "Type": level.title} for level, id in found])


def get_conformance(request: Request, context: Context) -> Answer:
    """The DICOM conformance statement."""
    return Answer.text(conformance_statement(context.policy))


def reset(request: Request, context: Context) -> Answer:
    """Start again, with the configuration read anew."""
    context.reset()
    return Answer.json({})


def shutdown(request: Request, context: Context) -> Answer:
    """Stop the server."""
    context.shutdown()
    return Answer.json({})


ROUTES = [
    Route("GET", "/tools/now", now),
    Route("GET", "/tools/now-local", now_local),
    Route("GET", "/tools/generate-uid", new_uid),
    Route("POST", "/tools/lookup", lookup, reads=True),
    Route("GET", "/tools/dicom-conformance", get_conformance),
    Route("POST", "/tools/reset", reset, needs=Action.ADMINISTER),
    Route("POST", "/tools/shutdown", shutdown, needs=Action.ADMINISTER),
]
