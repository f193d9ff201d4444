"""What the DICOM door accepts, changed while the server runs; a restart brings back what the configuration says."""

from pacsberry.auth import Action
from pacsberry.errors import BadRequest
from pacsberry.http.answers import Answer
from pacsberry.http.context import Context
from pacsberry.http.request import Request
from pacsberry.http.routing import Route


def get_default_encoding(request: Request, context: Context) -> Answer:
    """The character set of objects that name none."""
    return Answer.text(context.policy.default_encoding)


def put_default_encoding(request: Request, context: Context) -> Answer:
    """Change it; the body is one of Orthanc's names."""
    context.policy.default_encoding = request.text
    return Answer.text(context.policy.default_encoding)


def get_transfer_syntaxes(request: Request, context: Context) -> Answer:
    """The transfer syntaxes accepted by C-STORE, sorted."""
    return Answer.json(list(context.policy.accepted_transfer_syntaxes))


def put_transfer_syntaxes(request: Request, context: Context) -> Answer:
    """Replace them; the body is a JSON array, or one UID as text; '*' and '?' are wildcards."""
    context.policy.accepted_transfer_syntaxes = _uids(request)
    return get_transfer_syntaxes(request, context)


def get_unknown_accepted(request: Request, context: Context) -> Answer:
    """'1' when C-STORE accepts SOP classes that nobody knows, else '0'."""
    return Answer.text("1" if context.policy.unknown_sop_class_accepted else "0")


def put_unknown_accepted(request: Request, context: Context) -> Answer:
    """Change that."""
    context.policy.unknown_sop_class_accepted = request.truth_of_body()
    return get_unknown_accepted(request, context)


def get_sop_classes(request: Request, context: Context) -> Answer:
    """The storage classes accepted by C-STORE, sorted."""
    return Answer.json(list(context.policy.accepted_sop_classes))


def _uids(request: Request) -> tuple[str, ...]:
    text = request.text
    if text[:1] not in ("[", "{", '"'):
        return (text,)
    listed = [request.json] if isinstance(request.json, str) else request.json
    if not isinstance(listed, list) or not all(isinstance(uid, str) for uid in listed):
        raise BadRequest("A JSON array of transfer syntax UIDs is expected.")
    return tuple(listed)


ROUTES = [
    Route("GET", "/tools/default-encoding", get_default_encoding),
    Route("PUT", "/tools/default-encoding", put_default_encoding, needs=Action.ADMINISTER),
    Route("GET", "/tools/accepted-transfer-syntaxes", get_transfer_syntaxes),
    Route("PUT", "/tools/accepted-transfer-syntaxes", put_transfer_syntaxes, needs=Action.ADMINISTER),
    Route("GET", "/tools/unknown-sop-class-accepted", get_unknown_accepted),
    Route("PUT", "/tools/unknown-sop-class-accepted", put_unknown_accepted, needs=Action.ADMINISTER),
    Route("GET", "/tools/accepted-sop-classes", get_sop_classes),
]
