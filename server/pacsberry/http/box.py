"""What an admin sees of the machine: memory, temperature, who is there, DICOM nodes, the last lines of the log."""

from pacsberry.auth import Action
from pacsberry.http.answers import Answer
from pacsberry.http.context import Context
from pacsberry.http.request import Request
from pacsberry.http.routing import Route
from pacsberry.logs import recent_lines

CLIENT_SECONDS = 300  # a device that has asked for nothing so long has gone


def get_box(request: Request, context: Context) -> Answer:
    """The state of the machine; server/PEOPLE.md says what each name means."""
    signed_in = context.people.sessions.names() if context.people is not None else []
    clients = {"Count": context.metrics.clients(CLIENT_SECONDS), "Seconds": CLIENT_SECONDS, "SignedIn": signed_in}
    return Answer.json({**context.box(), "Clients": clients})


def get_log(request: Request, context: Context) -> Answer:
    """The last lines, the newest at the end."""
    text = "".join(f"{line}\n" for line in recent_lines())
    return Answer.text(text).with_header("Cache-Control", "no-store")


ROUTES = [
    Route("GET", "/pacsberry/box", get_box, needs=Action.ADMINISTER),
    Route("GET", "/pacsberry/log", get_log, needs=Action.ADMINISTER),
]
