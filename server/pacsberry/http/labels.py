"""What teachers mark: labels of any resource, and the protection of patients from the recycler."""

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


def get_protection(request: Request, context: Context, id: str) -> Answer:
    """'1' when the recycler leaves the patient alone, else '0'."""
    return Answer.text("1" if context.archive.protection.is_protected(id) else "0")


def set_protection(request: Request, context: Context, id: str) -> Answer:
    """Shield a patient from the recycler, or end that."""
    context.archive.protection.protect(id, protected=request.truth_of_body())
    return Answer.empty()


_LABEL = "/<level:level>/<id>/labels/<label>"
ROUTES = [
    Route("GET", "/tools/labels", list_all_labels),
    Route("GET", "/<level:level>/<id>/labels", list_labels),
    Route("GET", _LABEL, has_label),
    Route("PUT", _LABEL, add_label),
    Route("DELETE", _LABEL, remove_label),
    Route("GET", "/patients/<id>/protected", get_protection),
    Route("PUT", "/patients/<id>/protected", set_protection),
]
