"""How much the server's log says, changed while it runs."""

from functools import partial

from pacsberry.auth import Action
from pacsberry.http.answers import Answer
from pacsberry.http.context import Context
from pacsberry.http.request import Request
from pacsberry.http.routing import Route

_ALL = "generic"  # stands for the whole when the main verbosity is read
_CATEGORIES = ("dicom", "generic", "http", "jobs", "lua", "plugins", "sqlite")


def get_level(request: Request, context: Context, *, category: str) -> Answer:
    """'default', 'verbose' or 'trace'."""
    return Answer.text(context.log_levels.get(category))


def put_level(request: Request, context: Context, *, category: str) -> Answer:
    """Change one category."""
    context.log_levels.set(category, request.text)
    return Answer.empty()


def put_all(request: Request, context: Context) -> Answer:
    """Change every category."""
    context.log_levels.set_all(request.text)
    return Answer.empty()


ROUTES = [
    Route("GET", "/tools/log-level", partial(get_level, category=_ALL)),
    Route("PUT", "/tools/log-level", put_all, needs=Action.ADMINISTER),
    *(Route("GET", f"/tools/log-level-{name}", partial(get_level, category=name)) for name in _CATEGORIES),
    *(
        Route("PUT", f"/tools/log-level-{name}", partial(put_level, category=name), needs=Action.ADMINISTER)
        for name in _CATEGORIES
    ),
]
