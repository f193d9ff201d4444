"""What teachers mark: labels of any resource, and the protection of what the recycler should leave alone."""

from pacsberry.http.answers import Answer
from pacsberry.http.context import Context
from pacsberry.http.request import Request
from pacsberry.http.routing import Route
from pacsberry.model import Level


def list_labels(request: Request, context: Context, level: Level, id: str) -> Answer:
    """The labels of one resource, sorted."""
    return Answer.json(context.archive.labels.of(level, id))


def has_label(request: Request, context: Context, level: Level, id: str, label: str) -> Answer | None:
    """Empty when the resource has the label, else 404."""
    return Answer.empty() if context.archive.labels.has(level, id, label) else None


def add_label(request: Request, context: Context, level: Level, id: str, label: str) -> Answer:
    """Attach a label; the body does not matter."""
    context.archive.labels.add(level, id, label)
    return Answer.empty()


def remove_label(request: Request, context: Context, level: Level, id: str, label: str) -> Answer:
    """Detach a label; it may be off already."""
    context.archive.labels.remove(level, id, label)
    return Answer.empty()


def list_all_labels(request: Request, context: Context) -> Answer:
    """All labels in use."""
    return Answer.json(context.archive.labels.in_use())


def get_protection(request: Request, context: Context, level: Level, id: str) -> Answer:
    """'1' when the resource is protected, else '0'; a protected study or series keeps its patient."""
    return Answer.text("1" if context.archive.protection.is_protected(level, id) else "0")


def set_protection(request: Request, context: Context, level: Level, id: str) -> Answer:
    """Shield a patient, study or series from the recycler, or end that."""
    context.archive.protection.protect(level, id, protected=request.truth_of_body())
    return Answer.empty()


_LABEL = "/<level:level>/<id>/labels/<label>"
_PROTECTED = "/<level:level:patients|studies|series>/<id>/protected"
ROUTES = [
    Route("GET", "/tools/labels", list_all_labels),
    Route("GET", "/<level:level>/<id>/labels", list_labels),
    Route("GET", _LABEL, has_label),
    Route("PUT", _LABEL, add_label),
    Route("DELETE", _LABEL, remove_label),
    Route("GET", _PROTECTED, get_protection),
    Route("PUT", _PROTECTED, set_protection),
]
