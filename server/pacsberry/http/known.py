"""What of a list of instances is in the archive: asked before they are sent (`pacsberry import`)."""

from pacsberry.errors import BadRequest
from pacsberry.http.answers import Answer
from pacsberry.http.context import Context
from pacsberry.http.request import Request
from pacsberry.http.routing import Route

_MOST = 10_000  # identifiers in one request
_LONGEST = 44  # characters of one


def known_instances(request: Request, context: Context) -> Answer:
    """Those of the identifiers in the body, a JSON array, that are here."""
    wanted = request.json
    if not isinstance(wanted, list) or len(wanted) > _MOST:
        raise BadRequest(f"An array of at most {_MOST} identifiers of instances is expected.")
    if not all(isinstance(one, str) and len(one) <= _LONGEST for one in wanted):
        raise BadRequest("The array holds something that is no identifier of an instance.")
    return Answer.json(context.archive.lookup.present(wanted))


ROUTES = [Route("POST", "/pacsberry/instances/known", known_instances, reads=True)]
