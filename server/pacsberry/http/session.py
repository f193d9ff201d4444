"""Who is at the page: signing in and out, and the first account of a new box.

A page sends `X-Pacsberry: page` with each request: a foreign page cannot (no answer allows it across sites), and for it
no 401 makes the browser ask for a password by itself.
"""

from typing import TYPE_CHECKING

from pacsberry.auth import Action, Role, may
from pacsberry.errors import BadRequest, NotAllowed, UnknownResource
from pacsberry.http.access import COOKIE, Credentials
from pacsberry.http.answers import Answer
from pacsberry.http.context import Context
from pacsberry.http.errors import Unauthorized
from pacsberry.http.request import Request, is_true
from pacsberry.http.routing import Route

if TYPE_CHECKING:
    from pacsberry.auth.sessions import Session
    from pacsberry.http.people import People


def get_session(request: Request, context: Context) -> Answer:
    """Who the request is of, and what that role may do; also for who has not signed in."""
    people = context.people
    session = people.sessions.find(Credentials.of(request.headers).token) if people is not None else None
    return _told(request, context, session.proof if session is not None else "")


def sign_in(request: Request, context: Context) -> Answer:
    """Begin a session: {"Name", "Password"}."""
    people = _people(request, context)
    asked = request.json_object
    edition = people.registry.edition()
    user = people.registry.verify(_text(asked, "Name"), _text(asked, "Password"), request.remote_ip)
    if user is None:
        raise Unauthorized("Unknown user or wrong password.")
    people.sessions.end(Credentials.of(request.headers).token)  # this browser's, before
    token, session = people.sessions.begin(user)
    if people.registry.edition() != edition:  # perhaps this account, while its password was checked
        people.sessions.end(token)
        raise Unauthorized("The accounts have just changed: sign in again.")
    return _begun(token, session, request, context)


def change_password(request: Request, context: Context) -> Answer:
    """Choose a password of one's own: {"Password", "NewPassword"}; ends the account's sessions in other browsers."""
    people = _people(request, context)
    session = people.sessions.find(Credentials.of(request.headers).token)
    if session is None:
        raise Unauthorized("Only who is signed in has a password to change.")
    asked, name = request.json_object, session.user.name
    present, wanted = _text(asked, "Password"), _text(asked, "NewPassword")
    user = people.registry.verify(name, present, request.remote_ip)
    if user is None:
        raise Unauthorized("The present password is wrong, or it was tried too often: wait a minute.")
    people.registry.put(name, password=wanted, role=None)
    token, session = people.sessions.begin(user)
    return _begun(token, session, request, context)


def _begun(token: str, session: "Session", request: Request, context: Context) -> Answer:
    facts = _facts(session.user.name, session.user.role, context, session.proof)
    answer = Answer.json(facts).with_header("Cache-Control", "no-store")
    return answer.with_header("Set-Cookie", _cookie(token, request))


def sign_out(request: Request, context: Context) -> Answer:
    """End the session; {"Everywhere": true} those of the same account in other browsers, too."""
    people = _people(request, context)
    token = Credentials.of(request.headers).token
    session = people.sessions.find(token)
    if session is not None and is_true(request.json_object_or_nothing.get("Everywhere", False), "Everywhere"):
        people.sessions.end_all(session.user.name)
    people.sessions.end(token)
    return Answer.json({}).with_header("Set-Cookie", _cookie("", request))


def set_up(request: Request, context: Context) -> Answer:
    """Make the first account, an admin's: {"Code", "Name", "Password"}; the code is told by the server's start."""
    people = _people(request, context)
    code = people.setup_code()
    if code is None:
        raise UnknownResource("There are accounts already: sign in.")
    asked = request.json_object
    name, password = _text(asked, "Name"), _text(asked, "Password")
    is_done = code.redeem(
        _text(asked, "Code"),
        request.remote_ip,
        lambda: people.registry.put(name, password=password, role=Role.ADMIN),
    )
    if not is_done:
        raise NotAllowed("The set-up code is wrong, or it was tried too often: wait a minute.")
    return sign_in(request, context)


def _told(request: Request, context: Context, proof: str) -> Answer:
    return Answer.json(_facts(request.user, request.role, context, proof)).with_header("Cache-Control", "no-store")


def _facts(name: str, role: Role, context: Context, proof: str) -> dict[str, object]:
    people = context.people
    return {
        "User": name,
        "Role": role.value,
        "MayDo": [action.value for action in Action if may(role, action)],
        "Proof": proof,
        "AsksForPasswords": people is not None,
        "NeedsSetUp": people is not None and people.setup_code() is not None,
    }


def _people(request: Request, context: Context) -> "People":
    if not request.header("X-Pacsberry"):
        raise BadRequest("The header X-Pacsberry is missing: this is for pages of this server.")
    if context.people is None:
        raise UnknownResource("Nobody signs in here: AuthenticationEnabled is false.")
    return context.people


def _cookie(token: str, request: Request) -> str:
    """HttpOnly: no script reads it; SameSite: it comes with no request of a foreign page."""
    secure = "; Secure" if request.address("/").startswith("https:") else ""  # or by a proxy
    ends = "" if token else "; Max-Age=0"
    return f"{COOKIE}={token}; Path=/; HttpOnly; SameSite=Strict{secure}{ends}"


def _text(asked: dict[str, object], name: str) -> str:
    value = asked.get(name)
    if not isinstance(value, str):
        raise BadRequest(f"{name}: a text is expected.")
    return value


_SESSION = "/pacsberry/session"
ROUTES = [
    Route("GET", _SESSION, get_session, is_public=True),
    Route("POST", _SESSION, sign_in, waits=True, reads=True, is_public=True),
    Route("PUT", _SESSION, change_password, waits=True, is_public=True),
    Route("DELETE", _SESSION, sign_out, reads=True, is_public=True),
    Route("POST", "/pacsberry/set-up", set_up, waits=True, is_public=True),
]
